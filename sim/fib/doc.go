// Package fib is the forwarding information base: tables of prefixes per
// address family, entries with paths from several sources, recursive
// resolution, and what they compile to: load-balances whose buckets are
// data-path objects (DPOs), adjacencies among them. Its words are VPP's
// (src/vnet/fib, src/vnet/dpo, src/vnet/adj).
//
// It knows interfaces only through the Interfaces contract and graph nodes
// only as indexes it was given, so it imports neither vnet nor vlib. A FIB
// belongs to one owner at a time and takes no locks. Lookups allocate nothing;
// changes rewrite load-balances and adjacencies in place while no packet runs.
package fib
