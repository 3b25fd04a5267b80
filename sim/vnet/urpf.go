package vnet

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// URPFMode is a kind of reverse-path check, with the API's numbers
// (urpf_mode in src/plugins/urpf/urpf.api).
type URPFMode uint8

// Reverse-path checks.
const (
	// URPFOff checks nothing.
	URPFOff URPFMode = iota
	// URPFLoose passes a packet whose source has a route by some interface.
	URPFLoose
	// URPFStrict passes a packet whose source has a route by the interface it
	// came in by.
	URPFStrict
)

func (u URPFMode) String() string { return [...]string{"off", "loose", "strict"}[u] }

// urpfConfig is the check of an interface in one direction.
type urpfConfig struct {
	mode   URPFMode
	table  uint32 // fib_index
	custom bool   // the table was given, it does not follow the interface's
}

// Directions of a check.
const (
	dirRx = iota
	dirTx
)

// urpfMain holds the checks by protocol, direction and sw_if_index.
type urpfMain struct {
	configs [2][2][]urpfConfig
}

// URPF is one configured check, for dumps.
type URPF struct {
	SwIfIndex uint32
	Proto     fib.Proto
	Input     bool
	Mode      URPFMode
	FibIndex  uint32
	// Custom says that the table was given and does not follow the interface's.
	Custom bool
}

func (m *Main) addURPFNodes() {
	for p, proto := range []string{"ip4", "ip6"} {
		for dir, way := range []string{"rx", "tx"} {
			for _, mode := range []URPFMode{URPFLoose, URPFStrict} {
				m.Graph.MustAdd(vlib.Registration{Name: urpfNode(proto, way, mode), Nexts: []string{proto + "-drop"},
					Func: m.urpfCheck(fib.Proto(p), dir, mode), Errors: plainErrors("uRPF Drop")})
			}
		}
	}
}

func urpfNode(proto, way string, mode URPFMode) string {
	return proto + "-" + way + "-urpf-" + mode.String()
}

// urpfArcs are the feature arcs by protocol and direction.
var urpfArcs = [2][2]arcID{{arcIP4Unicast, arcIP4Output}, {arcIP6Unicast, arcIP6Output}}

// SetURPF sets the check of an interface in one direction. The table is given
// by its fib_index; custom says that the check keeps it whatever table the
// interface is bound to, otherwise fibIndex is ignored (urpf_update in
// src/plugins/urpf/urpf.c).
func (m *Main) SetURPF(swIfIndex uint32, p fib.Proto, input bool, mode URPFMode, fibIndex uint32, custom bool) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	dir := dirTx
	if input {
		dir = dirRx
	}
	if !custom {
		fibIndex = i.FibIndex[p]
	}
	list := &m.urpf.configs[p][dir]
	for uint32(len(*list)) <= swIfIndex {
		*list = append(*list, urpfConfig{})
	}
	old := (*list)[swIfIndex]
	(*list)[swIfIndex] = urpfConfig{mode: mode, table: fibIndex, custom: custom}
	if old.mode == mode && old.table == fibIndex {
		return nil
	}
	way := [...]string{"rx", "tx"}[dir]
	if old.mode != URPFOff {
		if err := m.enableFeature(urpfArcs[p][dir], urpfNode(p.String(), way, old.mode), swIfIndex, false); err != nil {
			return err
		}
	}
	if mode == URPFOff {
		return nil
	}
	return m.enableFeature(urpfArcs[p][dir], urpfNode(p.String(), way, mode), swIfIndex, true)
}

// URPFConfigs returns the checks of an interface that are on or have a table of
// their own, in the order of VPP's dump: by protocol, then received before sent.
func (m *Main) URPFConfigs(swIfIndex uint32) []URPF {
	var out []URPF
	for p := range m.urpf.configs {
		for dir, list := range m.urpf.configs[p] {
			if uint64(swIfIndex) >= uint64(len(list)) {
				continue
			}
			if c := list[swIfIndex]; c.mode != URPFOff || c.custom {
				out = append(out, URPF{swIfIndex, fib.Proto(p), dir == dirRx, c.mode, c.table, c.custom})
			}
		}
	}
	return out
}

// urpfTableBound keeps checks in step with the table of their interface.
func (m *Main) urpfTableBound(swIfIndex uint32, p fib.Proto, fibIndex uint32) {
	for dir := range m.urpf.configs[p] {
		list := m.urpf.configs[p][dir]
		if uint64(swIfIndex) < uint64(len(list)) && !list[swIfIndex].custom {
			list[swIfIndex].table = fibIndex
		}
	}
}

// urpfWatchInterface forgets the checks of a deleted interface.
func (m *Main) urpfWatchInterface(ev InterfaceEvent, i *Interface) {
	if ev != InterfaceDeleted {
		return
	}
	for p := range m.urpf.configs {
		for _, list := range m.urpf.configs[p] {
			if uint64(i.SwIfIndex) < uint64(len(list)) {
				list[i.SwIfIndex] = urpfConfig{}
			}
		}
	}
}

// urpfCheck makes the function of a checking node (urpf_inline in
// src/plugins/urpf/urpf_dp.h).
func (m *Main) urpfCheck(p fib.Proto, dir int, mode URPFMode) vlib.Func {
	return func(n *vlib.Node, bufs []*vlib.Buffer) {
		for _, b := range bufs {
			data, swIf := b.Bytes(), b.RxSwIf
			if dir == dirTx {
				data, swIf = data[b.SaveRewriteLength:], b.TxSwIf
			}
			table := m.urpf.configs[p][dir][swIf].table
			lb := m.FIB.LoadBalance(m.lookupAddr(data, p, table, srcOffset[p]))
			if b.Trace != nil {
				b.Trace.Add(n, &IndexTrace{fmt.Sprintf("uRPF:%d fib:%d", lb.URPF, table)})
			}
			if urpfExempt(data, p) || m.urpfPass(b, lb, dir, mode, swIf) {
				n.SendFeature(b)
				continue
			}
			n.SetError(b, 0)
			n.Enqueue(b, 0)
		}
	}
}

// urpfExempt passes what is for a group.
func urpfExempt(p []byte, proto fib.Proto) bool {
	if proto == fib.IP6 {
		return p[24] == 0xff
	}
	return p[16]&0xf0 == 0xe0 || binary.BigEndian.Uint32(p[16:20]) == 0xffffffff
}

// urpfPass applies the mode. A strict check on the way out drops a packet whose
// source lies behind the interface it leaves by.
func (m *Main) urpfPass(b *vlib.Buffer, lb *fib.LoadBalance, dir int, mode URPFMode, swIf uint32) bool {
	list := m.FIB.RPFInterfaces(lb)
	switch {
	case mode == URPFLoose:
		return len(list) > 0
	case dir == dirRx:
		return slices.Contains(list, swIf)
	}
	return b.Flags&vlib.FlagLocallyOriginated != 0 || len(list) > 0 && !slices.Contains(list, swIf)
}
