package vnet

import (
	"runtime/metrics"
	"strings"
	"time"

	"github.com/vpptwin/vpptwin/sim/stats"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// mainHeapSize is the size of VPP's heap when its configuration says nothing.
const mainHeapSize = 1 << 30

// buffersTotal is the number of buffers that VPP makes when its configuration
// says nothing (src/vlib/buffer.c).
const buffersTotal = 16384

// StatsConfig is the start-up stanza "statseg" (src/vlib/stats/init.c).
type StatsConfig struct {
	// Interval is the time between rounds of the collector, which counts what is
	// not counted as it happens.
	Interval time.Duration
	// PerNode adds each node's calls and vectors.
	PerNode bool
	// Threads is how many threads' rows readers see, at least 1. Only the first
	// counts.
	Threads int
}

// collector is the process node statseg-collector-process
// (src/vlib/stats/collector.c): what it sets and what it remembers from its
// last round.
type collector struct {
	config StatsConfig
	timer  *time.Timer
	round  int // which collector the timer belongs to

	segment, heap               *stats.Simple
	vectorRate, inputRate       stats.Number
	lastUpdate, workers         stats.Number
	cached, used, available     stats.Number
	vectorRates, loopRates      *stats.Simple
	vectors, calls, runs, input uint64
	at                          time.Time
	nodes                       nodeStats
}

// initStats registers what the collector fills in, in VPP's order.
func (m *Main) initStats() {
	c := &m.collector
	c.segment = m.memoryStats("stat segment")
	c.vectorRate = m.Stats.Gauge("/sys/vector_rate")
	c.vectorRates = m.Stats.SpareSimple("/sys/vector_rate_per_worker")
	c.loopRates = m.Stats.SpareSimple("/sys/loops_per_worker")
	c.cached = m.Stats.Gauge("/buffer-pools/default-numa-0/cached")
	c.used = m.Stats.Gauge("/buffer-pools/default-numa-0/used")
	c.available = m.Stats.Gauge("/buffer-pools/default-numa-0/available")
	c.workers = m.Stats.Gauge("/sys/num_worker_threads")
	c.lastUpdate = m.Stats.Timestamp("/sys/last_update")
	c.inputRate = m.Stats.Gauge("/sys/input_rate")
	c.heap = m.memoryStats("main heap")
	c.vectorRates.Validate(0)
	c.loopRates.Validate(0)
	m.Stats.OnCollect(m.collectMemory)
	m.Stats.OnCollect(m.collectRates)
}

// Slots of a heap's counters (src/vlib/stats/provider_mem.c).
const (
	memTotal = iota
	memUsed
	memFree
	memUsedMmap
	memMax
	memFreeChunks
	memReleasable
	memSlots
)

// memoryStats registers the counters of a heap.
func (m *Main) memoryStats(heap string) *stats.Simple {
	name := "/mem/" + heap
	s := m.Stats.Simple(name)
	s.Validate(memSlots - 1)
	m.Stats.OnAttach(func() {
		m.Stats.Symlink(name+"/used", s.Index(), memUsed)
		m.Stats.Symlink(name+"/total", s.Index(), memTotal)
		m.Stats.Symlink(name+"/free", s.Index(), memFree)
	})
	return s
}

// AttachStats moves the counters into memory that other processes map at their
// leisure, and starts the collector. See stats.Directory.Attach for mem and
// base. The caller owns the instance.
func (m *Main) AttachStats(mem []byte, base uint64, config StatsConfig) error {
	config.Threads = max(config.Threads, 1)
	if err := m.Stats.Attach(mem, base, config.Threads); err != nil {
		return err
	}
	c := &m.collector
	c.config, c.at = config, m.Start
	c.workers.Set(uint64(config.Threads - 1))
	m.Stats.BootTime().Set(uint64(m.now().Unix()))
	if config.PerNode {
		c.nodes.init(m.Stats)
		m.Graph.TimeNodes = true
	}
	m.collect()
	return nil
}

// DetachStats takes the counters back and stops the collector. The caller owns
// the instance.
func (m *Main) DetachStats() {
	if !m.Stats.Attached() {
		return
	}
	m.collector.timer.Stop()
	m.collector.round++
	m.collector.nodes.remove(m.Stats)
	m.Graph.TimeNodes = false
	m.Stats.Detach()
}

// collect runs a round and sets the timer for the next.
func (m *Main) collect() {
	c := &m.collector
	if c.config.PerNode {
		c.nodes.collect(m.Stats, m.Graph.Nodes())
	}
	m.Stats.Collect()
	round := c.round
	c.timer = time.AfterFunc(max(c.config.Interval, time.Millisecond), func() {
		m.Lock()
		defer m.Unlock()
		if m.Stats.Attached() && c.round == round {
			m.collect()
		}
	})
}

// statsClockAdjusted runs a round when the clock moved past the time of one.
func (m *Main) statsClockAdjusted(d time.Duration) {
	if c := &m.collector; m.Stats.Attached() && d >= c.config.Interval {
		c.timer.Stop()
		c.round++
		m.collect()
	}
}

func (m *Main) collectMemory() {
	setMemory := func(s *stats.Simple, total, used, chunks uint64) {
		used = min(used, total)
		for slot, v := range [memSlots]uint64{memTotal: total, memUsed: used, memFree: total - used, memMax: total,
			memFreeChunks: chunks, memReleasable: total - used} {
			s.Set(uint32(slot), v)
		}
	}
	u := m.Stats.Usage()
	setMemory(m.collector.segment, u.Total, u.Used, uint64(u.FreeChunks))
	live := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(live)
	setMemory(m.collector.heap, mainHeapSize, live[0].Value.Uint64(), 0)
}

// collectRates sets the rates since the round before.
func (m *Main) collectRates() {
	c := &m.collector
	var vectors, calls uint64
	for _, n := range m.Graph.Nodes() {
		vectors, calls = vectors+n.Vectors, calls+n.Calls
	}
	rate := uint64(0)
	if calls > c.calls && vectors > c.vectors {
		rate = (vectors - c.vectors) / (calls - c.calls)
	}
	c.vectors, c.calls = vectors, calls
	c.vectorRate.Set(rate)
	c.vectorRates.Set(0, rate)

	now := m.now()
	seconds := now.Sub(c.at).Seconds()
	if seconds <= 0 {
		return
	}
	var input uint64
	for _, p := range m.rxCounters() {
		input += p.Packets
	}
	if input < c.input { // somebody cleared the counters
		c.input = 0
	}
	c.inputRate.Set(uint64(float64(input-c.input) / seconds))
	c.loopRates.Set(0, uint64(float64(m.Graph.Runs-c.runs)/seconds))
	c.input, c.runs, c.at = input, m.Graph.Runs, now
	c.lastUpdate.Set(uint64(m.Since(m.Start).Seconds()))
	used := uint64(m.Graph.BuffersInUse())
	c.cached.Set(0)
	c.used.Set(used)
	c.available.Set(buffersTotal - min(used, buffersTotal))
}

func (m *Main) rxCounters() []Counter {
	for _, c := range m.ifStats.combined {
		if c.name == "rx" {
			return c.vector.Slots()
		}
	}
	return nil
}

// nodeCounters are the counters of each node, slots being node indexes
// (src/vlib/stats/collector.c).
var nodeCounters = [...]struct {
	name  string
	value func(*vlib.Node) uint64
}{
	{"clocks", func(n *vlib.Node) uint64 { return uint64(n.Clocks) }},
	{"vectors", func(n *vlib.Node) uint64 { return n.Vectors }},
	{"calls", func(n *vlib.Node) uint64 { return n.Calls }},
	{"suspends", func(*vlib.Node) uint64 { return 0 }},
}

// nodeStats are the nodes' counters, with what the directory says of each node.
type nodeStats struct {
	names   *stats.Names
	vectors [len(nodeCounters)]*stats.Simple
	known   []string
	links   [][len(nodeCounters)]uint32
}

func (s *nodeStats) init(d *stats.Directory) {
	s.names = d.Names("/sys/node/names")
	for k, c := range nodeCounters {
		s.vectors[k] = d.SpareSimple("/sys/node/" + c.name)
	}
}

func (s *nodeStats) remove(d *stats.Directory) {
	if s.names == nil {
		return
	}
	d.Remove(s.names.Index())
	for _, v := range s.vectors {
		d.Remove(v.Index())
	}
	*s = nodeStats{}
}

// collect reads the nodes' counters; new and renamed nodes get their names in
// the directory.
func (s *nodeStats) collect(d *stats.Directory, nodes []*vlib.Node) {
	var changed []int
	for i, n := range nodes {
		if i >= len(s.known) || s.known[i] != n.Name {
			changed = append(changed, i)
		}
	}
	if len(changed) > 0 {
		d.Lock()
		s.rename(d, nodes, changed)
		d.Unlock()
	}
	for k, c := range nodeCounters {
		slots := s.vectors[k].Slots()
		for i, n := range nodes {
			slots[i] = c.value(n)
		}
	}
}

// rename takes all old names away before it adds the new ones: a name may have
// gone from one node to another.
func (s *nodeStats) rename(d *stats.Directory, nodes []*vlib.Node, changed []int) {
	for _, i := range changed {
		if i < len(s.known) {
			for _, link := range s.links[i] {
				d.Remove(link)
			}
		}
	}
	for len(s.known) < len(nodes) {
		s.known, s.links = append(s.known, ""), append(s.links, [len(nodeCounters)]uint32{})
	}
	for _, i := range changed {
		name := nodes[i].Name
		s.known[i] = name
		s.names.Set(uint32(i), name)
		for k, c := range nodeCounters {
			s.vectors[k].Validate(uint32(len(nodes) - 1))
			s.links[i][k] = d.Symlink("/nodes/"+strings.ReplaceAll(name, "/", "_")+"/"+c.name, s.vectors[k].Index(), uint32(i))
		}
	}
}
