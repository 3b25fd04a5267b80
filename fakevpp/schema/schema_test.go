package schema_test

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/acl"
	"go.fd.io/govpp/binapi/acl_types"
	_ "go.fd.io/govpp/binapi/cnat"
	"go.fd.io/govpp/binapi/fib_types"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/interface_types"
	"go.fd.io/govpp/binapi/ip"
	"go.fd.io/govpp/binapi/ip_types"
	_ "go.fd.io/govpp/binapi/ipsec"
	_ "go.fd.io/govpp/binapi/lisp"
	"go.fd.io/govpp/binapi/memclnt"
	_ "go.fd.io/govpp/binapi/memif"
	_ "go.fd.io/govpp/binapi/nat44_ed"
	_ "go.fd.io/govpp/binapi/sr"
	_ "go.fd.io/govpp/binapi/tapv2"
	"go.fd.io/govpp/binapi/vlib"
	"go.fd.io/govpp/binapi/vpe"
	_ "go.fd.io/govpp/binapi/vxlan"
	_ "go.fd.io/govpp/binapi/wireguard"
	"go.fd.io/govpp/codec"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// encode is the message as a govpp client sends it.
func encode(t testing.TB, m api.Message) []byte {
	t.Helper()
	data, err := codec.EncodeMsg(m, 1)
	require.NoError(t, err)
	return data
}

func layout(t testing.TB, m api.Message) *schema.Message {
	t.Helper()
	msg, err := schema.FromBinding(m)
	require.NoError(t, err)
	return msg
}

// fill sets every part of a binding to something.
func fill(v reflect.Value, r *rand.Rand) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), r)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(3), 4))
		for i := range v.Len() {
			fill(v.Index(i), r)
		}
	case reflect.String:
		v.SetString("text"[:1+r.IntN(4)])
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(1 + r.Float64())
	default:
		if v.CanInt() {
			v.SetInt(1 + r.Int64N(100))
		} else {
			v.SetUint(1 + r.Uint64N(100))
		}
	}
}

// The layout read from a binding must agree with govpp's own encoding of every
// message: the text of the whole message only renders if all lengths add up,
// and all leaves are found set.
func TestLayoutAgreesWithGovpp(t *testing.T) {
	t.Parallel()
	registered := api.GetRegisteredMessages()["go.fd.io/govpp/binapi"]
	require.Greater(t, len(registered), 500)
	for key, m := range registered {
		r := rand.New(rand.NewPCG(1, 2))
		filled := reflect.New(reflect.TypeOf(m).Elem())
		fill(filled.Elem(), r)
		data := encode(t, filled.Interface().(api.Message))
		msg := layout(t, m)
		require.Equal(t, key, msg.Key())

		last := &schema.View{Message: msg, Data: data}
		if n := len(msg.Fields()); n > 0 {
			b, err := last.Bytes(msg.Fields()[n-1].Name)
			require.NoError(t, err, key)
			require.Same(t, &data[len(data)-1], &b[len(b)-1], "%s: the last field ends elsewhere", key)
		}
		require.NotContains(t, last.String(), "truncated", key)

		leaves := schema.NewLeaves(msg)
		seen := make([]uint64, len(leaves.Paths)/64+1)
		leaves.Mark(data, seen)
		for i, path := range leaves.Paths {
			require.NotZero(t, seen[i/64]>>(i%64)&1, "%s: %s is not zero", key, path)
		}
	}
}

type path struct {
	SwIfIndex, TableID uint32
	Weight             uint8
	Proto              int
	Nh                 [16]byte `api:"nh.address"`
	Labels             []label  `api:"label_stack"`
}

type label struct{ Label uint32 }

type route struct {
	IsAdd   bool
	TableID uint32       `api:"route.table_id"`
	Prefix  netip.Prefix `api:"route.prefix"`
	Paths   []path       `api:"route.paths"`
}

// testRoute is a message with everything that is hard: nested structs, a
// prefix, a vector of structs, unions, fixed arrays of structs.
func testRoute() *ip.IPRouteAddDel {
	m := &ip.IPRouteAddDel{IsAdd: true, Route: ip.IPRoute{
		TableID: 7, StatsIndex: 9, NPaths: 2,
		Prefix: ip_types.Prefix{Address: ip_types.NewAddress(netip.MustParseAddr("2001:db8::1").AsSlice()), Len: 64},
		Paths:  []fib_types.FibPath{{SwIfIndex: 3, Weight: 5, Proto: fib_types.FIB_API_PATH_NH_PROTO_IP6}, {TableID: 8}},
	}}
	m.Route.Paths[0].Nh.Address.SetIP6(ip_types.IP6Address(netip.MustParseAddr("fe80::2").As16()))
	m.Route.Paths[1].LabelStack[2].Label = 99
	return m
}

func TestDecode(t *testing.T) {
	t.Parallel()
	m := testRoute()
	dec, err := schema.NewDecoder[route](layout(t, m))
	require.NoError(t, err)
	require.Empty(t, dec.Missing)
	var got route
	require.NoError(t, dec.Decode(encode(t, m), &got))

	labels := make([]label, 16)
	labels[2].Label = 99
	require.Equal(t, route{
		IsAdd: true, TableID: 7, Prefix: netip.MustParsePrefix("2001:db8::1/64"),
		Paths: []path{
			{SwIfIndex: 3, Weight: 5, Proto: 1, Nh: netip.MustParseAddr("fe80::2").As16(), Labels: make([]label, 16)},
			{TableID: 8, Labels: labels},
		},
	}, got)
}

func TestEncode(t *testing.T) {
	t.Parallel()
	type details struct {
		SwIfIndex     uint32
		L2Address     [6]byte
		Flags         uint32
		Mtu           [4]uint32
		LinkMtu       int
		InterfaceName string
		Tag           string
	}
	m := new(interfaces.SwInterfaceDetails)
	msg := layout(t, m)
	enc, err := schema.NewEncoder[details](msg)
	require.NoError(t, err)
	b, err := enc.Append(make([]byte, msg.Kind.HeaderSize()), &details{
		SwIfIndex: 4, L2Address: [6]byte{2, 0, 0, 0, 0, 1}, Flags: 1, Mtu: [4]uint32{9000, 0, 0, 1}, LinkMtu: 9216,
		InterfaceName: "loop0", Tag: "a tag that is longer than the sixty-three bytes that VPP has room for",
	}, 0)
	require.NoError(t, err)
	require.NoError(t, codec.DecodeMsg(b, m))
	require.Equal(t, &interfaces.SwInterfaceDetails{
		SwIfIndex: 4, L2Address: [6]byte{2, 0, 0, 0, 0, 1}, Flags: interface_types.IF_STATUS_API_FLAG_ADMIN_UP,
		Mtu: []uint32{9000, 0, 0, 1}, LinkMtu: 9216, InterfaceName: "loop0",
		Tag: "a tag that is longer than the sixty-three bytes that VPP has ro",
	}, m)
}

// A Go struct with all of a message's fields comes back unchanged, whatever the
// widths of its integers.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	type thread struct {
		ID         uint64
		Name, Type string
		CPUSocket  int32
	}
	type threads struct{ ThreadData []thread }
	want := threads{ThreadData: []thread{{ID: 1, Name: "vpp_main", CPUSocket: -1}, {ID: 1 << 31, Type: "workers"}}}
	msg := layout(t, new(vlib.ShowThreadsReply))
	enc, err := schema.NewEncoder[threads](msg)
	require.NoError(t, err)
	dec, err := schema.NewDecoder[threads](msg)
	require.NoError(t, err)
	b, err := enc.Append(make([]byte, msg.Kind.HeaderSize()), &want, -7)
	require.NoError(t, err)
	var got threads
	require.NoError(t, dec.Decode(b, &got))
	require.Equal(t, want, got)
	retval, err := (&schema.View{Message: msg, Data: b}).Int("retval")
	require.NoError(t, err)
	require.EqualValues(t, -7, retval)
}

func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	m := testRoute()
	whole := encode(t, m)
	long := append([]byte(nil), whole...)
	long[10+1+1+4+4+18] = 200 // n_paths
	dec, err := schema.NewDecoder[route](layout(t, m))
	require.NoError(t, err)
	cli, err := schema.NewDecoder[struct{ Cmd string }](layout(t, new(vlib.CliInband)))
	require.NoError(t, err)
	cmd := encode(t, &vlib.CliInband{Cmd: "show version"})
	cmd[13] = 77 // length of the string
	for _, tc := range []struct {
		name   string
		decode func() error
		want   string
	}{
		{"header only", func() error { return dec.Decode(whole[:10], new(route)) },
			"ip_route_add_del.is_add: offset 10: truncated: 1 bytes expected, 0 left"},
		{"shorter than its header", func() error { return dec.Decode(whole[:6], new(route)) },
			"ip_route_add_del.is_add: offset 10: truncated: 1 bytes expected, 0 left"},
		{"inside the prefix", func() error { return dec.Decode(whole[:25], new(route)) },
			"ip_route_add_del.route.prefix: offset 20: truncated: 18 bytes expected, 5 left"},
		{"inside a path", func() error { return dec.Decode(whole[:len(whole)-1], new(route)) },
			"ip_route_add_del.route.paths: offset 39: truncated: 334 bytes expected, 333 left"},
		{"more paths than bytes", func() error { return dec.Decode(long, new(route)) },
			"ip_route_add_del.route.paths: offset 39: truncated: 33400 bytes expected, 334 left"},
		{"string longer than message", func() error { return cli.Decode(cmd, new(struct{ Cmd string })) },
			"cli_inband.cmd: offset 10: truncated: a string of 77 bytes, 12 left"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := tc.decode()
			require.EqualError(t, err, tc.want)
			require.True(t, schema.IsError(err))
		})
	}
}

func TestPlanErrors(t *testing.T) {
	t.Parallel()
	msg := layout(t, new(ip.IPRouteAddDel))
	_, err := schema.NewDecoder[struct {
		Prefix string `api:"route.prefix"`
	}](msg)
	require.EqualError(t, err, "decode ip_route_add_del_b8ecfe0d: route.prefix: a go string cannot hold a prefix")
	_, err = schema.NewDecoder[struct{ A, IsAdd, ISADD bool }](msg)
	require.ErrorContains(t, err, "fields IsAdd and ISADD stand for the same field")
	dec, err := schema.NewDecoder[struct{ Newer, IsAdd bool }](msg)
	require.NoError(t, err)
	require.Equal(t, []string{"Newer"}, dec.Missing)
}

func TestOutOfRange(t *testing.T) {
	t.Parallel()
	type narrow struct{ TableID uint8 }
	type outer struct{ Table narrow }
	m := &ip.IPTableAddDel{Table: ip.IPTable{TableID: 256}}
	dec, err := schema.NewDecoder[outer](layout(t, m))
	require.NoError(t, err)
	require.EqualError(t, dec.Decode(encode(t, m), new(outer)),
		"ip_table_add_del.table.table_id: offset 11: 256 is too large for 1 bytes")
	enc, err := schema.NewEncoder[struct{ Count, Retval int }](layout(t, new(memclnt.SockclntDeleteReply)))
	require.NoError(t, err)
	require.Len(t, enc.Missing, 2)
}

func TestView(t *testing.T) {
	t.Parallel()
	m := testRoute()
	v := &schema.View{Message: layout(t, m), Data: encode(t, m)}

	table, err := v.Uint("route.table_id")
	require.NoError(t, err)
	require.EqualValues(t, 7, table)
	prefix, err := v.Prefix("route.prefix")
	require.NoError(t, err)
	require.Equal(t, netip.MustParsePrefix("2001:db8::1/64"), prefix)
	addr, err := v.Addr("route.prefix.address")
	require.NoError(t, err)
	require.Equal(t, netip.MustParseAddr("2001:db8::1"), addr)
	require.NoError(t, v.SetUint("route.paths[1].label_stack[2].label", 100))
	require.NoError(t, v.SetUint("is_add", 0))
	require.Equal(t, "ip_route_add_del{route: {table_id: 7, stats_index: 9, prefix: 2001:db8::1/64, paths: ["+
		"{sw_if_index: 3, weight: 5, proto: FIB_API_PATH_NH_PROTO_IP6, nh: {address: fe800000000000000000000000000002}}, "+
		"{table_id: 8, label_stack: ["+repeated("{}, ", 2)+"{label: 100}, "+repeated("{}, ", 12)+"{}]}]}}", v.String())

	m.Route.Paths = m.Route.Paths[:1]
	require.NoError(t, v.Replace(m))
	got := new(ip.IPRouteAddDel)
	require.NoError(t, v.Decode(got))
	m.Route.NPaths = 1
	require.Equal(t, m, got)

	for path, want := range map[string]string{
		"route.paths[1].weight": `index "1" of 1 elements`,
		"route.nothing":         `ip_route has no field "nothing"`,
		"route.prefix":          `is a prefix`,
	} {
		_, err := v.Uint(path)
		require.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, v.Decode(new(vpe.ShowVersion)), "binding of show_version_51077d14, expected ip_route_add_del_b8ecfe0d")
}

func repeated(s string, n int) string {
	out := ""
	for range n {
		out += s
	}
	return out
}

func TestBindings(t *testing.T) {
	t.Parallel()
	sources, err := schema.Bindings("go.fd.io/govpp/binapi")
	require.NoError(t, err)
	require.Len(t, sources, 1)
	again, err := schema.Bindings()
	require.NoError(t, err)
	require.Equal(t, "go.fd.io/govpp/binapi", again[len(again)-1].Name)
	require.Same(t, sources[0].Messages[0], again[len(again)-1].Messages[0], "sources are shared")
	_, err = schema.Bindings("no/such/path")
	require.EqualError(t, err, `bindings "no/such/path": no messages registered`)
}

// Any bytes as any of these messages decode or give an error that names the
// message; what decodes has one encoding.
func FuzzDecode(f *testing.F) {
	seeds := []api.Message{testRoute(), &vlib.CliInband{Cmd: "show int"},
		&acl.ACLAddReplace{R: []acl_types.ACLRule{{}, {}}, Tag: "t"}, new(interfaces.SwInterfaceDetails)}
	for i, m := range seeds {
		f.Add(uint8(i), encode(f, m))
	}
	routes := newCheck[route](f, seeds[0])
	clis := newCheck[struct{ Cmd string }](f, seeds[1])
	acls := newCheck[struct {
		Tag string
		R   []struct {
			SrcPrefix, DstPrefix netip.Prefix
			Proto                uint8
		}
	}](f, seeds[2])
	details := newCheck[struct {
		SwIfIndex     uint32
		Mtu           []uint32
		InterfaceName string
		L2Address     []byte
	}](f, seeds[3])
	checks := []func(*testing.T, []byte){routes, clis, acls, details}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) { checks[int(which)%len(checks)](t, data) })
}

// newCheck returns the property of FuzzDecode for one message and Go struct.
func newCheck[T any](f *testing.F, m api.Message) func(*testing.T, []byte) {
	msg := layout(f, m)
	dec, err := schema.NewDecoder[T](msg)
	require.NoError(f, err)
	enc, err := schema.NewEncoder[T](msg)
	require.NoError(f, err)
	leaves := schema.NewLeaves(msg)
	return func(t *testing.T, data []byte) {
		v := &schema.View{Message: msg, Data: data}
		_ = v.String()
		leaves.Mark(data, make([]uint64, len(leaves.Paths)/64+1))
		var got, again T
		if err := dec.Decode(data, &got); err != nil {
			require.True(t, schema.IsError(err), "%v", err)
			require.ErrorContains(t, err, msg.Name)
			return
		}
		b, err := enc.Append(make([]byte, msg.Kind.HeaderSize()), &got, 0)
		require.NoError(t, err)
		require.NoError(t, dec.Decode(b, &again))
		c, err := enc.Append(make([]byte, msg.Kind.HeaderSize()), &again, 0)
		require.NoError(t, err)
		require.Equal(t, b, c) // addresses of unknown families encode as zeros, hence not compared as values
	}
}
