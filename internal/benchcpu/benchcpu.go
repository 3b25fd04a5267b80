// Package benchcpu gives benchmarks rates per CPU-second: work done divided by
// the processor time that the whole process used, garbage collector included,
// so that a figure neither gains from idle cores nor suffers from neighbours on
// the machine. Benchmarks of all packages use it; it knows none of them.
package benchcpu

import (
	"syscall"
	"testing"
	"time"
)

// Meter measures the CPU time of a benchmark's loop.
type Meter struct {
	b     *testing.B
	start time.Duration
}

// Start begins to measure; call it where the benchmark's timer starts.
func Start(b *testing.B) *Meter {
	b.Helper()
	b.ResetTimer()
	return &Meter{b: b, start: Used()}
}

// Report adds a metric: count per CPU-second, scaled by unit (1e6 for
// millions), under the given name, for example "Mpkt/cpu-s".
func (m *Meter) Report(count, unit float64, name string) {
	m.b.Helper()
	m.b.StopTimer()
	if used := Used() - m.start; used > 0 {
		m.b.ReportMetric(count/unit/used.Seconds(), name)
	}
}

// Used returns the CPU time that the process has used so far, in user and
// kernel mode; 0 if the system does not tell.
func Used() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
