package fakevpp

import (
	"fmt"
	"strings"
)

// The pool that VPP makes when its configuration says nothing about buffers
// (src/vlib/buffer.c). The double's grows on demand and is shown with VPP's
// size; what counts is how many are in use, zero between packets.
const (
	buffersTotal    = 16384
	bufferSize      = 2304
	bufferDataSize  = 2048
	bufferPoolWidth = 20
)

// cliShowBuffers is "show buffers" (show_buffers in src/vlib/buffer.c), which
// owns the whole line and stops at the first word that is not "detail".
func cliShowBuffers(v *VPP, a *cliArgs) (string, error) {
	detail := a.is("detail")
	a.words = nil
	used := v.dp.Graph.BuffersInUse()
	total := max(buffersTotal, used)
	var b strings.Builder
	row := func(name string, columns ...any) {
		fmt.Fprintf(&b, "%-*s", bufferPoolWidth, name)
		for i, width := range [...]int{6, 6, 6, 11, 6, 8, 8, 8} {
			b.WriteString(center(fmt.Sprint(columns[i]), width))
		}
		b.WriteByte('\n')
	}
	row("Pool Name", "Index", "NUMA", "Size", "Data Size", "Total", "Avail", "Cached", "Used")
	row("default-numa-0", 0, 0, bufferSize, bufferDataSize, total, total-used, 0, used)
	for thread := 0; detail && thread <= v.opts.workers; thread++ {
		fmt.Fprintf(&b, "%*s%s%37s%s\n", bufferPoolWidth, "thread", center(fmt.Sprint(thread), 6), "", center("0", 8))
	}
	return b.String(), nil
}
