package fakevpp

import (
	"fmt"
	"runtime/metrics"
	"strings"
)

// memoryCommands show memory (src/vlib/cli.c, src/vlib/physmem.c).
func memoryCommands() []cliCommand {
	return []cliCommand{
		command("show memory", "show memory [api-segment][stats-segment][verbose]\n            [map][main-heap]", cliShowMemory),
		command("show physmem", "show physmem [verbose | detail | map]", cliShowPhysmem),
	}
}

// heap is a part of memory as VPP shows it. Its place is not one of this
// process: Go's heap is in many pieces.
type heap struct {
	name, flags string
	base        uint64
	size, used  uint64
}

// Pages and the places of heaps, which say only that the heaps differ.
const (
	pageBytes     = 4096
	mainHeapBase  = 0x7f0000000000
	statsHeapBase = 0x7effc0000000
	apiHeapBase   = 0x130051000
	apiHeapSize   = 16 << 20
)

// mainHeap is what Go's allocator holds, in a heap of VPP's size.
func mainHeap() heap {
	const size = 1 << 30
	live := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(live)
	return heap{name: "main heap", flags: "locked, unmap-on-destroy, ", base: mainHeapBase, size: size,
		used: min(live[0].Value.Uint64(), size)}
}

// statsHeap is the stats segment.
func (v *VPP) statsHeap() heap {
	u := v.dp.Stats.Usage()
	size := v.opts.stats.Size
	if size == 0 {
		size = 32 << 20
	}
	return heap{name: "stat segment", flags: "locked, ", base: statsHeapBase, size: size, used: min(u.Used, size)}
}

// apiHeap is empty: messages are in the main heap.
func apiHeap() heap {
	return heap{name: "svm data", flags: "locked, ", base: apiHeapBase, size: apiHeapSize}
}

func (h heap) pages() (total, populated uint64) {
	return h.size / pageBytes, (h.used + pageBytes - 1) / pageBytes
}

// format is format_clib_mem_heap (src/vppinfra/mem_dlmalloc.c).
func (h heap) format(indent string, verbose bool) string {
	total, populated := h.pages()
	var b strings.Builder
	line := func(depth int, format string, args ...any) {
		fmt.Fprintf(&b, "%s%*s"+format+"\n", append([]any{indent, 2 * depth, ""}, args...)...)
	}
	line(0, "base 0x%x, size %s, %sname '%s'", h.base, memorySize(h.size), h.flags, h.name)
	line(1, "page stats: page-size 4K, total %d, populated %d, not-populated %d", total, populated, total-populated)
	line(2, "numa 0: %d pages, %s bytes", populated, memorySize(populated*pageBytes))
	free := decimalSize(h.size - h.used)
	line(1, "total: %s, used: %s, free: %s, trimmable: %s", decimalSize(h.size), decimalSize(h.used), free, free)
	if verbose {
		line(2, "free chunks 1 free fastbin blks 0")
		line(2, "max total allocated %s", decimalSize(h.size))
	}
	return b.String()
}

// memorySize is format_memory_size (src/vppinfra/std-formats.c): whole units
// without decimals.
func memorySize(n uint64) string {
	shift, unit := 0, ""
	for _, u := range [...]struct {
		shift int
		unit  string
	}{{30, "g"}, {20, "m"}, {10, "k"}} {
		if n>>u.shift > 0 {
			shift, unit = u.shift, u.unit
			break
		}
	}
	if n&(1<<shift-1) == 0 {
		return fmt.Sprintf("%d%s", n>>shift, unit)
	}
	return fmt.Sprintf("%.2f%s", float64(n)/float64(uint64(1)<<shift), unit)
}

// decimalSize has two decimals and the largest unit of which there is one.
func decimalSize(n uint64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprint(n)
	case n < 1<<20:
		return fmt.Sprintf("%.2fK", float64(n)/(1<<10))
	case n < 1<<30:
		return fmt.Sprintf("%.2fM", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.2fG", float64(n)/(1<<30))
}

// cliShowMemory shows all heaps, or those that are named.
func cliShowMemory(v *VPP, a *cliArgs) (string, error) {
	var verbose, api, stats, main, places bool
	for a.more() {
		switch {
		case a.is("verbose"):
			verbose = true
		case a.is("api-segment"):
			api = true
		case a.is("stats-segment"):
			stats = true
		case a.is("main-heap"):
			main = true
		case a.is("map"):
			places = true
		default:
			return "", a.unknown()
		}
	}
	var b strings.Builder
	if !api && !stats && !main && !places {
		for _, h := range []heap{mainHeap(), v.statsHeap(), apiHeap()} {
			b.WriteString(h.format("", true) + "\n")
		}
		return b.String(), nil
	}
	if api {
		b.WriteString("API segment\n" + apiHeap().format("", true))
	}
	if stats {
		b.WriteString("Stats segment\n" + v.statsHeap().format("", true))
	}
	if main {
		b.WriteString(mainHeap().format("  ", verbose))
	}
	if places {
		b.WriteString("\nStartAddr          size   FD PageSz  Pages Numa0 NotPop Name\n")
		for _, h := range []heap{mainHeap(), v.statsHeap(), apiHeap()} {
			total, populated := h.pages()
			fmt.Fprintf(&b, "%016x%7s%5s%7s%7d%6d%7d %s\n", h.base, memorySize(h.size), "", "4K", total, populated, total-populated, h.name)
		}
	}
	return b.String(), nil
}

// cliShowPhysmem shows the memory of the buffers with VPP's size and without
// addresses (show_physmem in src/vlib/physmem.c); it owns its line.
func cliShowPhysmem(_ *VPP, a *cliArgs) (string, error) {
	detail, places := false, false
	for read := true; read; {
		switch {
		case a.is("verbose"), a.is("v"):
		case a.is("detail"), a.is("d"):
			detail = true
		case a.is("map"):
			places = true
		default:
			read = false
		}
	}
	a.words = nil
	if places {
		return "     virtual-addr physical-addr     size\n", nil
	}
	start := ""
	if detail {
		start = " va-start 0x1000000000"
	}
	return " used-pages 32 reserved-pages 8192 default-page-size 2M lookup-page-size 4K" + start +
		"\n   arena 'buffers-numa-0' pages 32 subpage-size 4K numa-node 0 shared fd 6\n", nil
}
