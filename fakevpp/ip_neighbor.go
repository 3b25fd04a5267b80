package fakevpp

import (
	"fmt"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ipNeighborHandlers are the messages of src/vnet/ip-neighbor/ip_neighbor.api.
var ipNeighborHandlers = []handler{
	replyWith("ip_neighbor_add_del", (*VPP).ipNeighborAddDel),
	dump("ip_neighbor_dump", "ip_neighbor_details", (*VPP).ipNeighborDump),
	reply("ip_neighbor_config", (*VPP).ipNeighborConfig),
	replyWith("ip_neighbor_config_get", (*VPP).ipNeighborConfigGet),
	reply("ip_neighbor_replace_begin", (*VPP).ipNeighborReplaceBegin),
	reply("ip_neighbor_replace_end", (*VPP).ipNeighborReplaceEnd),
	reply("ip_neighbor_flush", (*VPP).ipNeighborFlush),
	reply("want_ip_neighbor_events", (*VPP).wantIPNeighborEvents),
	reply("want_ip_neighbor_events_v2", (*VPP).wantIPNeighborEventsV2),
}

// ipNeighbor is vl_api_ip_neighbor_t.
type ipNeighbor struct {
	SwIfIndex  uint32
	Flags      uint8
	MacAddress packet.MAC
	IPAddress  netip.Addr `api:"ip_address"`
}

func encodeNeighbor(n *vnet.Neighbor) ipNeighbor {
	return ipNeighbor{SwIfIndex: n.SwIf, MacAddress: n.MAC, IPAddress: n.Addr,
		Flags: uint8(n.Flags & (vnet.NeighborStatic | vnet.NeighborNoFIBEntry))}
}

type ipNeighborAddDel struct {
	IsAdd    bool
	Neighbor ipNeighbor
}

func (v *VPP) ipNeighborAddDel(_ *call, req *ipNeighborAddDel, rep *statsIndexReply) error {
	rep.StatsIndex = invalidIndex
	n := &req.Neighbor
	if _, err := v.interfaceOf(n.SwIfIndex); err != nil {
		return err
	}
	if !req.IsAdd {
		return v.dp.DeleteNeighbor(n.SwIfIndex, n.IPAddress)
	}
	flags := vnet.NeighborFlags(n.Flags) & (vnet.NeighborStatic | vnet.NeighborNoFIBEntry)
	if err := v.dp.AddNeighbor(n.SwIfIndex, n.IPAddress, n.MacAddress, flags); err != nil {
		return err
	}
	p := fib.ProtoOf(n.IPAddress)
	if adj, ok := v.dp.FIB.FindNeighbor(p, p.Link(), n.IPAddress, n.SwIfIndex); ok {
		rep.StatsIndex = adj
	}
	return nil
}

type ipNeighborDump struct {
	SwIfIndex uint32
	Af        uint8
}

type ipNeighborDetails struct {
	Age      float64
	Neighbor ipNeighbor
}

func (v *VPP) ipNeighborDump(_ *call, req *ipNeighborDump, emit func(*ipNeighborDetails)) error {
	p, err := familyOf(req.Af)
	if err != nil {
		return err
	}
	v.dp.Neighbors(p, req.SwIfIndex, func(n *vnet.Neighbor) bool {
		emit(&ipNeighborDetails{Age: v.dp.Since(n.Updated).Seconds(), Neighbor: encodeNeighbor(n)})
		return true
	})
	return nil
}

type ipNeighborConfig struct {
	Af                uint8
	MaxNumber, MaxAge uint32
	Recycle           bool
}

func (v *VPP) ipNeighborConfig(_ *call, req *ipNeighborConfig) error {
	p, err := familyOf(req.Af)
	if err != nil {
		return err
	}
	v.dp.SetNeighborConfig(p, vnet.NeighborConfig{Limit: req.MaxNumber, Age: req.MaxAge, Recycle: req.Recycle})
	return nil
}

type ipNeighborConfigGet struct{ Af uint8 }

func (v *VPP) ipNeighborConfigGet(_ *call, req *ipNeighborConfigGet, rep *ipNeighborConfig) error {
	*rep = ipNeighborConfig{MaxNumber: invalidIndex, MaxAge: invalidIndex}
	p, err := familyOf(req.Af)
	if err != nil {
		return err
	}
	c := v.dp.NeighborConfig(p)
	*rep = ipNeighborConfig{Af: req.Af, MaxNumber: c.Limit, MaxAge: c.Age, Recycle: c.Recycle}
	return nil
}

func (v *VPP) ipNeighborReplaceBegin(_ *call, _ *empty) error {
	v.dp.MarkNeighbors()
	return nil
}

func (v *VPP) ipNeighborReplaceEnd(_ *call, _ *empty) error {
	v.dp.SweepNeighbors()
	return nil
}

// ipNeighborFlush forgets the neighbours of one interface or, for ~0, all.
func (v *VPP) ipNeighborFlush(_ *call, req *ipNeighborDump) error {
	if req.SwIfIndex != invalidIndex {
		if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
			return err
		}
	}
	p, err := familyOf(req.Af)
	if err != nil {
		return err
	}
	v.dp.FlushNeighbors(p, req.SwIfIndex)
	return nil
}

type wantIPNeighborEvents struct {
	Enable    bool
	PID       uint32     `api:"pid"`
	IP        netip.Addr `api:"ip"`
	SwIfIndex uint32
}

// Registrations for neighbour events are streams by interface and address, a
// zero address and ~0 for all (src/vnet/ip-neighbor/ip_neighbor_watch.c).
func neighborStream(version int, swIf uint32, addr netip.Addr) string {
	return fmt.Sprintf(neighborStreams+"%d %d %v", version, swIf, addr)
}

// neighborStreams is what the streams' names begin with.
const neighborStreams = "ip_neighbor_events_v"

func (v *VPP) wantIPNeighborEvents(c *call, req *wantIPNeighborEvents) error {
	return v.watchNeighbors(c, req, 1)
}

func (v *VPP) wantIPNeighborEventsV2(c *call, req *wantIPNeighborEvents) error {
	return v.watchNeighbors(c, req, 2)
}

// watchNeighbors registers or removes the caller; doing so twice is no error.
func (v *VPP) watchNeighbors(c *call, req *wantIPNeighborEvents, version int) error {
	if req.SwIfIndex != invalidIndex {
		if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
			return err
		}
	}
	addr := req.IP
	if !addr.IsValid() || addr.IsUnspecified() {
		addr = netip.Addr{}
	}
	_ = v.subscribe(c, neighborStream(version, req.SwIfIndex, addr), req.Enable, req.PID)
	return nil
}

type ipNeighborEvent struct {
	PID      uint32
	Neighbor ipNeighbor
}

type ipNeighborEventV2 struct {
	PID, Flags uint32
	Neighbor   ipNeighbor
}

// Flags of ip_neighbor_event_v2 (ip_neighbor_event_flags).
const (
	neighborEventAdded   = 1
	neighborEventRemoved = 2
)

// neighborChanged is the data plane's watcher. Version 1 tells of additions and
// removals alike.
func (v *VPP) neighborChanged(ev vnet.NeighborEvent) {
	if !v.subs.anyWith(neighborStreams) {
		return // every ARP and ND packet comes this way
	}
	flags := uint32(neighborEventAdded)
	if ev.Removed {
		flags = neighborEventRemoved
	}
	n := encodeNeighbor(&ev.Neighbor)
	for _, swIf := range []uint32{n.SwIfIndex, invalidIndex} {
		for _, addr := range []netip.Addr{n.IPAddress, {}} {
			notify(v, neighborStream(1, swIf, addr), "ip_neighbor_event", func(pid uint32) *ipNeighborEvent {
				return &ipNeighborEvent{PID: pid, Neighbor: n}
			})
			notify(v, neighborStream(2, swIf, addr), "ip_neighbor_event_v2", func(pid uint32) *ipNeighborEventV2 {
				return &ipNeighborEventV2{PID: pid, Flags: flags, Neighbor: n}
			})
		}
	}
}
