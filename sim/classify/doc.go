// Package classify holds VPP's classifier tables: chains of hash tables whose
// keys are masked windows of a packet's first bytes (src/vnet/classify). Input
// and output ACLs, the ip4-classify nodes, flow classification and the trace
// and pcap filters of package vnet look packets up here.
//
// The package knows bytes, masks and sessions, and nothing of interfaces, nodes
// or FIB tables. Its user owns the tables; nothing here locks.
package classify
