package vnet

import (
	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// SetUnnumbered makes an interface borrow owner's addresses, or stop. Both must
// be in the same tables, else ErrUnexpectedIntfState; ErrInvalidSwIfIndex names
// a missing borrower, ErrInvalidSwIfIndex2 a missing owner
// (vnet_sw_interface_update_unnumbered in src/vnet/interface.c).
func (m *Main) SetUnnumbered(swIf, owner uint32, on bool) error {
	i, err := m.mustInterface(swIf)
	if err != nil {
		return err
	}
	was := i.UnnumberedOwner != vlib.InvalidIndex
	if on {
		o := m.Interface(owner)
		if o == nil {
			return ErrInvalidSwIfIndex2
		}
		if i.FibIndex != o.FibIndex || i.MFibIndex != o.MFibIndex {
			return ErrUnexpectedIntfState
		}
		i.UnnumberedOwner = owner
	} else {
		i.UnnumberedOwner = vlib.InvalidIndex
	}
	if was != on {
		m.ipEnable(fib.IP4, swIf, on)
		m.ipEnable(fib.IP6, swIf, on)
	}
	m.FIB.InterfaceChanged(swIf)
	return nil
}
