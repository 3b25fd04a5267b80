package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vpptwin/vpptwin/internal/fakebackend"
	"github.com/vpptwin/vpptwin/scenarios"
)

// TestMain makes `vpptwin` a command of the scripts: the real command line on a backend without packets. With BROKEN=1 that backend loses every packet
// to pod b.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"vpptwin": func() {
			b := fakebackend.New()
			if os.Getenv("BROKEN") != "" {
				b.Spoil = losePacketsToB
			}
			if os.Getenv("LIMITED") != "" {
				b.Can = []scenarios.Capability{scenarios.CapIPv6}
			}
			a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, backends: []scenarios.Backend{b}}
			os.Exit(a.execute(context.Background(), os.Args[1:]))
		},
	})
}

func losePacketsToB(p scenarios.Probe, r *scenarios.ProbeResult) {
	if p.To.Name != "b" {
		return
	}
	for i := range r.Packets {
		path := r.Packets[i].Path
		path = append(path[:len(path)-1], scenarios.Hop{Kind: scenarios.HopDropped, Where: "node2", Reason: "vxlan4-input: no such tunnel"})
		r.Packets[i] = scenarios.PacketResult{TTL: p.TTL, Path: path}
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}
