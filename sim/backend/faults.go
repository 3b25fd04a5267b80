package backend

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/fakevpp/schema"
	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/vnet"
	"github.com/vpptwin/vpptwin/sim/world"
)

// Mutation breaks VPPs on purpose, so that a test can prove that scenarios
// notice. The zero value breaks nothing.
type Mutation struct {
	// API is called once for each node's VPP before its agent connects, to
	// install interceptions.
	API func(node string, v *fakevpp.VPP)
	// DataPlane is called for each life of each node's data plane, with
	// ownership of it.
	DataPlane func(node string, dp *vnet.Main)
}

// NewMutated returns a backend whose VPPs are broken by m.
func NewMutated(m Mutation) *Backend {
	b := New()
	b.mutate = m
	return b
}

// Inject makes one fault happen.
func (b *bed) Inject(ctx context.Context, f scenarios.Fault) error {
	switch f.Kind {
	case scenarios.FaultCut, scenarios.FaultRestore, scenarios.FaultQuality:
		return b.linkFault(f)
	}
	n := b.nodes[f.Node]
	if n == nil {
		return fmt.Errorf("fault %s: no node %q", f.Kind, f.Node)
	}
	switch f.Kind {
	case scenarios.FaultVPPCrash:
		n.crashVPP()
	case scenarios.FaultVPPStart:
		if n.vpp.DataPlane() == nil {
			return n.restartVPP()
		}
	case scenarios.FaultVPPRestart:
		n.crashVPP()
		return n.restartVPP()
	case scenarios.FaultAgentCrash:
		n.stopAgent()
	case scenarios.FaultAgentStart:
		return n.startAgent(b.ctx)
	case scenarios.FaultAgentRestart:
		n.stopAgent()
		return n.startAgent(b.ctx)
	default:
		return fmt.Errorf("unknown fault %q", f.Kind)
	}
	return ctx.Err()
}

// crashVPP ends the VPP.
func (n *node) crashVPP() { n.vpp.Crash() }

// restartVPP starts a crashed VPP, empty.
func (n *node) restartVPP() error {
	if err := n.vpp.Restart(); err != nil {
		return err
	}
	n.life.Add(1)
	n.watchVPP()
	return nil
}

// linkFault cuts, restores or impairs the links of an owner to a segment.
func (b *bed) linkFault(f scenarios.Fault) error {
	links := b.linksOf(f.Owner, f.Segment)
	if len(links) == 0 {
		return fmt.Errorf("fault %s: no link of %q to segment %q", f.Kind, f.Owner, f.Segment)
	}
	for _, l := range links {
		switch f.Kind {
		case scenarios.FaultCut:
			l.Cut()
		case scenarios.FaultRestore:
			l.Restore()
		default:
			for _, d := range []world.Direction{world.AToB, world.BToA} {
				if err := l.SetImpairment(d, impairment(f.Quality)); err != nil {
					return fmt.Errorf("link %s: %w", l.Name(), err)
				}
			}
		}
	}
	return nil
}

// linksOf lists links in a fixed order; an empty owner or segment means every
// one.
func (b *bed) linksOf(owner, segment string) []*world.Link {
	keys := slices.SortedFunc(maps.Keys(b.links), func(x, y linkKey) int {
		return strings.Compare(x.owner+" "+x.segment, y.owner+" "+y.segment)
	})
	var out []*world.Link
	for _, k := range keys {
		if (owner == "" || owner == k.owner) && (segment == "" || segment == k.segment) {
			out = append(out, b.links[k]...)
		}
	}
	return out
}

// Dump returns the configuration of a node's VPP.
func (b *bed) Dump(_ context.Context, name string) (string, error) {
	n, err := b.runningVPP(name)
	if err != nil {
		return "", err
	}
	return n.vpp.Dump()
}

// CLI runs one command of VPP's CLI.
func (b *bed) CLI(_ context.Context, name, command string) (string, error) {
	n, err := b.runningVPP(name)
	if err != nil {
		return "", err
	}
	return n.vpp.CLI(command)
}

func (b *bed) runningVPP(name string) (*node, error) {
	n := b.nodes[name]
	if n == nil {
		return nil, fmt.Errorf("no node %q", name)
	}
	if n.vpp.DataPlane() == nil {
		return nil, fmt.Errorf("vpp of %s is down", name)
	}
	return n, nil
}

// APICalls counts the messages a node's VPP received in all its lives.
func (b *bed) APICalls(_ context.Context, name string) ([]scenarios.APICall, error) {
	n := b.nodes[name]
	if n == nil {
		return nil, fmt.Errorf("no node %q", name)
	}
	calls, err := knownMessages()
	if err != nil {
		return nil, err
	}
	for _, m := range n.vpp.Coverage().Messages { // one for each version
		call := calls[m.Name]
		call.Message, call.Write = m.Name, isWrite(m.Name)
		call.Count += int(m.Calls)
		for retval, count := range m.Results {
			if retval < 0 {
				call.Errors += int(count)
			}
		}
		calls[m.Name] = call
	}
	return slices.SortedFunc(maps.Values(calls), func(x, y scenarios.APICall) int { return strings.Compare(x.Message, y.Message) }), nil
}

// knownMessages lists the requests that a VPP here understands.
func knownMessages() (map[string]scenarios.APICall, error) {
	sources, err := schema.Bindings()
	if err != nil {
		return nil, fmt.Errorf("list the messages of VPP's API: %w", err)
	}
	calls := map[string]scenarios.APICall{}
	for _, s := range sources {
		for _, m := range s.Messages {
			if !strings.HasSuffix(m.Name, "_reply") && !strings.HasSuffix(m.Name, "_details") {
				calls[m.Name] = scenarios.APICall{Message: m.Name, Write: isWrite(m.Name)}
			}
		}
	}
	return calls, nil
}

// isWrite says whether a message changes state, by its name, as VPP names them.
func isWrite(name string) bool {
	for _, suffix := range []string{"_dump", "_get", "_details"} {
		if strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_v2"), "_v3"), suffix) {
			return false
		}
	}
	if strings.Contains(name, "_get_") {
		return false
	}
	for _, prefix := range []string{"show_", "get_", "sockclnt_", "control_ping", "api_versions", "want_", "cli"} {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	return true
}

// Captures writes what was recorded since the bed was opened.
func (b *bed) Captures(_ context.Context, dir string) error {
	if b.rec.capture == nil {
		return errors.New("captures were not asked for when the test bed was opened")
	}
	b.rec.mu.Lock()
	defer b.rec.mu.Unlock()
	return b.rec.capture.write(dir)
}
