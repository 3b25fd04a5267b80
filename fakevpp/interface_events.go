package fakevpp

import "github.com/vpptwin/vpptwin/sim/vnet"

// interfaceEvents is the stream of sw_interface_event.
const interfaceEvents = "interface_events"

type wantInterfaceEvents struct{ EnableDisable, PID uint32 }

func (v *VPP) wantInterfaceEvents(c *call, req *wantInterfaceEvents) error {
	return v.subscribe(c, interfaceEvents, req.EnableDisable != 0, req.PID)
}

type swInterfaceEvent struct {
	PID, SwIfIndex, Flags uint32
	Deleted               bool
}

// pendingEvents collects what happens to interfaces during a call, as VPP's
// vpe-link-state-process sees it afterwards: one event per interface, by index,
// with everything that happened to it (src/vnet/interface_api.c).
type pendingEvents struct {
	list []swInterfaceEvent
}

// interfaceChanged is the data plane's watcher. The event's flags say what came
// up, not what is up: a link that comes back alone is LINK_UP without ADMIN_UP.
func (v *VPP) interfaceChanged(ev vnet.InterfaceEvent, i *vnet.Interface) {
	if !v.subscribed(interfaceEvents) {
		return
	}
	e := swInterfaceEvent{SwIfIndex: i.SwIfIndex}
	switch ev {
	case vnet.InterfaceAdded:
	case vnet.InterfaceAdmin:
		if i.AdminUp {
			e.Flags = ifStatusAdminUp
		}
	case vnet.InterfaceLink:
		if i.Hw.LinkUp {
			e.Flags = ifStatusLinkUp
		}
	case vnet.InterfaceDeleted:
		e.Deleted = true
	default:
		return
	}
	if !v.inCall {
		v.sendInterfaceEvent(e)
		return
	}
	v.fam.events.add(e)
}

// add merges an event into the interface's.
func (p *pendingEvents) add(e swInterfaceEvent) {
	k := 0
	for k < len(p.list) && p.list[k].SwIfIndex < e.SwIfIndex {
		k++
	}
	if k < len(p.list) && p.list[k].SwIfIndex == e.SwIfIndex {
		p.list[k].Flags |= e.Flags
		p.list[k].Deleted = p.list[k].Deleted || e.Deleted
		return
	}
	p.list = append(p.list, swInterfaceEvent{})
	copy(p.list[k+1:], p.list[k:])
	p.list[k] = e
}

// flushInterfaceEvents sends what the call under way collected.
func (v *VPP) flushInterfaceEvents() {
	for _, e := range v.fam.events.list {
		v.sendInterfaceEvent(e)
	}
	v.fam.events.list = v.fam.events.list[:0]
}

func (v *VPP) sendInterfaceEvent(e swInterfaceEvent) {
	notify(v, interfaceEvents, "sw_interface_event", func(pid uint32) *swInterfaceEvent {
		e.PID = pid
		return &e
	})
}
