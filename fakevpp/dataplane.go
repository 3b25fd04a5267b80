package fakevpp

import "github.com/vpptwin/vpptwin/sim/vnet"

// newDataPlane starts a data plane as VPP's init functions leave it.
func newDataPlane(o *options) (*vnet.Main, error) { return vnet.New(o.env) }
