package fakevpp

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp/statseg"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// defaultStatsInterval is the time between updates of what is not counted as it
// happens, unless the configuration gives another.
const defaultStatsInterval = 10 * time.Second

// StatsConfig is the start-up stanza "statseg" (src/vlib/stats/init.c), without
// the socket's name.
type StatsConfig struct {
	// Size is the size of the segment in bytes, 0 for VPP's 32 MiB. VPP aborts
	// when it is full; here counters that find no room go on counting, but
	// readers see them no more, and the log says so.
	Size uint64
	// PageSize in bytes asks for huge pages, 0 for none.
	PageSize uint64
	// PerNodeCounters adds /nodes and /sys/node.
	PerNodeCounters bool
	// UpdateInterval is the time between updates of rates, memory, buffers and
	// nodes, 0 for VPP's 10 seconds. All other counters move with the packets.
	UpdateInterval time.Duration
}

// Stats configures the stats segment that ListenStats offers.
func Stats(c StatsConfig) Option { return optionFunc(func(o *options) { o.stats = c }) }

// statsServer is the stats segment while it is offered.
type statsServer struct {
	memory *statseg.Memory
	server *statseg.Server
	path   string // kept over a crash, empty when there is none
}

// ListenStats offers the counters in shared memory on a unix socket of type
// SOCK_SEQPACKET (start-up option "statseg { socket-name path }"), to be read
// by VPP's and govpp's stats clients. A socket file that nobody listens on is
// replaced. A VPP has one stats socket; Restart offers it again.
func (v *VPP) ListenStats(path string) error {
	v.life.Lock()
	defer v.life.Unlock()
	if v.stats.path != "" {
		return fmt.Errorf("listen on %s: the stats socket is %s", path, v.stats.path)
	}
	if err := v.listenStats(path); err != nil {
		return err
	}
	v.stats.path = path
	return nil
}

// listenStats attaches the counters and opens the socket. The caller holds
// v.life.
func (v *VPP) listenStats(path string) error {
	dp := v.DataPlane()
	if dp == nil {
		return fmt.Errorf("listen on %s: %w", path, ErrDown)
	}
	m, err := statseg.NewMemory(v.opts.stats.Size, v.opts.stats.PageSize)
	if err != nil {
		return err
	}
	if err := v.attachStats(dp, m); err != nil {
		return errors.Join(err, m.Close())
	}
	s, err := statseg.Serve(path, m, func(err error) { v.logf(levelError, "stats", "%v", err) })
	if err != nil {
		detachStats(dp)
		return errors.Join(err, m.Close())
	}
	v.stats.memory, v.stats.server = m, s
	return nil
}

func (v *VPP) attachStats(dp *vnet.Main, m *statseg.Memory) error {
	c := vnet.StatsConfig{Interval: v.opts.stats.UpdateInterval, PerNode: v.opts.stats.PerNodeCounters,
		Threads: 1 + v.opts.workers}
	if c.Interval == 0 {
		c.Interval = defaultStatsInterval
	}
	dp.Lock()
	defer dp.Unlock()
	dp.Stats.OnFull = func(name string) {
		v.logf(levelError, "stats", "the stats segment is full: readers do not see %s", name)
	}
	return dp.AttachStats(m.Bytes(), m.Base(), c)
}

func detachStats(dp *vnet.Main) {
	dp.Lock()
	defer dp.Unlock()
	dp.DetachStats()
}

// closeStats ends the segment of a data plane that goes away; clients keep what
// they mapped.
func (v *VPP) closeStats(dp *vnet.Main) error {
	s := &v.stats
	if s.server == nil {
		return nil
	}
	s.server.Close()
	if dp != nil {
		detachStats(dp)
	}
	err := s.memory.Close()
	s.server, s.memory = nil, nil
	return err
}

// removeStats deletes the socket file.
func (v *VPP) removeStats() {
	if v.stats.path != "" {
		_ = os.Remove(v.stats.path)
		v.stats.path = ""
	}
}
