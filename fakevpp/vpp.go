// Package fakevpp is a double of VPP's binary API. Unmodified VPP clients talk
// to it, in process (VPP.Connect, VPP.Adapter) or over VPP's unix socket
// (VPP.Listen), and what they program takes effect in an emulated data plane
// (package sim/vnet) that packets cross.
//
// The double speaks the API of the govpp bindings that are linked into the
// program, whatever VPP versions they were generated from. A message that no
// handler implements is answered with VPP's UNIMPLEMENTED error and shows in
// VPP.Coverage; nothing is pretended. Tests see, delay, change and fail
// messages with VPP.Intercept, and crash and restart the VPP.
//
// Handlers translate messages into state of the data plane, one file per API
// family. The package must not know of Kubernetes or of scenarios.
package fakevpp

import (
	"errors"
	"fmt"
	"sync"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ErrDown says that the VPP has crashed or was closed.
var ErrDown = errors.New("vpp is down")

// VPP is one double: a VPP process with its data plane and API clients. Its
// methods may be called from any goroutine.
type VPP struct {
	opts  options
	table *table

	// gate is held for reading while a message is served, for writing while
	// the instance comes up or goes down.
	gate sync.RWMutex
	dp   *vnet.Main // nil while down
	fam  families
	up   chan struct{} // closed while the VPP runs
	life sync.Mutex    // one crash, restart or close at a time

	// Guarded by the ownership of dp.
	inCall bool
	posted []posted // events to send after the call's reply

	subs    subscriptions
	clients clients
	sockets sockets
	stats   statsServer // guarded by life
	punt    *puntUnix   // nil without a punt socket; guarded by life
	rules   rules
	history history
	traces  apiTraces
	log     logBook
}

// New starts a VPP. It listens on no socket until Listen is called; Close
// stops it.
func New(opts ...Option) (*VPP, error) {
	o := options{name: "vpp", calls: 4096, version: defaultVersion}
	for _, opt := range opts {
		opt.apply(&o)
	}
	t, err := tableOf(&o)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", o.name, err)
	}
	v := &VPP{opts: o, table: t, up: make(chan struct{})}
	v.history.init(o.calls, len(t.entries))
	if err := v.boot(); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.name, err)
	}
	return v, nil
}

// boot brings up an empty data plane.
func (v *VPP) boot() error {
	dp, err := newDataPlane(&v.opts)
	if err != nil {
		return err
	}
	v.gate.Lock()
	defer v.gate.Unlock()
	v.dp, v.fam, v.inCall, v.posted = dp, families{}, false, nil
	dp.WatchInterfaces(v.interfaceChanged)
	dp.WatchNeighbors(v.neighborChanged)
	dp.WatchRouters(v.routerAdvertised)
	dp.WatchDAD(v.dadChanged)
	v.punt.attach(dp)
	v.log.start(v.opts.log)
	v.traces.start(v.table, v.opts.traceItems)
	v.saveAPITable()
	close(v.up)
	return nil
}

// Name returns the name given with the option Name.
func (v *VPP) Name() string { return v.opts.name }

// DataPlane returns the data plane, or nil while the VPP is down. After a
// restart it is another one.
func (v *VPP) DataPlane() *vnet.Main {
	v.gate.RLock()
	defer v.gate.RUnlock()
	return v.dp
}

// Crash ends the VPP as a SIGKILL would: its state is gone, clients see their
// sockets close, in-process connections fail, new ones are refused. It does
// nothing if the VPP is down.
func (v *VPP) Crash() {
	v.life.Lock()
	defer v.life.Unlock()
	if err := v.halt("vpp crashed"); err != nil {
		v.logf(levelError, "vpp", "crash: %v", err)
	}
}

// halt takes the data plane away and drops all clients.
func (v *VPP) halt(reason string) error {
	v.gate.Lock()
	dp := v.dp
	if dp != nil {
		v.dp, v.up = nil, make(chan struct{})
	}
	v.gate.Unlock()

	v.sockets.close()
	for _, cl := range v.clients.all() {
		v.drop(cl, "%s", reason)
	}
	if dp == nil {
		return nil
	}
	err := dp.Close()
	return errors.Join(err, v.closeStats(dp))
}

// Restart crashes the VPP if it runs, starts it with empty state and listens
// again on the paths it listened on.
func (v *VPP) Restart() error {
	v.life.Lock()
	defer v.life.Unlock()
	if err := v.halt("vpp restarted"); err != nil {
		v.logf(levelError, "vpp", "crash: %v", err)
	}
	if err := v.boot(); err != nil {
		return fmt.Errorf("restart %s: %w", v.opts.name, err)
	}
	for _, path := range v.sockets.paths() {
		if err := v.listen(path); err != nil {
			return fmt.Errorf("restart %s: %w", v.opts.name, err)
		}
	}
	if v.stats.path != "" {
		if err := v.listenStats(v.stats.path); err != nil {
			return fmt.Errorf("restart %s: %w", v.opts.name, err)
		}
	}
	return nil
}

// Close stops the VPP, removes its sockets and waits for its goroutines. It
// must not be called from a hook of an interception.
func (v *VPP) Close() error {
	v.life.Lock()
	err := v.halt("vpp closed")
	v.punt.close()
	v.sockets.remove()
	v.removeStats()
	v.life.Unlock()
	v.sockets.wait.Wait()
	if err != nil {
		return fmt.Errorf("close %s: %w", v.opts.name, err)
	}
	return nil
}
