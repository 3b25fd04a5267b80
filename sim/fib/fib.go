package fib

import "net/netip"

// FIB holds the tables of one instance and everything they resolve to.
//
// Nodes read the pools; only the FIB changes them.
type FIB struct {
	// PathMTU, unless nil, limits the MTU in bytes of a neighbour's adjacency; 0 is
	// no limit.
	PathMTU func(p Proto, nextHop netip.Addr, swIf uint32) uint16
	// LoadBalances are what lookups return.
	LoadBalances Pool[LoadBalance]
	// Adjacencies are neighbours, gleans, multicast and midchain adjacencies.
	Adjacencies Pool[Adjacency]
	// Receives, Lookups and Replicates are the objects of their DPO types.
	Receives   Pool[Receive]
	Lookups    Pool[Lookup]
	Replicates Pool[Replicate]
	// Multicast holds the mfib entries that LookupMulticast4 and
	// LookupMulticast6 return.
	Multicast Pool[MEntry]

	// Counters holds what they forwarded.
	Counters Counters

	vector  *vector6 // working set of LookupVector6
	itf     Interfaces
	nodes   [numDPOTypes][numProtos]uint32
	sources []sourceInfo

	// What lookups use, by fib_index.
	v4 []*trie4
	v6 []*hash6
	// Multicast tables by mfib index.
	mtables [numProtos][]*MTable

	tables     [numProtos][]*Table // by fib_index; nil where free
	freeTables [numProtos][]uint32
	tableByID  [numProtos]map[uint32]uint32

	entries   Pool[entry]
	paths     Pool[path]
	pathLists Pool[pathList]
	trackers  Pool[tracker]
	forwards  Pool[forward]
	urpf      Pool[urpfList]

	listByPath  map[pathKey]uint32
	listByPaths map[string]uint32
	adjByKey    map[adjKey]uint32
	adjByItf    [][]uint32

	// Entries that import from other tables, and by what they import.
	importers map[uint32]*importer
	exports   map[exportKey][]uint32

	freeMTables [numProtos][]uint32
	mtableByID  [numProtos]map[uint32]uint32

	// Changes not yet carried through; see settle.
	pending         []uint32
	pendingTrackers []uint32
	pendingImports  []uint32
	settling        bool
	leaving         uint32 // interface being deleted, InvalidIndex for none

	scratchKeys    []pathKey
	scratchKey     []byte
	scratchChoices []choice
	scratchURPF    []uint32
}

// New returns a FIB with table 0 of each protocol, unicast and multicast, and
// their default entries.
func New(c Config) *FIB {
	f := &FIB{Counters: newCounters(c.Stats), itf: c.Interfaces, leaving: InvalidIndex, sources: append([]sourceInfo(nil), builtinSources[:]...),
		listByPath: map[pathKey]uint32{}, listByPaths: map[string]uint32{},
		adjByKey: map[adjKey]uint32{}}
	for t, perProto := range nodeNames {
		for p, name := range perProto {
			if name != "" {
				f.nodes[t][p] = c.Node(name)
			}
		}
	}
	for p := range numProtos {
		f.tableByID[p], f.mtableByID[p] = map[uint32]uint32{}, map[uint32]uint32{}
	}
	// The unused first load-balance is VPP's: index 0 is never an entry's.
	f.LoadBalances.alloc()
	f.Counters.loadBalance(0)
	for p := range numProtos {
		f.LockTable(p, 0, SourceDefaultRoute, "")
		f.LockMTable(p, 0, MSourceDefaultRoute, "")
	}
	return f
}

// Lookup4 returns the index of the load-balance that the longest prefix of
// addr, in host byte order, has in the IPv4 table. The table must exist.
func (f *FIB) Lookup4(fibIndex, addr uint32) uint32 { return f.v4[fibIndex].lookup(addr) }

// Lookup6 returns the index of the load-balance that the longest prefix of
// addr has in the IPv6 table. The table must exist.
func (f *FIB) Lookup6(fibIndex uint32, addr *[16]byte) uint32 { return f.v6[fibIndex].lookup(addr) }

// LoadBalance returns a load-balance by index.
func (f *FIB) LoadBalance(i uint32) *LoadBalance { return f.LoadBalances.At(i) }

// Adjacency returns an adjacency by index.
func (f *FIB) Adjacency(i uint32) *Adjacency { return f.Adjacencies.At(i) }

// Receive returns the object of a DPOReceive.
func (f *FIB) Receive(i uint32) *Receive { return f.Receives.At(i) }

// LookupDPO returns the object of a DPOLookup and its kin.
func (f *FIB) LookupDPO(i uint32) *Lookup { return f.Lookups.At(i) }

// Replicate returns the object of a DPOReplicate.
func (f *FIB) Replicate(i uint32) *Replicate { return f.Replicates.At(i) }

// MEntry returns a multicast entry by index.
func (f *FIB) MEntry(i uint32) *MEntry { return f.Multicast.At(i) }

// RPFInterfaces returns the interfaces by which packets of a load-balance may
// leave, and so by which a source that it resolves may come in; it is empty
// for drops and receives. The caller does not change it.
func (f *FIB) RPFInterfaces(lb *LoadBalance) []uint32 {
	if lb.URPF == InvalidIndex {
		return nil
	}
	return f.urpf.At(lb.URPF).itfs
}
