package vnet

import "time"

// untilTick is the time until a process of VPP's that wakes up once a period
// does so next, counted from the start of the instance.
func (m *Main) untilTick(period time.Duration) time.Duration {
	return period - m.Since(m.Start)%period
}

// seconds turns VPP's floating-point seconds into a duration, at most some
// decades and never negative.
func seconds(s float64) time.Duration {
	const most = 1e9
	switch {
	case !(s > 0): // NaN too
		return 0
	case s > most:
		s = most
	}
	return time.Duration(s * float64(time.Second))
}
