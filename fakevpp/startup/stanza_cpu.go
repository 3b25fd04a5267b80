package startup

import (
	"strconv"
	"strings"
)

// maxCore bounds core numbers in lists, so that a range cannot take the memory.
const maxCore = 4095

// readCPU reads "cpu". VPP stops at the first word it does not know
// (cpu_config in src/vlib/threads.c); here that is an error.
func (c *Config) readCPU(in *input) error {
	p := &c.CPU
	var policy string
	var n int
	var b uint64
	list := []option{number("main-core", &p.MainCore), number("skip-cores", &p.SkipCores), text("thread-prefix", &p.ThreadPrefix),
		{"corelist-workers", cores(p, parseCoreList)}, {"coremask-workers", cores(p, parseCoreMask)},
		{"workers", func(in *input) (bool, error) {
			if p.Workers > 0 {
				return false, in.errorf("number of 'workers' threads is already configured")
			}
			return in.number(&p.Workers) && p.Workers >= 0, nil
		}}}
	return in.options(append(list, c.noted("cpu", option{words: "use-pthreads"}, option{words: "relative"}, size("numa-heap-size", &b),
		oneOf("scheduler-policy", &policy, "other", "fifo", "rr", "batch", "idle"), number("scheduler-priority", &n))...)...)
}

// cores reads the workers' cores.
func cores(p *CPU, parse func(string) ([]int, bool)) func(in *input) (bool, error) {
	return func(in *input) (bool, error) {
		if p.Workers > 0 {
			return false, in.errorf("core placement of 'workers' threads is already configured")
		}
		return in.take(func(w string) bool {
			list, ok := parse(w)
			if ok {
				p.CoreList, p.Workers = list, len(list)
			}
			return ok
		}), nil
	}
}

// parseCoreList reads a list such as "2-3,5" (unformat_bitmap_list in
// src/vppinfra/bitmap.h).
func parseCoreList(w string) ([]int, bool) {
	set := make(map[int]bool)
	for part := range strings.SplitSeq(w, ",") {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		b := a
		if err == nil && isRange {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < 0 || b < a || b > maxCore {
			return nil, false
		}
		for i := a; i <= b; i++ {
			set[i] = true
		}
	}
	return sorted(set), true
}

// parseCoreMask reads a hexadecimal mask such as "0x3c".
func parseCoreMask(w string) ([]int, bool) {
	w = strings.TrimPrefix(strings.TrimPrefix(w, "0x"), "0X")
	set := make(map[int]bool)
	if len(w) == 0 || len(w)*4 > maxCore {
		return nil, false
	}
	for i := range len(w) {
		digit, err := strconv.ParseUint(w[len(w)-1-i:len(w)-i], 16, 8)
		if err != nil {
			return nil, false
		}
		for bit := range 4 {
			if digit&(1<<bit) != 0 {
				set[4*i+bit] = true
			}
		}
	}
	return sorted(set), true
}

func sorted(set map[int]bool) []int {
	list := make([]int, 0, len(set))
	for i := range maxCore + 1 {
		if set[i] {
			list = append(list, i)
		}
	}
	return list
}
