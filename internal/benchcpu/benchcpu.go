// Package benchcpu relates the work of a benchmark to the processor time it
// took, in all threads, user and kernel: wall-clock rates say little on a shared
// machine. Benchmarks of sim, fakevpp and agent use it; nothing else does.
package benchcpu

import (
	"syscall"
	"testing"
	"time"
)

// Timer measures processor time.
type Timer struct{ start time.Duration }

// Start begins a measurement. Call it where the benchmark's timer starts.
func Start() Timer { return Timer{start: used()} }

// Elapsed returns the processor time since Start: the process's user and system
// time by getrusage(2).
func (t Timer) Elapsed() time.Duration { return used() - t.start }

// ReportRate reports n operations per second of processor time under the unit,
// such as "req/s". A benchmark too short to be measured reports nothing.
func (t Timer) ReportRate(b *testing.B, n float64, unit string) {
	b.Helper()
	if cpu := t.Elapsed().Seconds(); cpu > 0 {
		b.ReportMetric(n/cpu, unit)
	}
}

// ReportMillis reports the processor time of one of n operations in
// milliseconds, as "ms/op".
func (t Timer) ReportMillis(b *testing.B, n float64) {
	b.Helper()
	if n > 0 {
		b.ReportMetric(t.Elapsed().Seconds()*1000/n, "ms/op")
	}
}

// used returns the processor time of the process so far.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
