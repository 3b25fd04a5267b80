package vnet

import (
	"sync/atomic"

	"github.com/vpptwin/vpptwin/sim/packet"
)

// lateReceiver is the receiver a port gets before its interface exists: the
// environment opens the Linux side first, so that a failure leaves no trace,
// and nothing is received in between.
type lateReceiver struct{ i atomic.Pointer[Interface] }

func (r *lateReceiver) attach(i *Interface) { r.i.Store(i) }

// Receive passes on to the interface.
func (r *lateReceiver) Receive(frames ...packet.Frame) {
	if i := r.i.Load(); i != nil {
		i.Receive(frames...)
	}
}

// SetLink passes on to the interface.
func (r *lateReceiver) SetLink(up bool) {
	if i := r.i.Load(); i != nil {
		i.SetLink(up)
	}
}
