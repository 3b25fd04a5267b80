package benchcpu

import (
	"syscall"
	"testing"
)

// ReportMemory reports the largest resident set of the process so far in MiB,
// as "MiB-max". It is the process's: run such a benchmark alone.
func ReportMemory(b *testing.B) {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err == nil {
		b.ReportMetric(float64(u.Maxrss)/1024, "MiB-max")
	}
}
