package fakevpp

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// newDataPlane starts a data plane as VPP's init functions leave it.
func newDataPlane(o *options) (*vnet.Main, error) {
	dp, err := vnet.New(o.env)
	if err != nil {
		return nil, err
	}
	dp.SetWorkers(o.workers)
	dp.SetRuntimeDir(o.runtimeDir)
	for _, plugin := range o.disabled {
		if plugin != pingPlugin && o.catalog == nil { // else its messages are gone
			return nil, fmt.Errorf("disable plugin %q: the double can only do without %q", plugin, pingPlugin)
		}
	}
	if !o.loads(pingPlugin) {
		dp.DisablePing()
	}
	if o.load != nil {
		// What stands in for the executable is heard on the wire like VPP.
		dp.ReportListeners()
	}
	if o.load != nil && o.loads(unitTestPlugin) {
		dp.AddUnitTestNodes()
	}
	return dp, nil
}

// pingPlugin is the file name of VPP's ping plugin.
const pingPlugin = "ping_plugin.so"

// unitTestPlugin is that of VPP's unit tests. It is there only where the
// configuration decides on plugins.
const unitTestPlugin = "unittest_plugin.so"
