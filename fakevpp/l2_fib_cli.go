package fakevpp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// l2FibCommands are the commands of src/vnet/l2/l2_fib.c.
func l2FibCommands() []cliCommand {
	return []cliCommand{
		command("show l2fib", "show l2fib [all] | [bd_id <nn> | bd_index <nn>] [learn | add] | [raw]", cliShowL2Fib),
		command("clear l2fib", "clear l2fib", func(v *VPP, _ *cliArgs) (string, error) {
			v.dp.ClearL2()
			return "", nil
		}),
		command("l2fib add", "l2fib add <mac> <bridge-domain-id> filter | <intf> [static | bvi]", cliL2FibAdd),
		command("l2fib del", "l2fib del <mac> <bridge-domain-id> []", cliL2FibDel),
		command("l2fib flush-mac all", "l2fib flush-mac all", func(v *VPP, _ *cliArgs) (string, error) {
			v.dp.FlushL2()
			return "", nil
		}),
		command("l2fib flush-mac interface", "l2fib flush-mac interface <if-name>", cliL2FibFlushInterface),
		command("l2fib flush-mac bridge-domain", "l2fib flush-mac bridge-domain <bd-id>", cliL2FibFlushBridge),
		command("set l2fib scan-delay", "set l2fib scan-delay <delay>", cliL2FibScanDelay),
		command("test l2fib", "test l2fib [add|del|check] mac <base-addr> count <nn>", cliTestL2Fib),
	}
}

// l2FibWords are the words of "show l2fib".
type l2FibWords struct {
	verbose, learn, add bool
	index               uint32
}

// read takes the words; as VPP, it stops at one that it does not know, and at
// "raw", the dump of the hash table that the double has not.
func (w *l2FibWords) read(v *VPP, a *cliArgs) error {
	w.index = invalidIndex
	var id uint32
	for a.more() {
		switch {
		case a.is("raw"):
			w.verbose = false
			return nil
		case a.is("verbose"), a.is("all"), a.number("bd_index", &w.index):
		case a.is("learn"):
			w.learn, w.add = true, false
		case a.is("add"):
			w.learn, w.add = false, true
		case a.number("bd_id", &id):
			d := v.dp.BridgeDomain(id)
			if d == nil {
				return cliText(fmt.Sprintf("bridge domain id %d doesn't exist\n", id))
			}
			w.index = uint32(d.Index)
		default:
			return nil
		}
		w.verbose = true
	}
	return nil
}

func cliShowL2Fib(v *VPP, a *cliArgs) (string, error) {
	var w l2FibWords
	if err := w.read(v, a); err != nil {
		return "", err
	}
	entries := v.dp.L2Entries()
	if len(entries) == 0 {
		return "no l2fib entries\n", nil
	}
	var b strings.Builder
	if w.verbose {
		b.WriteString(row("19 7 7 8 9 7 7 5 30", "", "Mac-Address", "BD-Idx", "If-Idx", "BSN-ISN", "Age(min)", "static",
			"filter", "bvi", "Interface-Name"))
		for k := range entries {
			if e := &entries[k]; w.shows(e) {
				v.showL2Entry(&b, e)
			}
		}
	}
	learned, limit := v.dp.L2Learned()
	fmt.Fprintf(&b, "L2FIB total/learned entries: %d/%d  Last scan time: %.4esec  Learn limit: %d \n", len(entries), learned,
		0.0, limit)
	if pid, delay, most := v.dp.L2EventClient(); pid != 0 {
		fmt.Fprintf(&b, "L2MAC events client PID: %d  Last e-scan time: %.4esec  Delay: %.2esec  Max macs in event: %d\n", pid,
			0.0, delay.Seconds(), most)
	}
	return b.String(), nil
}

func (w *l2FibWords) shows(e *vnet.L2Entry) bool {
	return (w.index>>31 != 0 || w.index == uint32(e.Domain)) && (!w.learn || e.Learned) && (!w.add || !e.Learned)
}

func (v *VPP) showL2Entry(b *strings.Builder, e *vnet.L2Entry) {
	age := "-"
	if d := v.dp.BridgeDomainAt(uint32(e.Domain)); !e.Learned {
		age = "no"
	} else if d != nil && d.Age != 0 {
		age = strconv.Itoa(int(v.dp.L2Minute() - e.Minute))
	}
	star := map[bool]string{true: "*", false: "-"}
	b.WriteString(strings.TrimSuffix(row("19 7 7", "", e.MAC, e.Domain, int32(e.SwIf)), "\n"))
	fmt.Fprintf(b, " %3d/%-3d", e.DomainSeq, e.InterfaceSeq)
	b.WriteString(row("9 7 7 5 30", "", age, star[e.Static], star[e.Filter], star[e.BVI], v.nameOrNA(e.SwIf)))
}

// macAndBridge takes an address and the id of a bridge domain.
func (a *cliArgs) macAndBridge() (mac packet.MAC, d *vnet.BridgeDomain, err error) {
	bad := fmt.Errorf("expected mac address `%s'", a.rest())
	if !a.more() {
		return mac, nil, bad
	}
	if mac, err = packet.ParseMAC(a.words[0]); err != nil {
		return mac, nil, bad
	}
	a.word()
	id, ok := a.uint()
	if !ok {
		return mac, nil, fmt.Errorf("expected bridge domain ID `%s'", a.rest())
	}
	if d = a.v.dp.BridgeDomain(id); d == nil {
		return mac, nil, fmt.Errorf("bridge domain ID %d invalid", id)
	}
	return mac, d, nil
}

func cliL2FibAdd(v *VPP, a *cliArgs) (string, error) {
	mac, d, err := a.macAndBridge()
	if err != nil {
		return "", err
	}
	e := vnet.L2Entry{Domain: d.Index, MAC: mac}
	var i *vnet.Interface
	if a.is("filter") {
		e.SwIf, e.Filter, e.Static = invalidIndex, true, true
		v.dp.AddL2Entry(e)
		return "", nil
	}
	if err := a.l2Interface(&i); err != nil {
		return "", err
	}
	e.SwIf = i.SwIfIndex
	e.Static = a.is("static")
	if !e.Static && a.is("bvi") {
		e.Static, e.BVI = true, true
	}
	v.dp.AddL2Entry(e)
	return "", nil
}

func cliL2FibDel(v *VPP, a *cliArgs) (string, error) {
	mac, d, err := a.macAndBridge()
	if err != nil {
		return "", err
	}
	if v.dp.DeleteL2Entry(mac, d.Index, 0) != nil {
		return "", cliText("mac entry not found")
	}
	return "", nil
}

func cliL2FibFlushInterface(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	if err := a.l2Interface(&i); err != nil {
		return "", err
	}
	v.dp.FlushL2Interface(i.SwIfIndex)
	return "", nil
}

func cliL2FibFlushBridge(v *VPP, a *cliArgs) (string, error) {
	id, ok := a.uint()
	if !ok {
		return "", fmt.Errorf("expecting bridge-domain id but got `%s'", a.rest())
	}
	d := v.dp.BridgeDomain(id)
	if d == nil {
		return "", cliText(fmt.Sprintf("No such bridge domain %d", id))
	}
	v.dp.FlushL2Domain(d)
	return "", nil
}

func cliL2FibScanDelay(v *VPP, a *cliArgs) (string, error) {
	delay, ok := a.uint()
	if !ok {
		return "", fmt.Errorf("expecting delay but got `%s'", a.rest())
	}
	v.dp.SetL2ScanDelay(uint16(delay))
	return "", nil
}

// cliTestL2Fib adds and deletes runs of addresses in bridge domain 0 on
// interface 8, whatever that is.
func cliTestL2Fib(v *VPP, a *cliArgs) (string, error) {
	var mac packet.MAC
	var add, del, check, set bool
	count := uint32(1)
	for known := true; known && a.more(); {
		switch {
		case a.mac("mac", &mac):
			set = true
		case a.is("add"):
			add = true
		case a.is("del"):
			del = true
		case a.is("check"):
			check = true
		case a.number("count", &count):
		default:
			known = false
		}
	}
	switch {
	case !set:
		return "", cliText("mac not set")
	case !add && !del && !check:
		return "", cliText("noop: pick at least one of (add,del,check)")
	}
	for k := range min(count, 1<<20) {
		next := addMAC(mac, k)
		if add {
			v.dp.AddL2Entry(vnet.L2Entry{MAC: next, SwIf: 8})
		}
		if del {
			_ = v.dp.DeleteL2Entry(next, 0, 0)
		}
	}
	return "", nil
}

// addMAC counts an address up.
func addMAC(mac packet.MAC, n uint32) packet.MAC {
	var v uint64
	for _, b := range mac {
		v = v<<8 | uint64(b)
	}
	v += uint64(n)
	for k := range mac {
		mac[k] = byte(v >> (8 * (5 - k)))
	}
	return mac
}
