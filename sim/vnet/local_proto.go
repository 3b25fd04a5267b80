package vnet

import "github.com/vpptwin/vpptwin/sim/fib"

// localProtocols says by protocol of IP and by protocol above it in which slot
// of ip4-local or ip6-local the node stands that registered for it; 0 for none.
type localProtocols [2][256]uint16

// registerProtocol makes the named node handle a protocol of packets to the
// instance itself; they arrive with their IP header (ip4_register_protocol in
// src/vnet/ip/ip4_forward.c).
func (m *Main) registerProtocol(p fib.Proto, proto uint8, node string) {
	local := m.Graph.Node(p.String() + "-local")
	m.localProtocols[p][proto] = m.Graph.AddNext(local, node)
}

// registeredProtocol is the slot of a protocol that the nodes do not have built
// in: what nobody registered for is punted.
func (m *Main) registeredProtocol(p fib.Proto, proto uint8) uint16 {
	if slot := m.localProtocols[p][proto]; slot != 0 {
		return slot
	}
	return localNextPunt
}

// unregisterProtocol punts packets of the protocol, also of one that the
// instance handles by itself (ip4_unregister_protocol).
func (m *Main) unregisterProtocol(p fib.Proto, proto uint8) {
	m.localProtocols[p][proto] = localNextPunt
}
