package fakevpp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// Dump returns the whole configuration as text in VPP's CLI language, one
// command per line, in sections that can be executed in order: by vppctl exec
// on a real VPP, by Exec on a double.
//
// The text depends on the configuration alone, not on the order in which it was
// programmed nor on indexes: things are named and sorted. It says what was
// asked for, not what came of it: learned neighbours, counters, carriers and
// the queues of a memif are left out.
//
// What VPP's CLI cannot express is in lines that start with "#! ", which VPP
// takes for comments (unformat_vlib_cli_line in src/vlib/cli.c) and Exec
// executes. Such a line holds a command of VPP's with words in Go's quotes
// where they have characters that VPP's exec would not leave alone, a command
// with more options than VPP's, or "source API", which makes the following
// commands act for the API's clients instead of the CLI.
//
// Two things cannot be read back: addresses that overlap because an interface
// was unnumbered for a while, and routes by interfaces that were deleted.
//
// The only error is ErrDown.
func (v *VPP) Dump() (string, error) {
	v.gate.RLock()
	dp := v.dp
	if dp == nil {
		v.gate.RUnlock()
		return "", fmt.Errorf("dump %s: %w", v.opts.name, ErrDown)
	}
	dp.Lock()
	defer dp.Unlock() // transmits, when the gate is free
	defer v.gate.RUnlock()
	return (&dumper{v: v, m: dp, hidden: map[string]bool{}}).text(), nil
}

// text writes all sections.
func (d *dumper) text() string {
	for _, s := range dumpSections {
		d.section(s.title, s.write)
	}
	return d.out.String()
}

// dumpSections are the parts of a dump in an order that can be executed: what a
// command names was created before. Interfaces come up last, as on a VPP that
// is configured before it meets traffic.
var dumpSections = []struct {
	title string
	write func(*dumper)
}{
	{"tables", (*dumper).tables},
	{"flow hashes", (*dumper).flowHashes},
	{"memif sockets", (*dumper).memifSockets},
	{"interfaces", (*dumper).interfaces},
	{"vxlan tunnels", (*dumper).vxlanTunnels},
	{"interface settings", (*dumper).interfaceSettings},
	{"unnumbered interfaces across tables", (*dumper).unnumberedAcross},
	{"interface tables", (*dumper).interfaceTables},
	{"addresses", (*dumper).addresses},
	{"unnumbered interfaces", (*dumper).unnumbered},
	{"neighbors", (*dumper).neighbors},
	{"routes", (*dumper).routes},
	{"multicast routes", (*dumper).mroutes},
	{"punt", (*dumper).punt},
	{"proxies", (*dumper).proxies},
	{"router advertisements", (*dumper).advertisements},
	{"reverse path checks", (*dumper).urpf},
	{"features", (*dumper).features},
	{"interface state", (*dumper).interfaceState},
	{"tables without a lock", (*dumper).looseTables},
}

// dumper collects the lines of a dump.
type dumper struct {
	v     *VPP
	m     *vnet.Main
	out   strings.Builder
	lines []dumpLine
	// hidden are the names of interfaces that VPP does not create from the
	// dump, so that it cannot execute other commands about them either.
	hidden map[string]bool
}

// dumpLine is a command with what orders it in its section.
type dumpLine struct {
	key  string // lines are sorted by natural order of it, then as they came
	text string
	api  bool // the API's clients asked for it, not the CLI
}

// section writes the lines that write collects under a title, if there are any:
// those of the CLI first, then those of the API.
func (d *dumper) section(title string, write func(*dumper)) {
	d.lines = d.lines[:0]
	write(d)
	if len(d.lines) == 0 {
		return
	}
	slices.SortStableFunc(d.lines, func(a, b dumpLine) int {
		return cmp.Or(compareBool(a.api, b.api), naturalCompare(a.key, b.key))
	})
	fmt.Fprintf(&d.out, "# %s\n", title)
	api := false
	for _, l := range d.lines {
		if l.api && !api {
			d.out.WriteString("#! source API\n")
			api = true
		}
		d.out.WriteString(l.text)
		d.out.WriteByte('\n')
	}
	if api {
		d.out.WriteString("#! source CLI\n")
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// add collects a command under the key that orders it: the words of text, then
// args, a word each. Names of interfaces are among args.
func (d *dumper) add(key, text string, args ...string) { d.addFor(false, key, text, args...) }

// addFor is add for a command that acts for the API's clients or the CLI.
func (d *dumper) addFor(api bool, key, text string, args ...string) {
	d.lines = append(d.lines, dumpLine{key: key, text: d.line(text, args), api: api})
}

// line makes a line that VPP executes, or one of the double's if a word cannot
// stand in VPP's or names what VPP does not have.
func (d *dumper) line(text string, args []string) string {
	if slices.ContainsFunc(args, func(w string) bool { return !plainWord(w) || d.hidden[w] }) {
		return ownLine(text, args)
	}
	return strings.Join(append([]string{text}, args...), " ")
}

// addOwn collects a command that VPP's CLI does not have.
func (d *dumper) addOwn(key, text string, args ...string) {
	d.lines = append(d.lines, dumpLine{key: key, text: ownLine(text, args)})
}

// ownLine makes a line that only the double executes.
func ownLine(text string, args []string) string {
	words := []string{ownMark, text}
	for _, w := range args {
		words = append(words, quoteWord(w))
	}
	return strings.Join(words, " ")
}

// naturalCompare orders numbers inside text by value: tap2 before tap10.
func naturalCompare(a, b string) int {
	for a != "" && b != "" {
		na, nb := digits(a), digits(b)
		if na == 0 || nb == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, y := strings.TrimLeft(a[:na], "0"), strings.TrimLeft(b[:nb], "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y), cmp.Compare(na, nb)); c != 0 {
			return c
		}
		a, b = a[na:], b[nb:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits counts the digits that s starts with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
