package vnet

import (
	"fmt"
	"time"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// nodeGroups registers the graph nodes of every part. Nodes that share the next
// slots of another node come after it.
var nodeGroups = []func(*Main){
	(*Main).addInterfaceOutputNodes,
	(*Main).addDeviceNodes,
	(*Main).addTracenodeNodes,
	(*Main).addStatsNodes,
	(*Main).addGSONodes,
	(*Main).addMPLSNodes,
	(*Main).addL2Nodes,
	(*Main).addDatapathNodes,
	(*Main).addPuntNodes,
	(*Main).addPuntDispatchNodes,
	(*Main).addPolicerNodes,
	(*Main).addReassemblyNodes,
	(*Main).addACLNodes,
	(*Main).addClassifyNodes,
	(*Main).addL2ACLNodes,
	(*Main).addABFNodes,
	(*Main).addLocal4Nodes,
	(*Main).addLocal6Nodes,
	(*Main).addICMP4Nodes,
	(*Main).addICMP6Nodes,
	(*Main).addARPNodes,
	(*Main).addNDNodes,
	(*Main).addNDMirrorNodes,
	(*Main).addArpingNodes,
	(*Main).addGleanNodes,
}

// starters run once nodes, FIB and local0 exist, in this order.
var starters = []func(*Main){
	(*Main).startPathMTU,
	(*Main).startL2,
}

// interfaceWatchers are the parts of the instance that react to a change of an
// interface, in this order.
var interfaceWatchers = []func(*Main, InterfaceEvent, *Interface){
	(*Main).mplsWatchInterface,
	(*Main).teibWatchInterface,
	(*Main).ipWatchInterface,
	(*Main).fibWatchInterface,
	(*Main).urpfWatchInterface,
	(*Main).reassWatchInterface,
	(*Main).classifyWatchInterface,
	(*Main).l2Watch,
	(*Main).spanWatch,
	(*Main).policerWatch,
}

// featureWatchers are told when an interface's arc gets its first feature or
// loses its last.
var featureWatchers = []func(m *Main, id arcID, swIfIndex uint32, has bool){
	(*Main).fibWatchFeatures,
}

func (m *Main) featuresChanged(id arcID, swIfIndex uint32, has bool) {
	for _, fn := range featureWatchers {
		fn(m, id, swIfIndex, has)
	}
}

// New starts an instance in the given surroundings: tables 0 and the interface
// local0 exist, as after VPP's start. The environment may be nil when no
// interface with a Linux side or peer is created.
func New(env Environment) (*Main, error) {
	m := &Main{Graph: vlib.NewGraph(), Start: time.Now(), env: env, byName: map[string]*Interface{}}
	m.Graph.Clock = m.now
	m.Stats = m.Graph.Stats
	m.initStats()
	m.initNeighborStats()
	m.Graph.OnDrop, m.Graph.RxName = m.countDrop, m.interfaceName
	for _, add := range nodeGroups {
		add(m)
	}
	m.initFeatures()
	m.FIB = fib.New(fib.Config{Interfaces: fibInterfaces{m}, Node: m.nodeOrDrop, Stats: m.Stats})
	m.initInterfaceStats()
	if _, err := m.AddInterface(InterfaceSpec{Name: "local0", Device: deviceLocal, Class: ClassLocal}); err != nil {
		return nil, fmt.Errorf("start data plane: %w", err)
	}
	for _, start := range starters {
		start(m)
	}
	return m, nil
}

// nodeOrDrop returns the index of a graph node, that of error-drop for one that
// does not exist.
func (m *Main) nodeOrDrop(name string) uint32 {
	if n := m.Graph.Node(name); n != nil {
		return n.Index
	}
	return m.Graph.MustIndex("error-drop")
}

// countDrop counts a packet that error-drop or error-punt got on the interface
// it was received on.
func (m *Main) countDrop(b *vlib.Buffer, punted bool) {
	i := m.Interface(b.RxSwIf)
	switch {
	case i == nil:
	case punted:
		*i.Counters.Punt++
	default:
		*i.Counters.Drops++
	}
}

// InterfaceName is an interface's name as VPP's CLI shows it, DELETED (n) for an
// index that is free.
func (m *Main) InterfaceName(swIfIndex uint32) string { return m.interfaceName(swIfIndex) }

// interfaceName is an interface's name for traces, VPP's DELETED (n) for an
// index that is free.
func (m *Main) interfaceName(swIfIndex uint32) string {
	if i := m.Interface(swIfIndex); i != nil {
		return i.Name
	}
	return fmt.Sprintf("DELETED (%d)", swIfIndex)
}

// Close ends the instance: ports are closed, timers stop and later packets are
// ignored. It takes ownership of the instance; the error is the first of a
// port.
func (m *Main) Close() error {
	m.Lock()
	defer m.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	m.stopClock()
	m.closePG()
	m.stopPings()
	m.stopArpings()
	var first error
	for _, i := range m.sw {
		if i == nil {
			continue
		}
		i.deleted = true
		if i.Hw.Port == nil || i.IsSub() {
			continue
		}
		if err := i.Hw.Port.Close(); err != nil && first == nil {
			first = fmt.Errorf("close %s: %w", i.Name, err)
		}
	}
	return first
}
