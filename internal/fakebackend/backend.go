// Package fakebackend is a scenario backend without packets, for tests of the runner and of the command line: it places pods, gives them
// addresses, and makes up the results that an ideal network would give. Tests then spoil those results and see whether a step notices.
//
// It knows nothing of VPP and must not be used to judge scenarios.
package fakebackend

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/vpptwin/vpptwin/scenarios"
)

// Backend is the fake backend. Its fields are set before use.
type Backend struct {
	scenarios.Base
	Can []scenarios.Capability // nil: everything

	// Spoil changes the ideal result of a probe; nil leaves it. It may be called from several goroutines.
	Spoil func(p scenarios.Probe, r *scenarios.ProbeResult)
	// SettleError and CloseError are what Settle and Close return.
	SettleError, CloseError error
	// DumpText is what Dump and CLI return, by node; one line for all others.
	DumpText map[string]string

	mu     sync.Mutex
	faults []scenarios.Fault
}

// New returns a backend that can do everything and is ideal.
func New() *Backend { return &Backend{Base: scenarios.Base{BackendName: "fake"}} }

// Faults returns the faults injected into all beds so far.
func (b *Backend) Faults() []scenarios.Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.faults)
}

// Capabilities returns Can.
func (b *Backend) Capabilities() scenarios.Capabilities {
	if b.Can == nil {
		return scenarios.Capabilities{Can: scenarios.AllCapabilities()}
	}
	return scenarios.Capabilities{Can: b.Can, MaxNodes: 3}
}

// Within calls f.
func (b *Backend) Within(ctx context.Context, _ *testing.T, f func(context.Context)) error {
	f(ctx)
	return nil
}

// Open returns a bed.
func (b *Backend) Open(_ context.Context, tb scenarios.TestBed) (scenarios.Bed, error) {
	sched := &scenarios.Scheduler{}
	for _, n := range tb.Nodes {
		sched.Nodes = append(sched.Nodes, n.Name)
	}
	return &bed{BaseBed: scenarios.BaseBed{Base: b.Base}, b: b, tb: tb, scheduler: sched, networks: map[string]string{}, ranges: map[string][]netip.Prefix{},
		next: map[string]int{}, calls: 1}, nil
}

type bed struct {
	scenarios.BaseBed
	b         *Backend
	tb        scenarios.TestBed
	scheduler *scenarios.Scheduler

	mu       sync.Mutex
	pods     []scenarios.PodStatus
	owners   []string                  // of each pod: "Kind/name" of its workload
	networks map[string]string         // Network by attachment definition
	ranges   map[string][]netip.Prefix // by Network
	next     map[string]int            // last ordinal used, by Network
	calls    int
}

// Apply learns networks and places pods at once.
func (b *bed) Apply(_ context.Context, objects []*unstructured.Unstructured) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range objects {
		b.calls++
		switch o.GetKind() {
		case "Network":
			text, _, _ := unstructured.NestedString(o.Object, "spec", "range")
			var ranges []netip.Prefix
			for part := range strings.SplitSeq(text, ",") {
				ranges = append(ranges, netip.MustParsePrefix(strings.TrimSpace(part)))
			}
			b.ranges[o.GetName()] = ranges
		case "NetworkAttachmentDefinition":
			text, _, _ := unstructured.NestedString(o.Object, "spec", "config")
			_, after, _ := strings.Cut(text, `"network_name":`)
			var name string
			if err := json.NewDecoder(strings.NewReader(after)).Decode(&name); err != nil {
				return fmt.Errorf("%s: %w", o.GetName(), err)
			}
			b.networks[o.GetName()] = name
		case "Pod":
			b.place(o, "")
		}
		pods, err := scenarios.Expand(o, b.scheduler.Nodes)
		if err != nil {
			return err
		}
		if scenarios.IsWorkload(o) {
			b.forget(o.GetKind() + "/" + o.GetName())
		}
		for _, p := range pods {
			b.place(p, o.GetKind()+"/"+o.GetName())
		}
	}
	return nil
}

func (b *bed) place(o *unstructured.Unstructured, owner string) {
	p := scenarios.PodStatus{Namespace: o.GetNamespace(), Name: o.GetName(), Phase: "Running"}
	if err := b.scheduler.Assign(o); err != nil {
		p.Phase, p.Message = "Pending", err.Error()
	}
	p.Node, _, _ = unstructured.NestedString(o.Object, "spec", "nodeName")
	p.Interfaces = append(p.Interfaces, b.connect("eth0", ""))
	for i, part := range strings.Split(o.GetAnnotations()["k8s.v1.cni.cncf.io/networks"], ",") {
		nad, name, named := strings.Cut(strings.TrimSpace(part), "@")
		if nad == "" {
			continue
		}
		if !named {
			name = fmt.Sprintf("net%d", i+1)
		}
		p.Interfaces = append(p.Interfaces, b.connect(name, b.networks[nad]))
	}
	b.pods, b.owners = append(b.pods, p), append(b.owners, owner)
}

// connect gives an interface the next address of each of its network's ranges.
func (b *bed) connect(name, network string) scenarios.PodInterface {
	ranges := b.ranges[network]
	if network == "" {
		ranges = b.tb.Nodes[0].PodSubnets
	}
	b.next[network]++
	i := scenarios.PodInterface{Name: name, Network: network}
	for _, r := range ranges {
		a := r.Addr()
		for range b.next[network] {
			a = a.Next()
		}
		i.Addresses = append(i.Addresses, a)
	}
	return i
}

func (b *bed) forget(owner string) {
	for i := len(b.pods) - 1; i >= 0; i-- {
		if b.owners[i] == owner {
			b.pods, b.owners = slices.Delete(b.pods, i, i+1), slices.Delete(b.owners, i, i+1)
		}
	}
}

// Delete removes pods and workloads.
func (b *bed) Delete(_ context.Context, objects []*unstructured.Unstructured) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range objects {
		b.forget(o.GetKind() + "/" + o.GetName())
		if i := slices.IndexFunc(b.pods, func(p scenarios.PodStatus) bool { return o.GetKind() == "Pod" && p.Name == o.GetName() }); i >= 0 {
			b.pods, b.owners = slices.Delete(b.pods, i, i+1), slices.Delete(b.owners, i, i+1)
		}
	}
	return nil
}

func (b *bed) Settle(context.Context) error { return b.b.SettleError }

func (b *bed) Close(context.Context) error { return b.b.CloseError }

func (b *bed) Pods(context.Context) ([]scenarios.PodStatus, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.pods), nil
}

func (b *bed) Inject(_ context.Context, f scenarios.Fault) error {
	b.b.mu.Lock()
	defer b.b.mu.Unlock()
	b.b.faults = append(b.b.faults, f)
	return nil
}

func (b *bed) Dump(_ context.Context, node string) (string, error) {
	if text, ok := b.b.DumpText[node]; ok {
		return text, nil
	}
	return "set interface state host-eth0 up\n", nil
}

func (b *bed) CLI(_ context.Context, node, command string) (string, error) {
	return command + "\n" + b.b.DumpText[node], nil
}

func (b *bed) APICalls(context.Context, string) ([]scenarios.APICall, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return []scenarios.APICall{{Message: "ip_route_add_del", Count: b.calls, Write: true}, {Message: "show_version", Count: 1}}, nil
}

func (b *bed) Captures(_ context.Context, dir string) error {
	return os.WriteFile(filepath.Join(dir, "node1-eth0.pcapng"), nil, 0o644)
}

// Probe makes up results: a packet is received and answered if both ends are in one network.
func (b *bed) Probe(_ context.Context, probes []scenarios.Probe) ([]scenarios.ProbeResult, error) {
	var out []scenarios.ProbeResult
	for _, p := range probes {
		r := b.ideal(p)
		if b.b.Spoil != nil {
			b.b.Spoil(p, &r)
		}
		out = append(out, r)
	}
	return out, nil
}

const rtt = 2 * time.Millisecond
