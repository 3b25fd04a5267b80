package main

import (
	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/backend"
)

// backends lists what --backend selects from; the first is the default.
func backends() []scenarios.Backend {
	return []scenarios.Backend{backend.New()}
}
