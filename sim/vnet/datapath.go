package vnet

import "github.com/vpptwin/vpptwin/sim/vlib"

// datapath is the state of the forwarding nodes.
type datapath struct {
	// ip4Input and ip6Input are the nodes on which forwarding errors count:
	// most IP nodes raise the errors of their protocol's input node, as in VPP.
	ip4Input, ip6Input *vlib.Node
	// FlowHashRouterID is mixed into every flow hash, so that routers in a row
	// do not choose alike (ip_flow_hash_router_id).
	FlowHashRouterID uint32

	fragmentID uint32
	null       throttle
	udp        udpMain
	vxlan      vxlanMain
	urpf       urpfMain
	midchainTx *vlib.Node
	midchains  map[uint32]*midchain // by adjacency
	ipip       ipipMain
	gre        greMain
	teib       teibMain
	pmtu       pmtuMain
	// localProtocols are those that tunnels registered.
	localProtocols localProtocols
}

// addDatapathNodes registers the forwarding nodes.
func (m *Main) addDatapathNodes() {
	m.addEthernetNodes()
	m.addIP4InputNodes()
	m.addIP6InputNodes()
	m.addLookupNodes()
	m.addLinkLocalNodes()
	m.addRewriteNodes()
	m.addMidchainNodes()
	m.addMulticastNodes()
	m.addFragmentNodes()
	m.addNullNodes()
	m.addUDPNodes()
	m.addURPFNodes()
	m.addVXLANNodes()
	m.addIPIPNodes()
	m.addGRENodes()
}
