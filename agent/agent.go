package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/agent/cni"
	"github.com/vpptwin/vpptwin/agent/types"
	"github.com/vpptwin/vpptwin/agent/vpp"
)

// Agent is the control plane of one node. It implements cni.Handler.
//
// Whoever changes what VPP should have holds the Agent's lock, a token in a channel: the Run loop and CNI calls take turns. (Not a mutex: one that waits for a mutex keeps a synctest bubble's
// clock from advancing, and VPP's answers may take virtual time.)
type Agent struct {
	config Config
	log    *slog.Logger
	lock   chan struct{}

	// With the lock.
	engine      *vpp.Engine
	uplinks     []*uplink
	hostRoutes  []netip.Prefix            // the pod ranges the host has routes to
	attachments map[string]*attachment    // by key
	networks    map[string]*types.Network // those that VPP has, by name
	refused     map[string]error          // networks that this node cannot have, by name
	suspects    map[string]bool           // what the last garbage collection found without a pod

	wake chan struct{} // holds a token when Run's loop has something to do

	mu      sync.Mutex // guards what follows; held only for moments
	ready   chan struct{}
	running bool // whether VPP is connected and has been programmed since
	busy    bool // whether a change is being waited for, or acted upon
	failure error
	changes chan struct{}
}

var _ cni.Handler = (*Agent)(nil)

// New returns an agent that does nothing until Run. The error says what is wrong with config.
func New(config Config) (*Agent, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	a := &Agent{
		config: config, log: config.Logger, lock: make(chan struct{}, 1), engine: vpp.NewEngine(),
		attachments: map[string]*attachment{}, networks: map[string]*types.Network{}, refused: map[string]error{},
		wake: make(chan struct{}, 1), ready: make(chan struct{}), busy: true,
	}
	a.lock <- struct{}{}
	return a, nil
}

// acquire takes the lock; the caller calls the function it returns.
func (a *Agent) acquire(ctx context.Context) (release func(), err error) {
	select {
	case <-a.lock:
		return func() { a.lock <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Settled says whether the agent is connected to VPP and has programmed everything it knows of: nothing failed, nothing is waiting (for
// the debounce time, or to be tried again). err names what failed last, nil if nothing did.
func (a *Agent) Settled() (settled bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.running && !a.busy && a.failure == nil && len(a.changes) == 0 && len(a.wake) == 0, a.failure
}

// Run works until ctx is done, then returns nil; it leaves no goroutine behind and does not touch VPP at the end: pods keep their
// network while no agent runs. An error says why it cannot work at all (an unreadable store). Run is called once.
func (a *Agent) Run(ctx context.Context) error {
	changes, cancel := a.config.Cluster.subscribe()
	defer cancel()
	a.mu.Lock()
	a.changes = changes
	a.mu.Unlock()
	records, err := a.config.Store.All()
	if err != nil {
		return fmt.Errorf("agent on %s: %w", a.config.NodeName, err)
	}
	if err := a.restore(records); err != nil {
		return fmt.Errorf("agent on %s: %w", a.config.NodeName, err)
	}
	if a.config.Cluster.wait(ctx) != nil {
		return nil // ctx is done
	}
	a.retry(ctx, "take the uplinks", func() error { return a.locked(ctx, func() error { return a.takeUplinks(ctx, records) }) })
	for ctx.Err() == nil {
		a.retry(ctx, "connect to VPP", func() error { return a.session(ctx, changes) })
	}
	return nil
}

// locked runs f with the lock.
func (a *Agent) locked(ctx context.Context, f func() error) error {
	release, err := a.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	return f()
}

// retry calls f until it succeeds or ctx is done, with growing pauses.
func (a *Agent) retry(ctx context.Context, what string, f func() error) {
	pause := a.config.Retry
	for ctx.Err() == nil {
		err := f()
		if err == nil || ctx.Err() != nil {
			return
		}
		a.fail(err)
		a.log.Warn("failed, will try again", "what", what, "pause", pause, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, maxBackoff*a.config.Retry)
	}
}

// maxBackoff bounds the growth of pauses.
const maxBackoff = 32

func (a *Agent) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failure = err
}

// restore reads the pods' interfaces from the Store.
func (a *Agent) restore(records map[string][]byte) error {
	for name, data := range records {
		if !strings.HasPrefix(name, attachmentRecord) {
			continue
		}
		t, err := parseAttachment(data)
		if err != nil {
			return err
		}
		a.attachments[t.key()] = t
	}
	return nil
}

// session works with one connection to VPP until it is lost. The error says why there was none.
func (a *Agent) session(ctx context.Context, changes chan struct{}) error {
	s, err := a.config.Connect(ctx)
	if err != nil {
		return fmt.Errorf("connect to VPP: %w", err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lost := make(chan struct{})
	go func() {
		defer close(lost)
		defer cancel() // requests under way end
		select {
		case <-s.Lost:
		case <-ctx.Done():
		}
	}()
	defer func() { cancel(); a.disconnected(); <-lost }()

	err = a.locked(ctx, func() error { return a.connected(ctx, s) })
	if !a.engine.Connected() {
		return err
	}
	a.loop(ctx, changes, err)
	return nil
}

// connected brings a VPP that we have just connected to into shape.
func (a *Agent) connected(ctx context.Context, s *Session) error {
	a.refresh(nil)
	err := a.engine.Sync(ctx, s.API)
	if !a.engine.Connected() {
		return err
	}
	err = errors.Join(err, a.applyHostSide(ctx))
	for _, key := range slices.Sorted(maps.Keys(a.attachments)) {
		t := a.attachments[key]
		if e := a.config.Host.Apply(ctx, t.NetNS, t.link()); e != nil {
			a.log.Warn("cannot configure a pod's interface", "pod", t.podName(), "interface", t.Interface, "err", e)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.running = true
	close(a.ready)
	return err
}

// disconnected takes note that VPP is gone: CNI calls wait.
func (a *Agent) disconnected() {
	<-a.lock // whoever has it cannot be held up: requests have ended
	a.engine.Disconnect()
	a.lock <- struct{}{}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.running {
		a.running, a.busy, a.ready = false, true, make(chan struct{})
	}
}

// loop acts upon changes until ctx is done. err is what is left to do again.
func (a *Agent) loop(ctx context.Context, changes chan struct{}, err error) {
	pause := a.config.Retry
	gc := time.NewTicker(a.config.GCInterval)
	defer gc.Stop()
	for {
		var again <-chan time.Time
		if err != nil {
			a.log.Warn("VPP is not as it should be, will try again", "pause", pause, "err", err)
			again = time.After(pause)
			pause = min(2*pause, maxBackoff*a.config.Retry)
		} else {
			pause = a.config.Retry
		}
		a.mu.Lock()
		a.busy, a.failure = false, err
		a.mu.Unlock()
		repair := false
		select {
		case <-ctx.Done():
			return
		case <-gc.C:
			a.collect(ctx)
			continue
		case <-again:
			repair = true
		case <-changes:
		case <-a.wake:
		}
		a.mu.Lock()
		a.busy = true
		a.mu.Unlock()
		if !a.debounce(ctx, changes) {
			return
		}
		err = a.locked(ctx, func() error { return a.reconcile(ctx, repair || err != nil) })
	}
}

// debounce lets changes gather.
func (a *Agent) debounce(ctx context.Context, changes chan struct{}) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(a.config.Debounce):
	}
	for _, c := range []chan struct{}{changes, a.wake} {
		select {
		case <-c:
		default:
		}
	}
	return true
}

// poke makes the loop reconcile.
func (a *Agent) poke() {
	select {
	case a.wake <- struct{}{}:
	default: // it will already
	}
}

// reconcile makes VPP and the host's routes follow the cluster.
func (a *Agent) reconcile(ctx context.Context, repair bool) error {
	var errs []error
	a.refresh(func(err error) { errs = append(errs, err) })
	if repair {
		errs = []error{a.engine.Repair()}
	}
	if !slices.Equal(a.hostRoutes, a.podRanges()) || repair {
		errs = append(errs, a.applyHostSide(ctx))
	}
	return errors.Join(errs...)
}

// Groups of things in the Engine.
const (
	nodeGroup    = "node"
	networkGroup = "network/"
	remoteGroup  = "remote/"
)

// refresh tells the Engine all that is wanted now, and failed about what VPP did not take.
func (a *Agent) refresh(failed func(error)) {
	apply := func(group string, s *vpp.State) {
		if err := a.engine.Apply(group, s); err != nil && failed != nil {
			failed(err)
		}
	}
	apply(nodeGroup, a.nodeState())
	networks := a.wantedNetworks()
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		s, err := a.networkState(networks[name])
		if err != nil {
			if a.refused[name] == nil || a.refused[name].Error() != err.Error() {
				a.log.Warn("network is not usable on this node", "network", name, "err", err)
			}
			a.refused[name] = err
			delete(networks, name)
			continue
		}
		delete(a.refused, name)
		apply(networkGroup+name, s)
	}
	for _, key := range slices.Sorted(maps.Keys(a.attachments)) {
		t := a.attachments[key]
		if a.engine.Group(t.group()) == nil || t.follow(networks[t.Network.Name]) {
			apply(t.group(), t.state())
		}
	}
	a.refreshRemotes(networks, apply)
	for _, name := range slices.Sorted(maps.Keys(a.networks)) {
		if networks[name] == nil {
			apply(networkGroup+name, nil)
		}
	}
	a.networks = networks
}

// follow adopts a changed definition of the network, and says whether there was a change.
func (t *attachment) follow(n *types.Network) bool {
	if n == nil || t.Network.Name == defaultNetwork || n.VNI == t.Network.VNI && slices.Equal(n.Ranges, t.Network.Ranges) {
		return false
	}
	t.Network = *n
	return true
}

// refreshRemotes joins the networks that have pods here with other nodes, and leaves alone those that have none.
func (a *Agent) refreshRemotes(networks map[string]*types.Network, apply func(string, *vpp.State)) {
	local := map[string]bool{defaultNetwork: true}
	for _, t := range a.attachments {
		local[t.Network.Name] = true
	}
	for name := range a.networks {
		if (networks[name] == nil || !local[name]) && a.engine.Group(remoteGroup+name) != nil {
			apply(remoteGroup+name, nil)
		}
	}
	apply(remoteGroup+defaultNetwork, a.remoteState(&types.Network{Name: defaultNetwork}))
	for _, name := range slices.Sorted(maps.Keys(networks)) {
		if local[name] {
			apply(remoteGroup+name, a.remoteState(networks[name]))
		}
	}
}

// wantedNetworks are all usable Networks, and those that are gone but still have pods here, as they were.
func (a *Agent) wantedNetworks() map[string]*types.Network {
	networks := map[string]*types.Network{}
	for _, n := range a.config.Cluster.usable() {
		networks[n.Name] = &n
	}
	for _, t := range a.attachments {
		if t.Network.Name != defaultNetwork && networks[t.Network.Name] == nil {
			networks[t.Network.Name] = &t.Network
		}
	}
	return networks
}
