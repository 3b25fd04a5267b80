package fakevpp_test

import (
	"testing"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp"
)

// The embedded API must not cost more at start than a process may take to its
// first reply.
func TestAPI2606Starts(t *testing.T) {
	start := time.Now()
	v, err := fakevpp.New(fakevpp.API2606())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %v", time.Since(start))
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkStartAPI2606(b *testing.B) {
	for b.Loop() {
		v, err := fakevpp.New(fakevpp.API2606())
		if err != nil {
			b.Fatal(err)
		}
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
