// Package vnet is one instance of the emulated data plane: its interfaces,
// feature arcs, neighbours, tunnels and the graph nodes that packets visit, on
// top of vlib (graph) and fib (routes). Names of nodes, arcs, interfaces and
// error counters are VPP's (src/vnet).
//
// fakevpp's handlers change an instance through the exported methods of Main;
// drivers feed it through Interface.Receive. The package must not know of API
// messages, Kubernetes or the world outside its ports.
package vnet
