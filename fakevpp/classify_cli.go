package fakevpp

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/classify"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// classifyCommands are the commands of src/vnet/classify/vnet_classify.c.
func classifyCommands() []cliCommand {
	return []cliCommand{
		command("classify table", "classify table [miss-next|l2-miss_next|acl-miss-next <next_index>]"+
			"\n mask <mask-value> buckets <nn> [skip <n>] [match <n>]"+
			"\n [current-data-flag <n>] [current-data-offset <n>] [table <n>]"+
			"\n [memory-size <nn>[M][G]] [next-table <n>]\n [del] [del-chain]", cliClassifyTable),
		command("classify session", "classify session [hit-next|l2-input-hit-next|l2-output-hit-next|"+
			"acl-hit-next <next_index>|policer-hit-next <policer_name>]"+
			"\n table-index <nn> match [hex] [l2] [l3 ip4] [opaque-index <index>]"+
			"\n [action set-ip4-fib-id|set-ip6-fib-id|set-sr-policy-index <n>] [del]", cliClassifySession),
		command("classify filter", "classify filter <intfc> | pcap mask <mask-value> match <match-value>\n"+
			"  | trace mask <mask-value> match <match-value> [del]\n    [buckets <nn>] [memory-size <n>]", cliClassifyFilter),
		command("show classify filter", "show classify filter [verbose [nn]]", cliShowClassifyFilter),
		command("show classify tables", "show classify tables [index <nn>]", cliShowClassifyTables),
	}
}

// nextIndex takes a next index behind the keyword: a word of words, a graph
// node behind one of the words in nodes, or a number.
func (a *cliArgs) nextIndex(keyword string, to *uint32, words map[string]uint32, nodes map[string]string) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	if from, ok := nodes[a.words[1]]; ok && len(a.words) > 2 {
		n, next := a.v.dp.Graph.Node(from), a.v.dp.Graph.Node(a.words[2])
		if n == nil || next == nil {
			return false
		}
		*to = uint32(a.v.dp.Graph.AddNext(n, next.Name))
		a.words = a.words[3:]
		return true
	}
	if n, ok := words[a.words[1]]; ok {
		*to = n
		a.words = a.words[2:]
		return true
	}
	return a.number(keyword, to)
}

// classifyNext takes the next index of a miss or hit, for the kinds of users
// that have names for theirs.
func (a *cliArgs) classifyNext(suffix string, to *uint32) bool {
	ip := map[string]string{"ip4-node": "ip4-classify", "ip6-node": "ip6-classify"}
	acl := map[string]string{"ip4-node": "ip4-inacl", "ip6-node": "ip6-inacl"}
	l2 := map[string]string{"input-node": "l2-input-classify", "output-node": "l2-output-classify"}
	return a.nextIndex(suffix, to, map[string]uint32{"drop": 0, "rewrite": ipNextRewrite}, ip) ||
		a.nextIndex("l2-input-"+suffix, to, map[string]uint32{"drop": 0, "ethernet": 1, "ip4": 2, "ip6": 3}, l2) ||
		a.nextIndex("l2-output-"+suffix, to, map[string]uint32{"drop": 0}, l2) ||
		a.nextIndex("acl-"+suffix, to, map[string]uint32{"deny": 0, "permit": invalidIndex}, acl)
}

// ipNextRewrite is IP_LOOKUP_NEXT_REWRITE (src/vnet/adj/adj.h).
const ipNextRewrite = 5

// signed takes a signed number behind the keyword.
func (a *cliArgs) signed(keyword string, to *int32) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	n, err := strconv.ParseInt(a.words[1], 10, 32)
	if err != nil {
		return false
	}
	*to = int32(n)
	a.words = a.words[2:]
	return true
}

type cliClassTable struct {
	c          classify.Config
	index      uint32
	del, chain bool
	flag       uint32
	offset     int32
}

func (t *cliClassTable) read(a *cliArgs) bool {
	switch {
	case a.is("del"):
		t.del = true
	case a.is("del-chain"):
		t.del, t.chain = true, true
	case a.number("buckets", &t.c.Buckets), a.number("skip", &t.c.Skip), a.number("match", &t.c.Match),
		a.number("table", &t.index), classifyMask(a, &t.c.Mask, &t.c.Skip, &t.c.Match),
		a.memorySize("memory-size", &t.c.MemorySize), a.number("next-table", &t.c.Next),
		a.classifyNext("miss-next", &t.c.MissNext), a.number("current-data-flag", &t.flag),
		a.signed("current-data-offset", &t.offset):
	default:
		return false
	}
	return true
}

func cliClassifyTable(v *VPP, a *cliArgs) (string, error) {
	t := cliClassTable{index: invalidIndex, c: classify.Config{Buckets: 2, Skip: invalidIndex, Match: invalidIndex,
		Next: invalidIndex, MissNext: invalidIndex, MemorySize: 2 << 20}}
	for a.more() && t.read(a) {
	}
	t.c.CurrentData, t.c.CurrentOffset = uint8(t.flag), int16(t.offset)
	switch fresh := !t.del && t.index == invalidIndex; {
	case fresh && t.c.Mask == nil:
		return "", cliText("Mask required")
	case fresh && t.c.Skip == invalidIndex:
		return "", cliText("skip count required")
	case fresh && t.c.Match == invalidIndex:
		return "", cliText("match count required")
	case t.del && t.index == invalidIndex:
		return "", cliText("table index required for delete")
	case fresh:
		_, err := v.dp.AddClassifyTable(t.c)
		return "", returned("vnet_classify_add_del_table", err)
	case t.del:
		v.dp.DeleteClassifyTable(t.index, t.chain)
		return "", nil
	}
	old := v.dp.ClassifyTable(t.index)
	if old == nil {
		return "", returned("vnet_classify_add_del_table", vnet.ErrClassifyTableNotFound)
	}
	old.Next = t.c.Next
	return "", nil
}

// returned words an error by its number, as VPP's classify commands do.
func returned(what string, err error) error {
	if err == nil {
		return nil
	}
	code := vnet.ErrUnspecified
	errors.As(err, &code)
	return fmt.Errorf("%s returned %d", what, int32(code))
}

type cliSession struct {
	s            classify.Session
	next         uint32
	table        uint32
	match        []byte
	del          bool
	action, meta uint32
}

func (s *cliSession) read(v *VPP, a *cliArgs) bool {
	var i *vnet.Interface
	var opaque uint64
	switch {
	case a.is("del"):
		s.del = true
	case a.classifyNext("hit-next", &s.next), a.number("policer-hit-next", &s.next), a.signed("advance", &s.s.Advance),
		a.number("table-index", &s.table):
	case a.long("opaque-index", &opaque):
		s.s.Opaque = uint32(opaque)
	case a.number2("action", "set-ip4-fib-id", &s.meta):
		s.action = 1
	case a.number2("action", "set-ip6-fib-id", &s.meta):
		s.action = 2
	case a.number2("action", "set-sr-policy-index", &s.meta):
		s.action = 3
	case len(a.words) > 1 && a.is("opaque-sw_if_index"):
		if !a.iface(&i) {
			return false
		}
		s.s.Opaque = i.SwIfIndex
	default:
		m := classifyMatch(a, v.dp.ClassifyTable(s.table))
		if m == nil {
			return false
		}
		s.match = m
	}
	return true
}

// long takes an unsigned number of 64 bits behind the keyword.
func (a *cliArgs) long(keyword string, to *uint64) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	n, err := strconv.ParseUint(a.words[1], 10, 64)
	if err != nil {
		return false
	}
	*to = n
	a.words = a.words[2:]
	return true
}

// number2 takes a number behind two keywords.
func (a *cliArgs) number2(first, second string, to *uint32) bool {
	if len(a.words) < 3 || a.words[0] != first {
		return false
	}
	rest := cliArgs{v: a.v, words: a.words[1:]}
	if !rest.number(second, to) {
		return false
	}
	a.words = rest.words
	return true
}

func cliClassifySession(v *VPP, a *cliArgs) (string, error) {
	s := cliSession{next: invalidIndex, table: invalidIndex}
	s.s.Opaque = math.MaxUint32
	for a.more() && s.read(v, a) {
	}
	switch {
	case s.table == invalidIndex:
		return "", cliText("Table index required")
	case !s.del && s.match == nil:
		return "", cliText("Match value required")
	case s.del && s.match == nil:
		// VPP reads address 0 here.
		return "", returned("vnet_classify_add_del_session", vnet.ErrNoSuchEntry)
	case s.del:
		return "", returned("vnet_classify_add_del_session", v.dp.DeleteClassifySession(s.table, s.match))
	}
	s.s.Next, s.s.Action, s.s.Metadata = uint16(s.next), classify.Action(s.action), s.meta
	return "", returned("vnet_classify_add_del_session", v.dp.AddClassifySession(s.table, s.match, s.s))
}

// cliShowClassifyTables is format_vnet_classify_table, heading repeated for each
// table.
func cliShowClassifyTables(v *VPP, a *cliArgs) (string, error) {
	index, verbose := uint32(invalidIndex), uint32(0)
	for a.more() {
		if !a.number("index", &index) && !a.number("verbose", &verbose) {
			if !a.is("verbose") {
				break
			}
			verbose = 1
		}
	}
	var b strings.Builder
	v.dp.ClassifyTables(func(t *classify.Table) {
		if index == invalidIndex || index == t.Index {
			formatClassifyTable(&b, t, int(verbose))
		}
	})
	if b.Len() == 0 {
		return "No classifier tables configured\n", nil
	}
	return b.String(), nil
}

func formatClassifyTable(b *strings.Builder, t *classify.Table, verbose int) {
	details := ""
	if verbose != 0 {
		details = "Details"
	}
	fmt.Fprintf(b, "\n%10s%10s%10s%10s", "TableIdx", "Sessions", "NextTbl", "NextNode")
	if verbose != 0 {
		fmt.Fprintf(b, "%10s", details)
	}
	fmt.Fprintf(b, "\n%10d%10d%10d%10d", t.Index, t.Sessions, int32(t.Next), int32(t.MissNext))
	fmt.Fprintf(b, "\n  Heap: size %s, name 'classify'", heapSize(t.MemorySize))
	fmt.Fprintf(b, "\n  nbuckets %d, skip %d match %d flag %d offset %d", t.Buckets, t.Skip, t.Match, t.CurrentData, t.CurrentOffset)
	fmt.Fprintf(b, "\n  mask %x\n  linear-search buckets %d\n", t.Mask, t.Linear)
	if verbose != 0 {
		b.WriteString("\n" + t.FormatBuckets(verbose))
	}
}

// heapSize renders a power of two as VPP's format_log2_page_size does.
func heapSize(n uint32) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return fmt.Sprintf("%dg", n>>30)
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%dm", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%dk", n>>10)
	}
	return strconv.FormatUint(uint64(n), 10)
}
