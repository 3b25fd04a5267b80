package backend

import (
	"context"
	"fmt"
	"testing"

	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/world"
)

func TestDebug(t *testing.T) {
	s, err := scenarios.Load(scenarios.Library(), "isolation-same-range.yaml")
	if err != nil {
		t.Fatal(err)
	}
	debugHook = func(e world.Event) {
		if e.Frame.Trace != 0 {
			info, c := describeFrame(e.Frame.Data, e.L3)
			fmt.Printf("%v %d %s/%s %v %s l3=%v class=%d %v len=%d\n", e.Frame.Trace, e.Kind, e.Node, e.Interface, e.Verdict, e.Reason, e.L3, c, info, len(e.Frame.Data))
		}
	}
	v := scenarios.Execute(context.Background(), New(), s, scenarios.Options{T: t}, scenarios.Quiet{})
	fmt.Println(v.Status)
}
