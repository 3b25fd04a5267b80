package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A Backend can build a test bed (a cluster with VPP on each node, and the network around it) and run probes on it.
// Implementations embed Base, so that operations they lack answer with an UnsupportedError.
//
// A Backend is used by many goroutines at once: scenarios run in parallel, each with a Bed of its own.
type Backend interface {
	// Name is what `--backend` selects: a short lower-case word ("sim", "local", "kind", "hw").
	Name() string

	// Capabilities says what scenarios may ask of this backend's beds. A scenario that needs more is skipped, with
	// the reason; so a capability that is listed and then answers UnsupportedError is a bug of the backend.
	Capabilities() Capabilities

	// Within runs f once, in the backend's time, and returns when f has returned. A live backend just calls f. One with virtual
	// time runs f in a testing/synctest bubble, and therefore hands f a context of its own, made inside: f uses that one alone.
	// Open and every method of the Bed are called within f only, and the Bed is closed before f returns.
	//
	// t is the running test, or nil outside `go test`: a backend that needs one makes it itself then. f never calls t's
	// methods. The error says why f could not be run, or what went wrong around it (goroutines left behind, a deadlock); f's own outcome is
	// f's affair.
	Within(ctx context.Context, t *testing.T, f func(ctx context.Context)) error

	// Open builds the bed and returns when its nodes are ready for manifests: VPP inserted, agents running. Addresses and names in bed are
	// complete and valid: the runner has filled in defaults and checked references. On error nothing is left behind.
	Open(ctx context.Context, bed TestBed) (Bed, error)

	mustEmbedBase()
}

// A Bed is one running cluster. The runner calls its methods one at a time, with one exception: Inject, Apply and Delete may be called
// while Probe runs (a change during a probe).
// Implementations embed BaseBed.
type Bed interface {
	// Apply creates or updates the objects in the given order, as `kubectl apply` does: an object that exists already (same group,
	// kind, namespace and name) takes on the new content. Kinds the backend has no use for are stored
	// and otherwise ignored. Objects without a namespace, of a namespaced kind, carry "default" already. Apply does not wait for effects.
	Apply(ctx context.Context, objects []*unstructured.Unstructured) error

	// Delete removes objects, of which apiVersion, kind, namespace and name count, and what they own (a Deployment's pods).
	// An object that does not exist is an error.
	Delete(ctx context.Context, objects []*unstructured.Unstructured) error

	// Settle returns when nothing is left to do: every pod has its interfaces or has failed for good, every agent has
	// programmed what it knows, no API request is under way. The error names what did not settle within the backend's limit (in its own
	// time), e.g. `pod default/a on node2: CNI ADD eth1: ...`. A VPP or agent that is down on purpose does not count.
	Settle(ctx context.Context) error

	// Pods returns the pods of the cluster sorted by namespace and name, with the interfaces they have now.
	Pods(ctx context.Context) ([]PodStatus, error)

	// Probe sends the probes and returns one result for each, in their order. The backend may run them at once or one after the other. A packet that
	// does not arrive is a result, not an error; an error means that the probes could not be carried out.
	Probe(ctx context.Context, probes []Probe) ([]ProbeResult, error)

	// Inject makes one fault happen, or ends it, and returns when it has taken effect (a link is cut; a restarted process runs again),
	// not when others have reacted to it. Doing it twice (cutting a cut link) changes nothing.
	Inject(ctx context.Context, fault Fault) error

	// Dump returns the whole configuration of a node's VPP as text in VPP's CLI language: sorted, the same for the same configuration.
	Dump(ctx context.Context, node string) (string, error)

	// CLI runs one command of VPP's CLI on a node and returns its output.
	CLI(ctx context.Context, node, command string) (string, error)

	// APICalls returns how often each message of VPP's binary API was received by a node's VPP since the bed was opened (restarts
	// included), sorted by message name, once for each name. Messages that VPP understands and has not received have the count 0.
	APICalls(ctx context.Context, node string) ([]APICall, error)

	// Captures writes one pcapng file per interface, named NODE-INTERFACE.pcapng, into the existing directory dir.
	// Only beds opened with TestBed.Capture can.
	Captures(ctx context.Context, dir string) error

	// Close tears the bed down and leaves nothing behind. The error tells of anything the run left in disorder (an
	// agent that panicked, a leaked buffer); it makes the scenario fail.
	Close(ctx context.Context) error

	mustEmbedBase()
}

// APICall counts one message of VPP's binary API.
type APICall struct {
	Message string `json:"message"` // VPP's name without CRC, e.g. "ip_route_add_del"
	Count   int    `json:"count"`   // requests received
	Errors  int    `json:"errors"`  // of those, requests answered with a negative retval
	Write   bool   `json:"write"`   // whether the message changes state (not a dump, get, show or ping)
}

// A Capability is something that a backend may or may not be able to do.
type Capability string

// The capabilities. A scenario's needs follow from its topology and steps (Scenario.Needs); `needs:` in the file adds to them.
const (
	CapPath       Capability = "path"        // ProbeResult paths: where each packet went
	CapLinkFaults Capability = "link-faults" // FaultCut, FaultRestore, FaultQuality; link quality in the topology
	CapVPPFaults  Capability = "vpp-faults"  // crash, start and restart of VPP
	CapAgentFault Capability = "agent-fault" // crash, start and restart of the agent
	CapDump       Capability = "dump"        // Bed.Dump
	CapCLI        Capability = "cli"         // Bed.CLI
	CapAPICalls   Capability = "api-calls"   // Bed.APICalls
	CapCapture    Capability = "capture"     // Bed.Captures
	CapHosts      Capability = "hosts"       // outside hosts
	CapRouters    Capability = "routers"     // routers between segments, more than one segment
	CapIPv6       Capability = "ipv6"        // IPv6 nodes and probes
	CapMemif      Capability = "memif"       // pods that take part in probes through a memory interface
	CapTime       Capability = "virtual-time"
)

// AllCapabilities lists every capability there is, in the order of the documentation.
func AllCapabilities() []Capability {
	return []Capability{CapPath, CapLinkFaults, CapVPPFaults, CapAgentFault, CapDump, CapCLI, CapAPICalls, CapCapture,
		CapHosts, CapRouters, CapIPv6, CapMemif, CapTime}
}

// Capabilities is what a backend can do.
type Capabilities struct {
	Can      []Capability // in any order
	MaxNodes int          // most nodes in one bed; 0 means no limit
}

// Has reports whether c is among the capabilities.
func (cs Capabilities) Has(c Capability) bool { return slices.Contains(cs.Can, c) }

// Base is embedded in every Backend. BackendName is answered by Name and named in the errors of missing operations.
type Base struct{ BackendName string }

// Name returns BackendName.
func (b Base) Name() string { return b.BackendName }

// Capabilities returns none.
func (b Base) Capabilities() Capabilities { return Capabilities{} }

// Within calls f with ctx, on the real clock.
func (b Base) Within(ctx context.Context, _ *testing.T, f func(context.Context)) error {
	f(ctx)
	return nil
}

// Open returns an UnsupportedError.
func (b Base) Open(context.Context, TestBed) (Bed, error) {
	return nil, b.unsupported("opening a test bed")
}

func (b Base) unsupported(operation string) error {
	return &UnsupportedError{Backend: b.BackendName, Operation: operation}
}

func (Base) mustEmbedBase() {}

// BaseBed is embedded in every Bed: each method answers with an UnsupportedError, Close does nothing.
type BaseBed struct{ Base }

// Apply returns an UnsupportedError.
func (b BaseBed) Apply(context.Context, []*unstructured.Unstructured) error {
	return b.unsupported("applying manifests")
}

// Delete returns an UnsupportedError.
func (b BaseBed) Delete(context.Context, []*unstructured.Unstructured) error {
	return b.unsupported("deleting manifests")
}

// Settle returns an UnsupportedError.
func (b BaseBed) Settle(context.Context) error { return b.unsupported("waiting until settled") }

// Pods returns an UnsupportedError.
func (b BaseBed) Pods(context.Context) ([]PodStatus, error) {
	return nil, b.unsupported("listing pods")
}

// Probe returns an UnsupportedError.
func (b BaseBed) Probe(context.Context, []Probe) ([]ProbeResult, error) {
	return nil, b.unsupported("probing")
}

// Inject returns an UnsupportedError.
func (b BaseBed) Inject(_ context.Context, f Fault) error {
	return b.unsupported("fault " + string(f.Kind))
}

// Dump returns an UnsupportedError.
func (b BaseBed) Dump(context.Context, string) (string, error) {
	return "", b.unsupported("dumping VPP's configuration")
}

// CLI returns an UnsupportedError.
func (b BaseBed) CLI(context.Context, string, string) (string, error) {
	return "", b.unsupported("VPP's CLI")
}

// APICalls returns an UnsupportedError.
func (b BaseBed) APICalls(context.Context, string) ([]APICall, error) {
	return nil, b.unsupported("listing API calls")
}

// Captures returns an UnsupportedError.
func (b BaseBed) Captures(context.Context, string) error { return b.unsupported("packet capture") }

// Close does nothing.
func (b BaseBed) Close(context.Context) error { return nil }

// UnsupportedError is the answer of a backend to what it cannot do. It matches errors.ErrUnsupported.
type UnsupportedError struct {
	Backend   string
	Operation string
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s is not supported by backend %q", e.Operation, e.Backend)
}

// Unwrap returns errors.ErrUnsupported.
func (e *UnsupportedError) Unwrap() error { return errors.ErrUnsupported }
