package fakevpp

import (
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// l2BridgeHandlers are the messages of src/vnet/l2/l2.api about bridge domains.
var l2BridgeHandlers = []handler{
	reply("bridge_domain_add_del", (*VPP).bridgeDomainAddDel),
	replyWith("bridge_domain_add_del_v2", (*VPP).bridgeDomainAddDelV2),
	dump("bridge_domain_dump", "bridge_domain_details", (*VPP).bridgeDomainDump),
	replyWith("bridge_flags", (*VPP).bridgeFlags),
	reply("bridge_domain_set_mac_age", (*VPP).bridgeDomainSetMacAge),
	reply("bridge_domain_set_learn_limit", (*VPP).bridgeDomainSetLearnLimit),
	reply("bridge_domain_set_default_learn_limit", (*VPP).bridgeDomainSetDefaultLearnLimit),
	reply("bd_ip_mac_add_del", (*VPP).bdIPMacAddDel),
	reply("bd_ip_mac_flush", (*VPP).bdIPMacFlush),
	dump("bd_ip_mac_dump", "bd_ip_mac_details", (*VPP).bdIPMacDump),
	reply("want_l2_arp_term_events", (*VPP).wantL2ArpTermEvents),
}

type bridgeDomainAddDel struct {
	BdID                                             uint32
	Flood, UuFlood, Forward, Learn, ArpTerm, ArpUfwd bool
	MacAge                                           uint8
	BdTag                                            string
	IsAdd                                            bool
}

func (v *VPP) bridgeDomainAddDel(_ *call, req *bridgeDomainAddDel) error {
	if !req.IsAdd {
		return v.dp.DeleteBridgeDomain(req.BdID)
	}
	s := vnet.BridgeSpec{ID: req.BdID, Age: req.MacAge, Tag: req.BdTag}
	for k, on := range []bool{req.Learn, req.Forward, req.Flood, req.UuFlood, req.ArpTerm, req.ArpUfwd} {
		if on {
			s.Features |= bdFlags[k]
		}
	}
	_, err := v.dp.AddBridgeDomain(s)
	return err
}

type bdIDReply struct{ BdID uint32 }

// bridgeDomainAddDelV2 chooses an id for ~0.
func (v *VPP) bridgeDomainAddDelV2(c *call, req *bridgeDomainAddDel, rep *bdIDReply) error {
	if req.IsAdd && req.BdID == invalidIndex {
		req.BdID = v.dp.UnusedBridgeDomain()
	}
	rep.BdID = req.BdID
	return v.bridgeDomainAddDel(c, req)
}

// bridgeDomainOf finds a bridge domain that may be changed.
func (v *VPP) bridgeDomainOf(id uint32) (*vnet.BridgeDomain, error) {
	if id == 0 {
		return nil, vnet.ErrBDNotModifiable
	}
	if d := v.dp.BridgeDomain(id); d != nil {
		return d, nil
	}
	return nil, vnet.ErrNoSuchEntry
}

type bridgeDomainDump struct{ BdID, SwIfIndex uint32 }

type bridgeDomainDetails struct {
	BdID                                             uint32
	Flood, UuFlood, Forward, Learn, ArpTerm, ArpUfwd bool
	MacAge                                           uint8
	BdTag                                            string
	BviSwIfIndex, UuFwdSwIfIndex                     uint32
	SwIfDetails                                      []bridgeDomainSwIf
}

type bridgeDomainSwIf struct {
	SwIfIndex uint32
	Shg       uint8
}

// bridgeDomainDump lists the bridge domain with the id, all for ~0. VPP has no
// filter by interface and answers one with nothing.
func (v *VPP) bridgeDomainDump(_ *call, req *bridgeDomainDump, emit func(*bridgeDomainDetails)) error {
	if req.SwIfIndex != invalidIndex {
		return nil
	}
	for _, d := range v.dp.BridgeDomains() {
		if req.BdID == invalidIndex || req.BdID == d.ID {
			emit(v.bridgeDetails(d))
		}
	}
	return nil
}

func (v *VPP) bridgeDetails(d *vnet.BridgeDomain) *bridgeDomainDetails {
	out := &bridgeDomainDetails{BdID: d.ID, Flood: d.Has(vnet.L2InFlood), UuFlood: d.Has(vnet.L2InUUFlood),
		Forward: d.Has(vnet.L2InFwd), Learn: d.Has(vnet.L2InLearn), ArpTerm: d.Has(vnet.L2InARPTerm),
		ArpUfwd: d.Has(vnet.L2InARPUFwd), MacAge: d.Age, BdTag: d.Tag, BviSwIfIndex: d.BVI, UuFwdSwIfIndex: d.UUFwd}
	for _, m := range d.Members {
		out.SwIfDetails = append(out.SwIfDetails, bridgeDomainSwIf{SwIfIndex: m.SwIf, Shg: v.dp.L2Mode(m.SwIf).SHG})
	}
	return out
}

type bridgeFlags struct {
	BdID  uint32
	IsSet bool
	Flags uint32
}

func (v *VPP) bridgeFlags(_ *call, req *bridgeFlags, rep *featureBitmapReply) error {
	d, err := v.bridgeDomainOf(req.BdID)
	if err == nil {
		rep.ResultingFeatureBitmap = uint32(v.dp.SetBridgeFeatures(d, bdFeatures(req.Flags), req.IsSet))
	}
	return err
}

type bridgeDomainSetMacAge struct {
	BdID   uint32
	MacAge uint8
}

func (v *VPP) bridgeDomainSetMacAge(_ *call, req *bridgeDomainSetMacAge) error {
	d, err := v.bridgeDomainOf(req.BdID)
	if err == nil {
		v.dp.SetBridgeAge(d, req.MacAge)
	}
	return err
}

type bridgeDomainSetLearnLimit struct{ BdID, LearnLimit uint32 }

func (v *VPP) bridgeDomainSetLearnLimit(_ *call, req *bridgeDomainSetLearnLimit) error {
	d, err := v.bridgeDomainOf(req.BdID)
	if err == nil {
		d.LearnLimit = req.LearnLimit
	}
	return err
}

type bridgeDomainSetDefaultLearnLimit struct{ LearnLimit uint32 }

func (v *VPP) bridgeDomainSetDefaultLearnLimit(_ *call, req *bridgeDomainSetDefaultLearnLimit) error {
	v.dp.SetDefaultLearnLimit(req.LearnLimit)
	return nil
}

// bdIPMac is vl_api_bd_ip_mac_t.
type bdIPMac struct {
	BdID uint32
	IP   netip.Addr `api:"ip"`
	Mac  packet.MAC
}

type bdIPMacAddDel struct {
	IsAdd bool
	Entry bdIPMac
}

func (v *VPP) bdIPMacAddDel(_ *call, req *bdIPMacAddDel) error {
	d, err := v.bridgeDomainOf(req.Entry.BdID)
	if err != nil {
		return err
	}
	return d.ChangeNeighbor(req.Entry.IP, req.Entry.Mac, req.IsAdd)
}

type bdIDOnly struct{ BdID uint32 }

func (v *VPP) bdIPMacFlush(_ *call, req *bdIDOnly) error {
	d, err := v.bridgeDomainOf(req.BdID)
	if err == nil {
		d.FlushNeighbors()
	}
	return err
}

type bdIPMacDetails struct{ Entry bdIPMac }

// bdIPMacDump lists IPv4 addresses first.
func (v *VPP) bdIPMacDump(_ *call, req *bdIDOnly, emit func(*bdIPMacDetails)) error {
	for _, d := range v.dp.BridgeDomains() {
		if req.BdID != invalidIndex && req.BdID != d.ID {
			continue
		}
		for _, is4 := range []bool{true, false} {
			for _, n := range d.Neighbors {
				if n.IP.Is4() == is4 {
					emit(&bdIPMacDetails{bdIPMac{BdID: d.ID, IP: n.IP, Mac: n.MAC}})
				}
			}
		}
	}
	return nil
}

// l2ARPTermEvents is the stream of l2_arp_term_event.
const l2ARPTermEvents = "l2_arp_term_events"

// arpTermDamping is how long an event is not told again.
const arpTermDamping = 10 * time.Second

type wantL2ArpTermEvents struct {
	Enable bool
	PID    uint32
}

func (v *VPP) wantL2ArpTermEvents(c *call, req *wantL2ArpTermEvents) error {
	v.dp.OnL2ARPTerm(v.l2ARPTermSeen)
	return v.subscribe(c, l2ARPTermEvents, req.Enable, req.PID)
}

// arpTermEvents remembers the last event.
type arpTermEvents struct {
	last vnet.L2Neighbor
	at   time.Time
}

type l2ArpTermEvent struct {
	PID       uint32
	IP        netip.Addr `api:"ip"`
	SwIfIndex uint32
	Mac       packet.MAC
}

// l2ARPTermSeen tells the clients of a station, the same one not twice in ten
// seconds (l2_arp_term_process in src/vnet/l2/l2_api.c).
func (v *VPP) l2ARPTermSeen(n vnet.L2Neighbor) {
	if !v.subscribed(l2ARPTermEvents) {
		return
	}
	e := &v.fam.arpTerm
	if e.last == n && v.dp.Since(e.at) < arpTermDamping {
		return
	}
	e.last, e.at = n, v.dp.Now()
	notify(v, l2ARPTermEvents, "l2_arp_term_event", func(pid uint32) *l2ArpTermEvent {
		return &l2ArpTermEvent{PID: pid, IP: n.IP, SwIfIndex: n.SwIf, Mac: n.MAC}
	})
}
