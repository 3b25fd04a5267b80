package fakevpp

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// l2FibHandlers are the messages of src/vnet/l2/l2.api about the MAC table.
var l2FibHandlers = []handler{
	reply("l2fib_add_del", (*VPP).l2FibAddDel),
	dump("l2_fib_table_dump", "l2_fib_table_details", (*VPP).l2FibTableDump),
	reply("l2_fib_clear_table", (*VPP).l2FibClearTable),
	reply("l2fib_flush_all", (*VPP).l2FibFlushAll),
	reply("l2fib_flush_bd", (*VPP).l2FibFlushBd),
	reply("l2fib_flush_int", (*VPP).l2FibFlushInt),
	reply("l2fib_set_scan_delay", (*VPP).l2FibSetScanDelay),
	reply("want_l2_macs_events", (*VPP).wantL2MacsEvents),
	reply("want_l2_macs_events2", (*VPP).wantL2MacsEvents2),
}

type l2FibAddDel struct {
	Mac                                 packet.MAC
	BdID, SwIfIndex                     uint32
	IsAdd, StaticMac, FilterMac, BviMac bool
}

func (v *VPP) l2FibAddDel(_ *call, req *l2FibAddDel) error {
	d := v.dp.BridgeDomain(req.BdID)
	switch {
	case d == nil:
		return vnet.ErrNoSuchEntry
	case !req.IsAdd:
		return v.dp.DeleteL2Entry(req.Mac, d.Index, req.SwIfIndex)
	case req.FilterMac:
		v.dp.AddL2Entry(vnet.L2Entry{Domain: d.Index, MAC: req.Mac, SwIf: invalidIndex, Filter: true, Static: true})
		return nil
	}
	if err := v.l2InterfaceOf(req.SwIfIndex, true); err != nil {
		return err
	}
	v.dp.AddL2Entry(vnet.L2Entry{Domain: d.Index, MAC: req.Mac, SwIf: req.SwIfIndex, Static: req.StaticMac, BVI: req.BviMac})
	return nil
}

type l2FibTableDetails struct {
	BdID                         uint32
	Mac                          packet.MAC
	SwIfIndex                    uint32
	StaticMac, FilterMac, BviMac bool
}

func (v *VPP) l2FibTableDump(_ *call, req *bdIDOnly, emit func(*l2FibTableDetails)) error {
	d := v.dp.BridgeDomain(req.BdID)
	if d == nil && req.BdID != invalidIndex {
		return nil
	}
	for _, e := range v.dp.L2Entries() {
		if d != nil && d.Index != e.Domain {
			continue
		}
		id := invalidIndex // of a domain that was deleted
		if of := v.dp.BridgeDomainAt(uint32(e.Domain)); of != nil {
			id = of.ID
		}
		emit(&l2FibTableDetails{BdID: id, Mac: e.MAC, SwIfIndex: e.SwIf, StaticMac: e.Static, FilterMac: e.Filter,
			BviMac: e.BVI})
	}
	return nil
}

func (v *VPP) l2FibClearTable(_ *call, _ *empty) error {
	v.dp.ClearL2()
	return nil
}

func (v *VPP) l2FibFlushAll(_ *call, _ *empty) error {
	v.dp.FlushL2()
	return nil
}

func (v *VPP) l2FibFlushBd(_ *call, req *bdIDOnly) error {
	d := v.dp.BridgeDomain(req.BdID)
	if d == nil {
		return vnet.ErrNoSuchEntry
	}
	v.dp.FlushL2Domain(d)
	return nil
}

func (v *VPP) l2FibFlushInt(_ *call, req *swIfIndexOnly) error {
	if _, err := v.interfaceOf(req.SwIfIndex); err != nil {
		return err
	}
	v.dp.FlushL2Interface(req.SwIfIndex)
	return nil
}

type l2FibSetScanDelay struct{ ScanDelay uint16 }

func (v *VPP) l2FibSetScanDelay(_ *call, req *l2FibSetScanDelay) error {
	if req.ScanDelay == 0 {
		return vnet.ErrInvalidValue
	}
	v.dp.SetL2ScanDelay(req.ScanDelay)
	return nil
}

// l2MacsEvents is the stream of l2_macs_event, which one client has.
const l2MacsEvents = "l2_macs_events"

// l2LearnLimit is how many addresses are learned at most if nobody says
// otherwise (L2LEARN_DEFAULT_LIMIT).
const l2LearnLimit = 64 * 256 * 1024

type wantL2MacsEvents struct {
	LearnLimit                uint32
	ScanDelay, MaxMacsInEvent uint8
	EnableDisable             bool
	PID                       uint32
}

// wantL2MacsEvents sets the learn limit, too.
func (v *VPP) wantL2MacsEvents(c *call, req *wantL2MacsEvents) error {
	limit := req.LearnLimit
	if !req.EnableDisable {
		if v.stopL2MacsEvents() {
			if limit == 0 || limit > l2LearnLimit {
				limit = l2LearnLimit
			}
			v.dp.SetL2LearnLimit(limit)
		}
		return nil
	}
	if pid, _, _ := v.dp.L2EventClient(); pid != 0 && pid != req.PID {
		return vnet.ErrL2MACSEventClientPresent
	}
	if req.MaxMacsInEvent == 0 || req.ScanDelay == 0 || limit == 0 || limit > l2LearnLimit {
		return vnet.ErrInvalidValue
	}
	v.dp.SetL2LearnLimit(limit)
	return v.startL2MacsEvents(c, req.PID, req.MaxMacsInEvent, req.ScanDelay)
}

type wantL2MacsEvents2 struct {
	MaxMacsInEvent uint8
	EnableDisable  bool
	PID            uint32
}

func (v *VPP) wantL2MacsEvents2(c *call, req *wantL2MacsEvents2) error {
	if !req.EnableDisable {
		v.stopL2MacsEvents()
		return nil
	}
	return v.startL2MacsEvents(c, req.PID, req.MaxMacsInEvent, 0)
}

// startL2MacsEvents makes the caller the client. Its pid 0 means nobody, as in
// VPP.
func (v *VPP) startL2MacsEvents(c *call, pid uint32, units, delay uint8) error {
	if err := v.dp.WantL2Events(pid, units, delay, v.l2MacsSeen); err != nil {
		return err
	}
	v.dropL2MacsClient()
	return v.subscribe(c, l2MacsEvents, true, pid)
}

func (v *VPP) stopL2MacsEvents() (had bool) {
	v.dropL2MacsClient()
	return v.dp.StopL2Events()
}

func (v *VPP) dropL2MacsClient() {
	for _, s := range v.subs.of(l2MacsEvents) {
		v.subs.remove(l2MacsEvents, s.client)
	}
}

type l2MacsEvent struct {
	PID uint32
	Mac []macEntry
}

// macEntry is vl_api_mac_entry_t.
type macEntry struct {
	SwIfIndex uint32
	MacAddr   packet.MAC
	Action    uint32
}

func (v *VPP) l2MacsSeen(list []vnet.L2MACEvent) {
	entries := make([]macEntry, len(list))
	for k, e := range list {
		entries[k] = macEntry{SwIfIndex: e.SwIf, MacAddr: e.MAC, Action: uint32(e.Action)}
	}
	notify(v, l2MacsEvents, "l2_macs_event", func(pid uint32) *l2MacsEvent { return &l2MacsEvent{PID: pid, Mac: entries} })
}
