// Package vlib is the vector graph under the data plane: buffers, nodes that
// pass vectors of buffers to one another, per-node error counters and typed
// packet traces. It carries the names and the model of VPP's vlib
// (src/vlib/node.h, src/vlib/buffer.h, src/vlib/trace.h), so that what a user
// knows of `show node`, `show errors` and `show trace` holds here.
//
// The package knows nothing of interfaces, addresses or protocols; package
// vnet supplies the nodes. A Graph belongs to one owner at a time and takes no
// locks: whoever owns the data-plane instance may call it.
package vlib
