package fakevpp

import "github.com/vpptwin/vpptwin/sim/vnet"

// newDataPlane starts a data plane as VPP's init functions leave it.
func newDataPlane(o *options) (*vnet.Main, error) {
	dp, err := vnet.New(o.env)
	if err == nil {
		dp.SetWorkers(o.workers)
	}
	return dp, err
}
