package fakevpp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// spanHandlers are the messages of src/vnet/span/span.api.
var spanHandlers = []handler{
	reply("sw_interface_span_enable_disable", (*VPP).spanEnableDisable),
	dump("sw_interface_span_dump", "sw_interface_span_details", (*VPP).spanDump),
}

type spanEnableDisable struct {
	SwIfIndexFrom, SwIfIndexTo, State uint32
	IsL2                              bool `api:"is_l2"`
}

func (v *VPP) spanEnableDisable(_ *call, req *spanEnableDisable) error {
	return v.dp.SetSpan(req.SwIfIndexFrom, req.SwIfIndexTo, vnet.SpanState(req.State), req.IsL2)
}

type spanDump struct {
	IsL2 bool `api:"is_l2"`
}

func (v *VPP) spanDump(_ *call, req *spanDump, emit func(*spanEnableDisable)) error {
	for _, s := range v.dp.Spans(req.IsL2) {
		emit(&spanEnableDisable{SwIfIndexFrom: s.From, SwIfIndexTo: s.To, State: uint32(s.State), IsL2: req.IsL2})
	}
	return nil
}

// spanCommands are the commands of src/vnet/span/span.c.
func spanCommands() []cliCommand {
	return []cliCommand{
		command("set interface span", "set interface span <if-name> [l2] {disable | destination <if-name> [both|rx|tx]}",
			cliSetSpan),
		command("show interface span", "Shows SPAN mirror table", cliShowSpan),
	}
}

var spanStates = [...]string{"none", "rx", "tx", "both"}

func cliSetSpan(v *VPP, a *cliArgs) (string, error) {
	var from, to *vnet.Interface
	state, set, l2 := vnet.SpanBoth, false, false
	words := map[string]vnet.SpanState{"disable": vnet.SpanDisabled, "rx": vnet.SpanRX, "tx": vnet.SpanTX, "both": vnet.SpanBoth}
	for a.more() {
		s, isState := words[a.words[0]]
		switch {
		case a.iface(&from), a.is("destination") && a.iface(&to):
		case isState && set:
			return "", cliText("Multiple mirror states in input")
		case isState:
			a.word()
			state, set = s, true
		case a.is("l2"):
			l2 = true
		default:
			return "", cliText("Invalid input")
		}
	}
	source, mirror := invalidIndex, invalidIndex
	if from != nil {
		source = from.SwIfIndex
	}
	if to != nil {
		mirror = to.SwIfIndex
	}
	if errors.Is(v.dp.SetSpan(source, mirror, state, l2), vnet.ErrInvalidInterface) {
		return "", cliText("Invalid interface")
	}
	return "", nil
}

// cliShowSpan names a source once, in the line of its first mirror.
func cliShowSpan(v *VPP, _ *cliArgs) (string, error) {
	type pair struct{ from, to uint32 }
	states := map[pair][2]vnet.SpanState{}
	for k, l2 := range []bool{false, true} {
		for _, s := range v.dp.Spans(l2) {
			both := states[pair{s.From, s.To}]
			both[k] = s.State
			states[pair{s.From, s.To}] = both
		}
	}
	if len(states) == 0 {
		return "", nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-32s %-32s  %6s   %6s\n", "Source", "Destination", "Device", "L2")
	var all []*vnet.Interface
	v.dp.Interfaces(func(i *vnet.Interface) bool { all = append(all, i); return true })
	for _, from := range all {
		name := from.Name
		for _, to := range all {
			if s, ok := states[pair{from.SwIfIndex, to.SwIfIndex}]; ok {
				fmt.Fprintf(&b, "%-32s %-32s (%6s) (%6s)\n", name, to.Name, spanStates[s[0]], spanStates[s[1]])
				name = ""
			}
		}
	}
	return b.String(), nil
}
