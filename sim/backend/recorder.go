package backend

import (
	"strings"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
	"github.com/vpptwin/vpptwin/sim/world"
)

// recorder listens to the world and to every VPP and keeps, while a probe runs,
// what happened to each followed packet.
type recorder struct {
	bed *bed

	mu      sync.Mutex
	on      bool
	events  map[packet.TraceID][]event
	effects map[packet.TraceID][]packet.TraceID // traces by the trace that caused them
	capture *capturer                           // nil without TestBed.Capture
}

// event is one station of a packet.
type event struct {
	at      time.Time
	kind    world.NodeKind
	node    string
	iface   string
	verdict world.Verdict
	reason  world.Reason
	l3      bool
	info    scenarios.PacketInfo
	class   class
	data    []byte      // of a delivery: the IP packet
	vpp     *vppVisit   // of a packet that a VPP received, once it is done with it
	forks   []*vppVisit // answers that the VPP made of the packet
}

// vppVisit is a packet's way through one VPP.
type vppVisit struct {
	graph  []scenarios.GraphNode
	in     string
	out    string
	reason string // why it was dropped there, empty when it was not
}

func newRecorder(b *bed) *recorder {
	r := &recorder{bed: b}
	if b.spec.Capture {
		r.capture = newCapturer(b.world)
	}
	return r
}

// start begins a recording.
func (r *recorder) start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = true
	r.events, r.effects = map[packet.TraceID][]event{}, map[packet.TraceID][]packet.TraceID{}
}

// stop ends it and returns what was recorded.
func (r *recorder) stop() *recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.on = false
	return &recording{events: r.events, effects: r.effects}
}

// recording is what a recorder saw between start and stop.
type recording struct {
	events  map[packet.TraceID][]event
	effects map[packet.TraceID][]packet.TraceID
}

// Observe implements world.Observer.
func (r *recorder) Observe(e world.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.capture != nil && (e.Verdict == world.Sent || e.Verdict == world.Received) {
		r.capture.add(e)
	}
	if !r.on || e.Frame.Trace == 0 {
		return
	}
	ev := event{at: e.Time, kind: e.Kind, node: e.Node, iface: e.Interface, verdict: e.Verdict, reason: e.Reason, l3: e.L3}
	bare := e.L3 || e.Verdict == world.Delivered || len(e.Frame.Data) > 0 && e.Kind == world.KindHost && e.Verdict == world.Dropped && isIP(e.Frame.Data)
	ev.info, ev.class = describeFrame(e.Frame.Data, bare)
	if e.Verdict == world.Delivered || e.Reason == world.ReasonNoListener {
		ev.data = append([]byte(nil), e.Frame.Data...)
	}
	if e.Cause != 0 && e.Cause != e.Frame.Trace && len(r.events[e.Frame.Trace]) == 0 {
		r.effects[e.Cause] = append(r.effects[e.Cause], e.Frame.Trace)
	}
	events := r.events[e.Frame.Trace]
	if events == nil {
		events = make([]event, 0, 16) // a request and its answer between two nodes
	}
	r.events[e.Frame.Trace] = append(events, ev)
}

// isIP guesses that data starts with an IP header, not with an Ethernet one.
func isIP(data []byte) bool {
	return (data[0] == 0x45 || data[0]>>4 == 6) && !looksLikeEthernet(data)
}

// watchVPP makes the recorder see packets inside a node's VPP; it is called
// again for each life of the VPP.
func (n *node) watchVPP() {
	dp := n.vpp.DataPlane()
	if dp == nil {
		return
	}
	dp.Lock()
	defer dp.Unlock()
	if n.bed.mutate.DataPlane != nil {
		n.bed.mutate.DataPlane(n.name, dp)
	}
	dp.Graph.OnTrace(func(t *vlib.PacketTrace) {
		n.bed.rec.visited(vppName(n.name), t)
		dp.Graph.RecycleTrace(t)
	})
}

// visited notes a packet's finished way through a VPP. It belongs to the oldest
// arrival there that has none; a second one is what the VPP made of it.
func (r *recorder) visited(vpp string, t *vlib.PacketTrace) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.on {
		return
	}
	v := visitOf(t)
	events := r.events[t.ID]
	var last *event
	for i := range events {
		e := &events[i]
		if e.kind != world.KindNIC || e.node != vpp || e.verdict != world.Received {
			continue
		}
		last = e
		if e.vpp == nil && v.in != "" {
			e.vpp = v
			return
		}
	}
	if last != nil {
		last.forks = append(last.forks, v)
	}
}

// visitOf sums a trace up.
func visitOf(t *vlib.PacketTrace) *vppVisit {
	v := &vppVisit{graph: make([]scenarios.GraphNode, 0, len(t.Entries))}
	for _, e := range t.Entries {
		switch d := e.Data.(type) {
		case vnet.DeviceInputTrace:
			v.in = d.Interface
		case vnet.OutputTrace:
			v.out = d.Interface
		case vlib.DropTrace:
			v.reason, v.out = dropReason(t, d), ""
		}
		if name, ok := strings.CutSuffix(e.Node, "-tx"); ok {
			v.out = name
		}
		v.graph = append(v.graph, scenarios.GraphNode{Name: e.Node, Data: e.Data})
	}
	return v
}

// dropReason says which node gave a packet up and why. Where no node raised an
// error the FIB had a drop for the packet, or nothing at all, which VPP counts
// as blackholed; a packet that was in a tunnel still carries "No error" from its
// outer headers.
func dropReason(t *vlib.PacketTrace, d vlib.DropTrace) string {
	if d.Error != "blackholed packets" && d.Error != "No error" {
		return d.Node + ": " + d.Error
	}
	for _, e := range t.Entries {
		if strings.HasSuffix(e.Next, "-drop") || strings.HasSuffix(e.Next, "-not-enabled") {
			if strings.Contains(e.Node, "lookup") {
				return e.Node + ": no route, or a drop route"
			}
			return e.Node + ": " + d.Error
		}
	}
	return d.Node + ": " + d.Error
}
