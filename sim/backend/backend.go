package backend

import (
	"context"
	"fmt"
	"runtime/debug"
	"testing"
	"testing/synctest"

	"github.com/vpptwin/vpptwin/scenarios"
)

// Backend is the backend `sim`. Its zero value is not ready: use New.
type Backend struct {
	scenarios.Base
	mutate Mutation
}

// New returns the backend.
func New() *Backend {
	return &Backend{Base: scenarios.Base{BackendName: "sim"}}
}

// Capabilities returns everything: nothing in sim needs hardware.
func (b *Backend) Capabilities() scenarios.Capabilities {
	return scenarios.Capabilities{Can: scenarios.AllCapabilities()}
}

// Within runs f in a testing/synctest bubble. A panic in f is returned as an
// error with its stack, so that one scenario cannot end a run of many.
func (b *Backend) Within(ctx context.Context, t *testing.T, f func(context.Context)) (err error) {
	if t == nil {
		// Outside go test there is no test to attach the bubble to; synctest only
		// asks a T for its name and for who failed.
		t = &testing.T{}
	}
	// Channels made outside a bubble do not count as blocking in it: the
	// outer context's end is left out, its values stay.
	ctx = context.WithoutCancel(ctx)
	synctest.Test(t, func(*testing.T) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		f(inner)
	})
	return err
}

// Open builds the bed.
func (b *Backend) Open(ctx context.Context, tb scenarios.TestBed) (scenarios.Bed, error) {
	return open(ctx, tb, b.mutate)
}
