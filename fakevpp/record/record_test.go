package record_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp"
	"go.fd.io/govpp/api"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/ip"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/fakevpp/apitrace"
	"github.com/vpptwin/vpptwin/fakevpp/record"
	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// explained are the differences between a real VPP with all its plugins and the
// double that no replay can be without.
var explained = []string{
	"fib_source_details", // each plugin registers sources of its own
}

func double(t testing.TB) string {
	t.Helper()
	socket, stop, err := record.Double(fakevpp.API2606())
	require.NoError(t, err)
	t.Cleanup(stop)
	return socket
}

func replay(t testing.TB, text string) []string {
	t.Helper()
	rec, err := record.Read(strings.NewReader(text))
	require.NoError(t, err)
	result, err := record.Replay(rec, double(t), schema.VPP2606(), record.Options{Ignore: explained})
	require.NoError(t, err)
	var list []string
	for _, d := range result.Differences {
		list = append(list, d.String())
	}
	return list
}

// The recordings in testdata were made on VPP 26.06.
func TestRealRecordings(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.rec")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Empty(t, replay(t, string(data)))
			require.Contains(t, string(data), " < ", "there are answers to compare")
		})
	}
}

const header = "# vpptwin recording 1\n"

// A replay notices what is not as recorded, and says where.
func TestDifferences(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"nothing": {
			"0.0 1 > 1 create_loopback_42bb5d22 {}\n0.0 1 < 1 create_loopback_reply_5383d31f {sw_if_index: 1}\n", nil},
		"another index everywhere": {
			"0.0 1 > 1 create_loopback_42bb5d22 {}\n0.0 1 < 1 create_loopback_reply_5383d31f {sw_if_index: 7}\n" +
				"0.0 1 > 2 sw_interface_get_table_2d033de4 {sw_if_index: 7}\n0.0 1 < 2 sw_interface_get_table_reply_a6eb0109 {}\n", nil},
		"retval": {
			"0.0 1 > 1 sw_interface_set_flags_f5aec1b8 {sw_if_index: 99}\n0.0 1 < 1 sw_interface_set_flags_reply_e8d4e804 {}\n",
			[]string{"sw_interface_set_flags_reply.retval: recorded 0, replayed -2\n  on sw_interface_set_flags{sw_if_index: 99}"}},
		"a detail too few": {
			"0.0 1 > 1 ip_table_dump_51077d14 {}\n0.0 1 < 1 ip_table_details_c79fca0f {table: {name: \"ipv4-VRF:0\"}}\n",
			[]string{"ip_table_details: recorded nothing, replayed ip_table_details{table: {is_ip6: true, name: \"ipv6-VRF:0\"}}\n  on ip_table_dump{}"}},
		"unknown message": {
			"0.0 1 > 1 private_op_12345678 !0001\n0.0 1 < 1 private_op_reply_12345678 !00000000\n",
			[]string{"private_op_12345678: recorded known, replayed unknown to this VPP\n  on private_op_12345678 "}},
		"an event that does not come": {
			"0.0 1 > 1 control_ping_51077d14 {}\n0.0 1 < 1 control_ping_reply_f6b0b8ca {}\n0.0 1 * sw_interface_event_2d3d95a7 {sw_if_index: 3}\n",
			[]string{"sw_interface_event: recorded sw_interface_event{sw_if_index: 3}, replayed nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, replay(t, header+tc.text))
		})
	}
}

// buffer may be read while a recorder writes.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// What govpp clients do through the recorder comes out the same again.
func TestRecordAndReplay(t *testing.T) {
	t.Parallel()
	listen := filepath.Join(t.TempDir(), "rec.sock")
	out := new(buffer)
	r, err := record.NewRecorder(double(t), listen, schema.VPP2606(), out)
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- r.Serve() }()
	var clients sync.WaitGroup
	for range 3 {
		clients.Go(func() { useAPI(t, listen) })
	}
	clients.Wait()
	require.NoError(t, r.Close())
	require.NoError(t, <-served)
	text := out.String()
	require.Equal(t, 3, strings.Count(text, " + ")+strings.Count(text, " +\n"), text)
	require.Equal(t, 3, strings.Count(text, "> 123 sockclnt_create_455fb9c4"), text)
	require.Empty(t, replay(t, text))
}

// useAPI makes an interface with an address and dumps.
func useAPI(t testing.TB, socket string) {
	conn, err := govpp.Connect(socket)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Disconnect()
	ch, err := conn.NewAPIChannel()
	if err != nil {
		t.Error(err)
		return
	}
	defer ch.Close()
	lo := new(interfaces.CreateLoopbackReply)
	if err := ch.SendRequest(new(interfaces.CreateLoopback)).ReceiveReply(lo); err != nil {
		t.Error(err)
	}
	if err := ch.SendRequest(&interfaces.SwInterfaceSetFlags{SwIfIndex: lo.SwIfIndex, Flags: 1}).ReceiveReply(new(interfaces.SwInterfaceSetFlagsReply)); err != nil {
		t.Error(err)
	}
	dump(t, ch)
}

func dump(t testing.TB, ch api.Channel) {
	req := ch.SendMultiRequest(&ip.IPTableDump{})
	for {
		stop, err := req.ReceiveReply(new(ip.IPTableDetails))
		if err != nil {
			t.Error(err)
		}
		if stop {
			return
		}
	}
}

// VPP's api trace is a recording without answers.
func TestAPITrace(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	trace := apitrace.File{Table: []apitrace.Entry{{ID: 500, Key: "create_loopback_42bb5d22"}},
		Messages: [][]byte{append([]byte{500 >> 8, 500 & 0xff, 0, 0, 0, 0, 0, 0, 0, 0}, 2, 0xfe, 0, 0, 0, 1)}}
	require.NoError(t, trace.Write(&b))
	rec, err := record.Read(&b)
	require.NoError(t, err)
	record.NewCatalogue(schema.VPP2606()).Explain(rec)
	var text bytes.Buffer
	require.NoError(t, rec.Write(&text))
	require.Equal(t, header+"0.000000 1 +\n0.000000 1 > 1 create_loopback_42bb5d22 {mac_address: 02:fe:00:00:00:01}\n", text.String())
	result, err := record.Replay(rec, double(t), schema.VPP2606(), record.Options{})
	require.NoError(t, err)
	require.Equal(t, record.Result{Requests: 1, Answers: 1}, *result)
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                         "neither a recording nor an api trace",
		header + "x 1 +":           `time "x": expected seconds`,
		header + "0 0 +":           `client "0": expected a number from 1`,
		header + "0 1 ?":           `"?": expected one of`,
		header + "0 1 > x":         `context "x": expected a number`,
		header + "0 1 > 1":         "no message",
		header + "0 1 > 1 a_b !zz": "bytes of a_b",
	} {
		_, err := record.Read(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(header + "0.0 1 > 1 create_loopback_42bb5d22 {}\n0.0 1 < 1 create_loopback_reply_5383d31f {sw_if_index: 1}\n")
	f.Add(header + "0.5 2 * sw_interface_event_2d3d95a7 {pid: 3} !00ff\n")
	catalogue := record.NewCatalogue(schema.VPP2606())
	f.Fuzz(func(t *testing.T, text string) {
		rec, err := record.Read(strings.NewReader(text))
		if err != nil {
			return
		}
		catalogue.Explain(rec)
		var b bytes.Buffer
		require.NoError(t, rec.Write(&b))
		_, err = record.Read(&b)
		require.NoError(t, err)
	})
}
