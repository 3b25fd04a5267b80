package fakevpp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

const policerParameters = "[type 1r2c | 1r3c | 2r3c-2698 | 2r3c-4115] [color-aware] [cir <cir>] [cb <cb>] [eir <eir>] " +
	"[eb <eb>] [rate kbps | pps] [round closest | up | down] " +
	"[conform-action drop | transmit | mark-and-transmit <dscp>] " +
	"[exceed-action drop | transmit | mark-and-transmit <dscp>] " +
	"[violate-action drop | transmit | mark-and-transmit <dscp>]"

// policerCommands are the commands of src/plugins/policer.
func policerCommands() []cliCommand {
	apply := func(dir int) func(*VPP, *cliArgs) (string, error) {
		return func(v *VPP, a *cliArgs) (string, error) { return cliApplyPolicer(v, a, dir) }
	}
	punt := func(p fib.Proto) func(*VPP, *cliArgs) (string, error) {
		return func(v *VPP, a *cliArgs) (string, error) { return cliPolicePunt(v, a, p) }
	}
	return []cliCommand{
		command("configure policer", "configure policer [name <name> | index <index>] "+policerParameters, cliConfigurePolicer),
		command("policer add", "policer add name <name> "+policerParameters, cliAddPolicer),
		command("policer del", "policer del [name <name> | index <index>]", func(v *VPP, a *cliArgs) (string, error) {
			return cliPolicerByKey(v, a, v.dp.DeletePolicer)
		}),
		command("policer reset", "policer reset [name <name> | index <index>]", func(v *VPP, a *cliArgs) (string, error) {
			return cliPolicerByKey(v, a, v.dp.ResetPolicer)
		}),
		command("policer bind", "policer bind [unbind] [name <name> | index <index>] <worker>", cliBindPolicer),
		command("policer input", "policer input [unapply] [name <name> | index <index>] <interface>", apply(vnet.PolicerInput)),
		command("policer output", "policer output [unapply] [name <name> | index <index>] <interface>", apply(vnet.PolicerOutput)),
		command("show policer", "show policer [name <name> | index <index>]", cliShowPolicer),
		command("show policer pools", "show policer pools", cliShowPolicerPools),
		command("ip punt policer", "ip punt policer [add|del] <index>", punt(fib.IP4)),
		command("ip6 punt policer", "ip6 punt policer [add|del] <index>", punt(fib.IP6)),
	}
}

// policerKey names a policer by name or index.
type policerKey struct {
	name  string
	index uint32
}

func (a *cliArgs) policerKey(k *policerKey) bool {
	return a.text("name", &k.name) || a.number("index", &k.index)
}

// find gives the index, ~0 for an unknown name.
func (k *policerKey) find(v *VPP) uint32 {
	if p := v.dp.PolicerByName(k.name); k.index == invalidIndex && k.name != "" && p != nil {
		return p.Index
	}
	return k.index
}

var (
	policerTypes   = []string{"1r2c", "1r3c", "2r3c-2698", "2r3c-4115", "2r3c-mef5cf1"}
	policerRates   = []string{"kbps", "pps"}
	policerRounds  = []string{"closest", "up", "down"}
	policerActions = []string{"drop", "transmit", "mark-and-transmit"}
	policerColors  = []string{"conform-action", "exceed-action", "violate-action"}
)

// dscpNames are foreach_ip_dscp (src/vnet/ip/ip_packet.h).
var dscpNames = map[string]uint8{"CS0": 0, "CS1": 8, "AF11": 10, "AF12": 12, "AF13": 14, "CS2": 16, "AF21": 18, "AF22": 20,
	"AF23": 22, "CS3": 24, "AF31": 26, "AF32": 28, "AF33": 30, "CS4": 32, "AF41": 34, "AF42": 36, "AF43": 38, "CS5": 40,
	"EF": 46, "CS6": 48, "CS7": 50}

// oneOf takes the keyword and one of the words behind it.
func (a *cliArgs) oneOf(keyword string, words []string, to *uint8) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	k := slices.Index(words, a.words[1])
	if k < 0 {
		return false
	}
	*to, a.words = uint8(k), a.words[2:]
	return true
}

func (a *cliArgs) policerAction(c *vnet.PolicerConfig) bool {
	for k, color := range policerColors {
		action := &c.Actions[k]
		before := a.words
		if !a.oneOf(color, policerActions, &action.Type) {
			continue
		}
		if action.Type != vnet.PolicerMarkAndTransmit {
			return true
		}
		if a.more() {
			if dscp, ok := dscpNames[a.words[0]]; ok {
				a.word()
				action.DSCP = dscp
				return true
			}
		}
		a.words = before
	}
	return false
}

func (a *cliArgs) policerConfig(k *policerKey, update bool) (c vnet.PolicerConfig, err error) {
	k.index = invalidIndex
	for a.more() {
		switch {
		case a.text("name", &k.name), update && a.number("index", &k.index):
		case a.is("color-aware"):
			c.ColorAware = true
		case a.long("eb", &c.EB), a.long("cb", &c.CB), a.number("eir", &c.EIR), a.number("cir", &c.CIR),
			a.oneOf("rate", policerRates, &c.RateType), a.oneOf("round", policerRounds, &c.Round),
			a.oneOf("type", policerTypes, &c.Type), a.policerAction(&c):
		default:
			return c, a.unknown()
		}
	}
	return c, nil
}

// policerText is VPP's text for an error.
func policerText(err error) error {
	switch err {
	case vnet.ErrNoSuchEntry:
		return cliText("No such policer")
	case vnet.ErrValueExist:
		return cliText("Policer already exists")
	case vnet.ErrInvalidValue:
		return cliText("Config failed sanity check")
	}
	return err
}

func cliAddPolicer(v *VPP, a *cliArgs) (string, error) {
	var k policerKey
	c, err := a.policerConfig(&k, false)
	if err == nil {
		_, err = v.dp.AddPolicer(k.name, c)
	}
	return "", policerText(err)
}

func cliConfigurePolicer(v *VPP, a *cliArgs) (string, error) {
	var k policerKey
	c, err := a.policerConfig(&k, true)
	if err != nil {
		return "", err
	}
	index := k.find(v)
	if index == invalidIndex {
		return "", cliText("Update policer failure")
	}
	return "", policerText(v.dp.UpdatePolicer(index, c))
}

func cliPolicerByKey(v *VPP, a *cliArgs, do func(uint32) error) (string, error) {
	k := policerKey{index: invalidIndex}
	for a.more() {
		if !a.policerKey(&k) {
			return "", a.unknown()
		}
	}
	return "", policerText(do(k.find(v)))
}

func cliBindPolicer(v *VPP, a *cliArgs) (string, error) {
	k, bind, worker := policerKey{index: invalidIndex}, true, invalidIndex
	for a.more() {
		switch {
		case a.policerKey(&k):
		case a.is("unbind"):
			bind = false
		case a.plainNumber(&worker):
		default:
			return "", a.unknown()
		}
	}
	if bind && worker == invalidIndex {
		return "", fmt.Errorf("specify worker to bind to: `%s'", a.rest())
	}
	return "", failedNumber(v.bindPolicer(v.dp.Policer(k.find(v)), bind))
}

// failedNumber is VPP's text for an error that it shows as a number.
func failedNumber(err error) error {
	if e, ok := err.(vnet.APIError); ok {
		return fmt.Errorf("failed: `%d'", int32(e))
	}
	return err
}

func cliApplyPolicer(v *VPP, a *cliArgs, dir int) (string, error) {
	k, apply := policerKey{index: invalidIndex}, true
	var i *vnet.Interface
	for a.more() {
		switch {
		case a.policerKey(&k), a.iface(&i):
		case a.is("unapply"):
			apply = false
		default:
			return "", a.unknown()
		}
	}
	if i == nil {
		return "", fmt.Errorf("specify interface to apply to: `%s'", a.rest())
	}
	return "", failedNumber(v.dp.ApplyPolicer(k.find(v), i.SwIfIndex, dir, apply))
}

func cliPolicePunt(v *VPP, a *cliArgs, p fib.Proto) (string, error) {
	index, add := invalidIndex, true
	for a.more() {
		switch {
		case a.plainNumber(&index):
		case a.is("del"):
			add = false
		case a.is("add"):
			add = true
		default:
			return "", a.parseError()
		}
	}
	if add && index == invalidIndex {
		return "", fmt.Errorf("expected policer index `%s'", a.rest())
	}
	if !add {
		index = invalidIndex
	}
	v.dp.PolicePunt(p, add, index)
	return "", nil
}

func cliShowPolicer(v *VPP, a *cliArgs) (string, error) {
	var b strings.Builder
	if !a.more() {
		v.dp.Policers(func(p *vnet.Policer) { v.formatPolicer(&b, p) })
		return b.String(), nil
	}
	k := policerKey{index: invalidIndex}
	for a.more() {
		if !a.policerKey(&k) {
			return "", a.unknown()
		}
	}
	if p := v.dp.Policer(k.find(v)); p != nil {
		v.formatPolicer(&b, p)
	}
	return b.String(), nil
}

// formatPolicer is format_policer_config and format_policer_instance
// (src/plugins/policer/policer_cli.c).
func (v *VPP) formatPolicer(b *strings.Builder, p *vnet.Policer) {
	word := func(words []string, k uint8) string {
		if int(k) < len(words) {
			return words[k]
		}
		return "ILLEGAL"
	}
	action := func(k int) string {
		a := p.Config.Actions[k]
		text := word(policerActions, a.Type)
		if a.Type == vnet.PolicerMarkAndTransmit {
			text += " " + vnet.DSCPName(a.DSCP)
		}
		return text
	}
	c := &p.Config
	fmt.Fprintf(b, "Name \"%s\" type %s cir %d eir %d cb %d eb %d\n", p.Name, word(policerTypes, c.Type), c.CIR, c.EIR, c.CB, c.EB)
	fmt.Fprintf(b, "rate type %s, round type %s\n", word(policerRates, c.RateType), word(policerRounds, c.Round))
	fmt.Fprintf(b, "conform action %s, exceed action %s, violate action %s\n \n", action(0), action(1), action(2))
	rate, aware := "dual", "not"
	if p.SingleRate {
		rate = "single"
	}
	if c.ColorAware {
		aware = "is"
	}
	fmt.Fprintf(b, "Policer at index %d: %s rate, %s color-aware\n", p.Index, rate, aware)
	fmt.Fprintf(b, "cir %d tok/period, pir %d tok/period, scale %d\n", p.CIRPerPeriod, p.PIRPerPeriod, p.Scale)
	fmt.Fprintf(b, "cur lim %d, cur bkt %d, ext lim %d, ext bkt %d\n", p.CurrentLimit, p.CurrentBucket, p.ExtendedLimit, p.ExtendedBucket)
	fmt.Fprintf(b, "last update %d\n", p.LastUpdate)
	for k, s := range v.dp.PolicerStats(p.Index) {
		fmt.Fprintf(b, "%s %d packets, %d bytes\n", [...]string{"conform", "exceed", "violate"}[k], s.Packets, s.Bytes)
	}
	b.WriteString("-----------\n")
}

func cliShowPolicerPools(v *VPP, _ *cliArgs) (string, error) {
	n := 0
	v.dp.Policers(func(*vnet.Policer) { n++ })
	return fmt.Sprintf("pool sizes: configs=%d policers=%d\n", n, n), nil
}
