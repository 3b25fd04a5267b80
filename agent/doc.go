// Package agent is the control plane of a node: it watches Kubernetes objects, answers the CNI calls of the node's pods, and programs the
// node's VPP through govpp so that both come true.
//
// There is one Agent per node. It is made with New and works while Run runs:
//
//   - it inserts VPP between the node's uplinks and its Linux (the host gets a tap with the uplink's name, addresses and routes);
//   - it gives each Network (projectcalico.org/v3) tables of its own, so that ranges and addresses may overlap between networks;
//   - it creates pod interfaces when CNIAdd is called, once per (pod, interface), as Multus does;
//   - it joins the nodes: one VXLAN tunnel per (remote node, network, address family) with the network's VNI, and routes to remote pods.
//
// All of this is stated as desired state (package agent/vpp: tables, interfaces, routes ...) and compared with what VPP reports; only the
// difference is sent. So a restarted agent sends nothing to a VPP that is right, a restarted VPP gets everything, and a CNI call
// that fails half-way is undone by going back to the state without that pod.
//
// Agents in one process share a Cluster, which holds the Kubernetes informers and the indexes over them.
//
// Package agent uses only package time for time, starts no goroutine that outlives Run, and does no blocking I/O of its own, so that
// it runs in a testing/synctest bubble when its connections do. It must not know what serves the VPP API: it never imports the double.
//
// # State
//
// What a pod was given lives in the Store (a directory in reality), because neither Kubernetes nor VPP holds all of it: the network
// namespace, the container id, the queues. It is written before VPP is told. Addresses of networks are reserved cluster-wide
// (package agent/ipam), those of the default network come from the Node's podCIDRs and are kept in the Store.
package agent
