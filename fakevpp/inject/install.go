package inject

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// Process is what faults of the whole process act on.
type Process struct {
	VPP *fakevpp.VPP
	// Die ends the process at once, as SIGKILL does.
	Die func()

	mu      sync.Mutex
	next    int
	faults  []*Installed
	closed  chan struct{}
	pending sync.WaitGroup
}

// NewProcess returns a process without faults.
func NewProcess(v *fakevpp.VPP, die func()) *Process {
	return &Process{VPP: v, Die: die, closed: make(chan struct{})}
}

// Installed is a fault at work.
type Installed struct {
	ID   int
	Text string

	process *Process
	rules   []*fakevpp.Interception
	removed chan struct{}
	once    sync.Once
	acted   atomic.Int64 // messages the fault acted on
	added   atomic.Int64 // entries that were added, for "full"
}

// Hits returns how many messages the fault acted on.
func (i *Installed) Hits() int { return int(i.acted.Load()) }

// Add installs the fault of a description.
func (p *Process) Add(text string) (*Installed, error) {
	f, err := Parse(text)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	i := &Installed{ID: p.next, Text: text, process: p, removed: make(chan struct{})}
	for _, options := range i.interceptions(f) {
		i.rules = append(i.rules, p.VPP.Intercept(f.Message, options...))
	}
	p.faults = append(p.faults, i)
	return i, nil
}

// List returns the faults at work in the order of their installation.
func (p *Process) List() []*Installed {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*Installed(nil), p.faults...)
}

// Remove ends the fault with an id, or all for 0; a VPP that hangs because of it
// goes on. It returns how many there were.
func (p *Process) Remove(id int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var kept []*Installed
	removed := 0
	for _, i := range p.faults {
		if id != 0 && i.ID != id {
			kept = append(kept, i)
			continue
		}
		removed++
		for _, r := range i.rules {
			r.Remove()
		}
		i.once.Do(func() { close(i.removed) })
	}
	p.faults = kept
	return removed
}

// Close ends all faults and waits for what they have under way.
func (p *Process) Close() {
	p.Remove(0)
	p.mu.Lock()
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	p.mu.Unlock()
	p.pending.Wait()
}

// interceptions turns a fault into the double's rules.
func (i *Installed) interceptions(f *Fault) [][]fakevpp.InterceptOption {
	var when []fakevpp.InterceptOption
	if f.Client != "" {
		when = append(when, fakevpp.ByClient(f.Client))
	}
	for _, w := range f.Where {
		when = append(when, fakevpp.Where(func(m *fakevpp.Message) bool {
			n, err := m.Int(w.Name)
			return err == nil && n == w.Value
		}))
	}
	var rules [][]fakevpp.InterceptOption
	if f.Full != nil {
		room := slices.Concat(when, i.full(*f.Full))
		rules = append(rules, room, slices.Concat(when, []fakevpp.InterceptOption{fakevpp.After(i.countEntries)}))
	}
	if actions := i.actions(f); len(actions) > 0 {
		rules = append(rules, slices.Concat(when, []fakevpp.InterceptOption{fakevpp.Where(i.picker(f))}, actions))
	}
	return rules
}

// full refuses what would be added to a full table.
func (i *Installed) full(limit int) []fakevpp.InterceptOption {
	return []fakevpp.InterceptOption{fakevpp.Where(func(m *fakevpp.Message) bool {
		if !isAdd(m) || i.added.Load() < int64(limit) {
			return false
		}
		i.acted.Add(1)
		return true
	}), fakevpp.Fail(vnet.ErrTableTooBig)}
}

// countEntries counts what was added less what was deleted.
func (i *Installed) countEntries(x *fakevpp.Exchange) {
	if len(x.Replies) == 0 {
		return
	}
	if retval, err := x.Replies[0].Int("retval"); err != nil || retval != 0 {
		return
	}
	if isAdd(x.Request) {
		i.added.Add(1)
	} else if i.added.Load() > 0 {
		i.added.Add(-1)
	}
}

// picker counts messages that meet the other conditions, and says which ones
// the fault acts on.
func (i *Installed) picker(f *Fault) func(*fakevpp.Message) bool {
	var seen atomic.Int64
	return func(*fakevpp.Message) bool {
		n := int(seen.Add(1))
		if n <= f.After || f.Nth > 0 && n != f.Nth || f.Times > 0 && int(i.acted.Load()) >= f.Times {
			return false
		}
		i.acted.Add(1)
		return true
	}
}

func isAdd(m *fakevpp.Message) bool {
	add, err := m.Int("is_add")
	return err != nil || add != 0
}

// actions are the fault's, in the double's terms.
func (i *Installed) actions(f *Fault) []fakevpp.InterceptOption {
	var o []fakevpp.InterceptOption
	if f.Retval != nil {
		o = append(o, fakevpp.Fail(vnet.APIError(*f.Retval)))
	}
	if f.LateRetval != nil {
		o = append(o, fakevpp.FailAfter(vnet.APIError(*f.LateRetval)))
	}
	if f.Delay > 0 {
		o = append(o, fakevpp.Delay(f.Delay))
	}
	if f.DelayReply > 0 {
		o = append(o, fakevpp.DelayReply(f.DelayReply))
	}
	if f.Drop {
		o = append(o, fakevpp.Drop())
	}
	if f.DropReply {
		o = append(o, fakevpp.DropReply())
	}
	if f.Cut != nil {
		o = append(o, fakevpp.CutAt(*f.Cut))
	}
	if f.Short > 0 {
		o = append(o, fakevpp.ShortWrites(f.Short))
	}
	if f.Hang != nil {
		o = append(o, fakevpp.Before(func(*fakevpp.Exchange) { i.hang(*f.Hang) }))
	}
	if f.Crash != nil {
		o = append(o, i.crash(*f.Crash)...)
	}
	return o
}

// hang keeps the data plane to itself, so that neither API nor CLI nor packets
// go on, until the time is over or the fault removed.
func (i *Installed) hang(d time.Duration) {
	dp := i.process.VPP.DataPlane()
	if dp == nil {
		return
	}
	dp.Lock()
	defer dp.Unlock()
	var over <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-i.removed:
	}
}

// crash ends the process, or the VPP in it for a time.
func (i *Installed) crash(back time.Duration) []fakevpp.InterceptOption {
	p := i.process
	if back == 0 {
		return []fakevpp.InterceptOption{fakevpp.After(func(*fakevpp.Exchange) { p.Die() })}
	}
	return []fakevpp.InterceptOption{fakevpp.CrashVPP(), fakevpp.After(func(*fakevpp.Exchange) { p.restartAfter(back) })}
}

// restartAfter starts the VPP again, unless the process ends before.
func (p *Process) restartAfter(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
		return
	default:
	}
	p.pending.Go(func() {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			_ = p.VPP.Restart() // it says so in the log; clients see that nobody listens
		case <-p.closed:
		}
	})
}
