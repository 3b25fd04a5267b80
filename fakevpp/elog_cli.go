package fakevpp

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vlib"
)

// eventLog is the state of VPP's event log (src/vppinfra/elog.c). The double
// logs no events: what is set is shown, and the ring stays empty.
type eventLog struct {
	size    int // of the ring, 0 for VPP's default
	stopped bool
	api, cli, barrier, dispatch,
	timers bool
	circuit *vlib.Node
}

// eventRing is how many events the ring holds by default
// (src/vlib/main.c).
const eventRing = 131072

func (l *eventLog) ring() int {
	if l.size == 0 {
		return eventRing
	}
	return l.size
}

// eventLogCommands are the commands of the event log (src/vlib/main.c,
// src/vlib/cli.c).
func eventLogCommands() []cliCommand {
	say := func(set func(*eventLog), text string) func(*VPP, *cliArgs) (string, error) {
		return func(v *VPP, _ *cliArgs) (string, error) {
			set(&v.fam.eventLog)
			return text, nil
		}
	}
	return []cliCommand{
		command("event-logger clear", "Clear the event log", say(func(l *eventLog) { l.stopped = false }, "")),
		command("event-logger stop", "Stop the event-logger",
			say(func(l *eventLog) { l.stopped = true }, "Stopped the event logger...")),
		command("event-logger restart", "Restart the event-logger",
			say(func(l *eventLog) { l.stopped = false }, "Restarted the event logger...")),
		command("event-logger resize", "event-logger resize <nnn>", cliResizeEventLog),
		command("event-logger trace", "event-logger trace [api][cli][dispatch][tw_timer][barrier][dispatch]\n"+
			"[circuit-node <name> e.g. ethernet-input][disable]", cliTraceEvents),
		command("show event-logger", "Show event logger info", cliShowEventLog),
	}
}

// cliResizeEventLog rounds up to a power of two.
func cliResizeEventLog(v *VPP, a *cliArgs) (string, error) {
	l := &v.fam.eventLog
	l.stopped = false
	n, ok := a.uint()
	if !ok {
		return "", cliText("Must specify how many events in the ring")
	}
	l.size = 1 << bits.Len32(max(n, 1)-1)
	return "Resized ring and restarted the event logger...", nil
}

func cliShowEventLog(v *VPP, a *cliArgs) (string, error) {
	for a.more() {
		if _, err := strconv.ParseInt(a.words[0], 10, 32); err != nil && a.words[0] != "all" {
			return "", a.badInput()
		}
		a.word()
	}
	state := "running"
	if v.fam.eventLog.stopped {
		state = "stopped"
	}
	return fmt.Sprintf("0 of %d events in buffer, logger %s", v.fam.eventLog.ring(), state), nil
}

// cliTraceEvents owns its line and ignores what it does not know.
func cliTraceEvents(v *VPP, a *cliArgs) (string, error) {
	l := &v.fam.eventLog
	var set []*bool
	var node *vlib.Node
	circuit, enable := false, true
	for read := true; read; {
		switch {
		case a.is("api"):
			set = append(set, &l.api)
		case a.is("dispatch"):
			set = append(set, &l.dispatch)
		case a.is("timers"):
			set = append(set, &l.timers)
		case a.is("cli"):
			set = append(set, &l.cli)
		case a.is("barrier"):
			set = append(set, &l.barrier)
		case a.is("disable"), a.is("off"):
			enable = false
		case a.is("enable"), a.is("on"):
			enable = true
		case a.nodeAfter("circuit-node", &node):
			circuit = true
		default:
			read = false
		}
	}
	a.words = nil
	for _, flag := range set {
		*flag = enable
	}
	if circuit && enable {
		l.circuit = node
	} else if circuit {
		l.circuit = nil
	}
	return l.status(), nil
}

// nodeAfter takes the keyword with the name of a node.
func (a *cliArgs) nodeAfter(keyword string, to **vlib.Node) bool {
	before := a.words
	if a.is(keyword) && a.node(to) {
		return true
	}
	a.words = before
	return false
}

func (l *eventLog) status() string {
	var b strings.Builder
	b.WriteString("Current status:\n")
	for _, k := range []struct {
		name string
		on   bool
	}{
		{"Event log API message trace", l.api}, {"CLI command trace", l.cli}, {"Barrier sync trace", l.barrier},
		{"Graph Dispatch", l.dispatch}, {"Timing Wheel", l.timers}, {"Graph Circuit", l.circuit != nil},
	} {
		fmt.Fprintf(&b, "    %s: %s\n", k.name, onOff(k.on))
	}
	if l.circuit != nil {
		fmt.Fprintf(&b, "                   node %s\n", l.circuit.Name)
	}
	return b.String()
}
