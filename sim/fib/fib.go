package fib

// FIB holds the tables of one instance and everything they resolve to.
//
// Nodes read the pools; only the FIB changes them.
type FIB struct {
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

	itf   Interfaces
	nodes [numDPOTypes][numProtos]uint32

	v4 []*trie4  // by fib_index
	v6 []*hash6  // by fib_index
	m4 []*mtable // by mfib index
	m6 []*mtable // by mfib index

	vias Pool[Via]
	urpf Pool[urpfList]
}

// New returns a FIB with table 0 of each protocol, unicast and multicast, and
// their default entries.
func New(c Config) *FIB {
	f := &FIB{itf: c.Interfaces}
	for t, perProto := range nodeNames {
		for p, name := range perProto {
			if name != "" {
				f.nodes[t][p] = c.Node(name)
			}
		}
	}
	return f
}

// Lookup4 returns the index of the load-balance that the longest prefix of
// addr, in host byte order, has in the IPv4 table. The table must exist.
func (f *FIB) Lookup4(fibIndex, addr uint32) uint32 { return f.v4[fibIndex].lookup(addr) }

// Lookup6 returns the index of the load-balance that the longest prefix of
// addr has in the IPv6 table. The table must exist.
func (f *FIB) Lookup6(fibIndex uint32, addr *[16]byte) uint32 { return f.v6[fibIndex].lookup(addr) }

// LookupMulticast4 returns the index in Multicast of the entry for a group and
// source, in host byte order: the longest of (S,G), (*,G) and (*,G/m). There
// always is one, the table's default entry.
func (f *FIB) LookupMulticast4(mfibIndex, group, source uint32) uint32 {
	return f.m4[mfibIndex].lookup4(group, source)
}

// LookupMulticast6 is LookupMulticast4 for IPv6.
func (f *FIB) LookupMulticast6(mfibIndex uint32, group, source *[16]byte) uint32 {
	return f.m6[mfibIndex].lookup6(group, source)
}

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
func (f *FIB) RPFInterfaces(lb *LoadBalance) []uint32 { return f.urpf.At(lb.URPF).itfs }

// CountVia adds a packet to what reached the load-balance through another one.
func (f *FIB) CountVia(lb, packets uint32, bytes uint64) {
	v := f.vias.At(lb)
	v.Packets += uint64(packets)
	v.Bytes += bytes
}

// urpfList is a list of interfaces shared by the load-balances of a path-list.
type urpfList struct {
	itfs  []uint32
	locks uint32
}

// InterfaceChanged tells the FIB that the interface's admin state, MTU, output
// node, output features or kind may have changed.
func (f *FIB) InterfaceChanged(swIf uint32) {}

// InterfaceDeleted tells the FIB that the interface is about to go: paths that
// leave by it become drops and its adjacencies go with their users.
func (f *FIB) InterfaceDeleted(swIf uint32) {}

// SetRewrite completes a neighbour adjacency with the header to put in front,
// or makes it incomplete again when header is nil and complete is false
// (adj_nbr_update_rewrite).
func (f *FIB) SetRewrite(adj uint32, complete bool, header []byte) {}

// SetMidchain makes an adjacency a midchain: header is put in front, fixup
// finishes it, and the packet goes to stacked (adj_nbr_midchain_update_rewrite
// and _stack). Call it again when stacked changes.
func (f *FIB) SetMidchain(adj uint32, header []byte, fixup Fixup, stacked DPO) {}

// Drop returns the protocol's drop object.
func (f *FIB) Drop(p Proto) DPO { return DPO{Type: DPODrop, Proto: p, Node: f.nodes[DPODrop][p]} }
