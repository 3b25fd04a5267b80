package fakevpp

import (
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/classify"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// cliFilter is what "classify filter" says.
type cliFilter struct {
	c                classify.Config
	swIf             uint32
	del, trace, pcap bool
}

// cliClassifyFilter adds a rule to the packet tracer's filter, to pcap's or to
// an interface's: to the table of the chain that has its mask, or to a new one
// (classify_filter_command_fn).
func cliClassifyFilter(v *VPP, a *cliArgs) (string, error) {
	f := cliFilter{swIf: invalidIndex, c: classify.Config{Buckets: 8, MemorySize: 128 << 10, Skip: invalidIndex,
		Match: invalidIndex, Next: invalidIndex, MissNext: invalidIndex}}
	defer func() { a.words = nil }() // it owns its line
	if err := f.read(a); err != nil {
		return "", err
	}
	if err := f.check(); err != nil {
		return "", err
	}
	if f.del {
		f.setChain(v, invalidIndex)
		return "", nil
	}
	table, err := f.table(v)
	if err != nil {
		return "", err
	}
	if match := classifyMatch(a, v.dp.ClassifyTable(table)); match != nil {
		return "", v.dp.AddClassifySession(table, match, classify.Session{})
	}
	return "", nil
}

func (f *cliFilter) read(a *cliArgs) error {
	for a.more() {
		var i *vnet.Interface
		switch {
		case a.is("del"):
			f.del = true
		case a.is("pcap"):
			f.pcap, f.swIf = true, 0
		case a.is("trace"):
			f.trace = true
		case a.number("buckets", &f.c.Buckets), classifyMask(a, &f.c.Mask, &f.c.Skip, &f.c.Match),
			a.memorySize("memory-size", &f.c.MemorySize):
		case a.iface(&i):
			if i.SwIfIndex == 0 {
				return cliText("Local interface not supported...")
			}
			f.swIf = i.SwIfIndex
		default:
			return nil
		}
	}
	return nil
}

func (f *cliFilter) check() error {
	switch {
	case !f.del && f.c.Mask == nil:
		return cliText("Mask required")
	case f.swIf == invalidIndex && !f.trace && !f.pcap:
		return cliText("Must specify trace, pcap or interface...")
	case f.trace && f.pcap:
		return cliText("Packet trace and pcap are mutually exclusive...")
	case f.trace && f.swIf != invalidIndex:
		return cliText("Packet trace filter is per-system")
	}
	return nil
}

func (f *cliFilter) setChain(v *VPP, head uint32) {
	if f.trace {
		v.dp.SetClassifyTraceChain(head)
		return
	}
	v.dp.SetClassifyPCAPChain(f.swIf, head)
}

// table finds the table for the mask or puts a new one into the chain.
func (f *cliFilter) table(v *VPP) (uint32, error) {
	head := v.dp.ClassifyPCAPChain(f.swIf)
	if f.trace {
		head = v.dp.ClassifyTraceChain()
	}
	if found := v.dp.ClassifyLookupMask(head, f.c.Mask, f.c.Skip, f.c.Match); found != invalidIndex {
		return found, nil
	}
	f.c.Next = head
	t, err := v.dp.AddClassifyTable(f.c)
	if err != nil {
		return 0, returned("vnet_classify_add_del_table", err)
	}
	f.setChain(v, v.dp.SortClassifyChain(t.Index))
	return t.Index, nil
}

func cliShowClassifyFilter(v *VPP, a *cliArgs) (string, error) {
	verbose := a.is("verbose")
	var b strings.Builder
	fmt.Fprintf(&b, "%-30s%s\n%-30s%s\n", "Filter Used By", " Table(s)", "--------------", " --------")
	line := func(name string, head uint32) {
		what, tables := "first table", v.dp.ClassifyChain(head)
		if verbose {
			what = "table(s)"
		} else if len(tables) > 0 {
			tables = tables[:1]
		}
		list := ""
		for _, t := range tables {
			list += fmt.Sprintf(" %d", t)
		}
		if list == "" {
			list = " none"
		}
		fmt.Fprintf(&b, "%-30s %s%s\n", name, what, list)
	}
	line("packet tracer:", v.dp.ClassifyTraceChain())
	for i := range v.dp.ClassifyPCAPLimit() {
		name := "pcap rx/tx/drop:"
		if i > 0 {
			name = v.dp.InterfaceName(i) + ":"
		}
		line(name, v.dp.ClassifyPCAPChain(i))
	}
	return b.String(), nil
}
