package fakevpp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// clockCommands are the commands of VPP's time (src/vlib/time.c,
// src/vlib/threads.c).
func clockCommands() []cliCommand {
	return []cliCommand{
		command("show clock", "show clock", cliShowClock),
		command("set clock adjust", "set clock adjust <nn>", cliSetClockAdjust),
	}
}

// cliShowClock shows the time since the start. There is no cycle counter, so
// that the verbose form lacks its lines.
func cliShowClock(v *VPP, a *cliArgs) (string, error) {
	verbose := a.is("verbose")
	now := v.dp.Now()
	uptime, offset := now.Sub(v.dp.Start).Seconds(), v.dp.ClockOffset().Seconds()
	var b strings.Builder
	fmt.Fprintf(&b, "Time now %.6f", uptime)
	if verbose {
		start := float64(v.dp.Start.UnixNano()) / 1e9
		fmt.Fprintf(&b, "\nreftime %.6f now %.6f last %.6f init %.6f\nerror 0.000000, clocks/sec 1000000000.000000", uptime-offset,
			start+uptime, start+uptime, start)
	}
	fmt.Fprintf(&b, ", %s GMT\nTime last barrier release 0.000000000\n", now.UTC().Format("Mon, 02 Jan 2006 15:04:05"))
	for thread := range v.opts.workers + 1 {
		fmt.Fprintf(&b, "%d: Time now %.6f\nThread %d offset %.9f error 0.000000000\n", thread, uptime, thread, offset)
	}
	return b.String(), nil
}

// maxAdjust is the most seconds that the clock moves at once: a year.
const maxAdjust = 366 * 24 * 3600

// cliSetClockAdjust moves time forward, timer by timer. What follows the number
// is the next command.
func cliSetClockAdjust(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", a.unknown()
	}
	f, err := strconv.ParseFloat(a.words[0], 64)
	if err != nil || math.IsNaN(f) || f > maxAdjust {
		return "", a.unknown()
	}
	a.word()
	if f > 0 {
		v.dp.AdjustClock(time.Duration(f * float64(time.Second)))
	}
	return "", nil
}
