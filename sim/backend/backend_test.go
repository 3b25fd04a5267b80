package backend_test

import (
	"testing"

	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/backend"
)

// TestLibrary runs every scenario that ships with the product.
func TestLibrary(t *testing.T) {
	t.Parallel()
	scenarios.Run(t, backend.New(), scenarios.Library())
}
