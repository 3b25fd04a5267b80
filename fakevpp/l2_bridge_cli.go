package fakevpp

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// bridgeCommands are the commands of src/vnet/l2/l2_bd.c.
func bridgeCommands() []cliCommand {
	flag := func(word string, f vnet.L2Feature) cliCommand {
		return command("set bridge-domain "+word, "set bridge-domain "+word+" <bridge-domain-id> [disable]", cliBridgeFlag(f))
	}
	return []cliCommand{
		command("create bridge-domain", "create bridge-domain <bridge-domain-id> [learn <0|1>] [forward <0|1>] [uu-flood "+
			"<0|1>] [flood <0|1>] [arp-term <0|1>] [arp-ufwd <0|1>] [mac-age <nn>] [bd-tag <tag>] [del]", cliCreateBridge),
		flag("learn", vnet.L2InLearn),
		flag("forward", vnet.L2InFwd),
		flag("flood", vnet.L2InFlood),
		flag("uu-flood", vnet.L2InUUFlood),
		flag("arp-ufwd", vnet.L2InARPUFwd),
		flag("arp term", vnet.L2InARPTerm),
		command("set bridge-domain mac-age", "set bridge-domain mac-age <bridge-domain-id> <mins>", cliBridgeAge),
		command("set bridge-domain learn-limit", "set bridge-domain learn-limit <bridge-domain-id> <learn-limit>",
			cliBridgeLimit),
		command("set bridge-domain default-learn-limit", "set bridge-domain default-learn-limit <maxentries>",
			cliBridgeDefaultLimit),
		command("set bridge-domain arp entry", "set bridge-domain arp entry <bridge-domain-id> [<ip-addr> <mac-addr> [del] | "+
			"del-all]", cliBridgeARP),
		command("show bridge-domain", "show bridge-domain [bridge-domain-id [detail|int|arp|bd-tag]]", cliShowBridge),
	}
}

// bridgeWords are the words of "create bridge-domain".
type bridgeWords struct {
	id, age uint32
	flags   [6]uint32 // as bdFlags
	tag     string
	del     bool
}

var bridgeFlagWords = [...]string{"learn", "forward", "flood", "uu-flood", "arp-term", "arp-ufwd"}

// read takes the words; as VPP, it ignores what follows one that it does not
// know.
func (w *bridgeWords) read(a *cliArgs) {
	w.id, w.flags = invalidIndex, [6]uint32{1, 1, 1, 1, 0, 0}
	for a.more() {
		known := false
		for k, word := range bridgeFlagWords {
			known = known || a.number(word, &w.flags[k])
		}
		switch {
		case known, a.number("mac-age", &w.age), a.text("bd-tag", &w.tag):
		case a.is("del"):
			w.del = true
			copy(w.flags[:4], []uint32{0, 0, 0, 0})
		default:
			id, ok := a.uint()
			if !ok {
				a.words = nil
				return
			}
			w.id = id
		}
	}
}

func cliCreateBridge(v *VPP, a *cliArgs) (string, error) {
	var w bridgeWords
	w.read(a)
	if w.id == invalidIndex {
		if w.del {
			return "", cliText("bridge-domain-id not specified")
		}
		w.id = v.dp.UnusedBridgeDomain()
	}
	switch {
	case w.id == 0:
		return "", cliText("bridge domain 0 can not be modified")
	case w.age > 255:
		return "", cliText("mac age must be less than 256")
	case len(w.tag) > 63:
		return "", cliText("bd-tag cannot be longer than 63")
	}
	s := vnet.BridgeSpec{ID: w.id, Age: uint8(w.age), Tag: w.tag}
	for k, on := range w.flags {
		if uint8(on) != 0 {
			s.Features |= bdFlags[k]
		}
	}
	var err error
	if w.del {
		err = v.dp.DeleteBridgeDomain(w.id)
	} else if _, err = v.dp.AddBridgeDomain(s); err == nil {
		return fmt.Sprintf("bridge-domain %d\n", w.id), nil
	}
	return "", bridgeError(err)
}

func bridgeError(err error) error {
	var code vnet.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, vnet.ErrBDInUse):
		return cliText("bridge domain in use - remove members")
	case errors.Is(err, vnet.ErrNoSuchEntry):
		return cliText("bridge domain ID does not exist")
	case errors.Is(err, vnet.ErrBDNotModifiable):
		return cliText("bridge domain 0 can not be modified")
	case errors.Is(err, vnet.ErrBDIDExceedMax):
		return cliText("bridge domain ID exceed 16M limit")
	case errors.As(err, &code):
		return fmt.Errorf("bd_add_del returned %d", int32(code))
	}
	return err
}

// bridge takes the id of a bridge domain that may be changed.
func (a *cliArgs) bridge() (*vnet.BridgeDomain, error) {
	id, ok := a.uint()
	if !ok {
		return nil, fmt.Errorf("expecting bridge-domain id but got `%s'", a.rest())
	}
	if id == 0 {
		return nil, cliText("No operations on the default bridge domain are supported")
	}
	if d := a.v.dp.BridgeDomain(id); d != nil {
		return d, nil
	}
	return nil, cliText(fmt.Sprintf("No such bridge domain %d", id))
}

func cliBridgeFlag(f vnet.L2Feature) func(*VPP, *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		d, err := a.bridge()
		if err == nil {
			v.dp.SetBridgeFeatures(d, f, !a.is("disable"))
		}
		return "", err
	}
}

func cliBridgeAge(v *VPP, a *cliArgs) (string, error) {
	d, err := a.bridge()
	if err != nil {
		return "", err
	}
	age, ok := a.uint()
	if !ok {
		return "", fmt.Errorf("expecting ageing time in minutes but got `%s'", a.rest())
	}
	if age > 255 {
		return "", cliText("mac aging time cannot be bigger than 255")
	}
	v.dp.SetBridgeAge(d, uint8(age))
	return "", nil
}

func cliBridgeLimit(_ *VPP, a *cliArgs) (string, error) {
	d, err := a.bridge()
	if err != nil {
		return "", err
	}
	limit, ok := a.uint()
	if !ok {
		return "", fmt.Errorf("expecting maxium number of learned entries but got `%s'", a.rest())
	}
	d.LearnLimit = limit
	return "", nil
}

func cliBridgeDefaultLimit(v *VPP, a *cliArgs) (string, error) {
	limit, ok := a.uint()
	if !ok {
		return "", fmt.Errorf("expecting per bridge-domain max entry number got`%s'", a.rest())
	}
	v.dp.SetDefaultLearnLimit(limit)
	return "", nil
}

func cliBridgeARP(_ *VPP, a *cliArgs) (string, error) {
	d, err := a.bridge()
	if err != nil {
		return "", err
	}
	if a.is("del-all") {
		d.FlushNeighbors()
		return "", nil
	}
	var ip netip.Addr
	if a.more() {
		ip, _ = netip.ParseAddr(a.words[0])
	}
	if !ip.IsValid() {
		return "", fmt.Errorf("expecting IP address but got `%s'", a.rest())
	}
	a.word()
	var mac packet.MAC
	if a.more() {
		mac, err = packet.ParseMAC(a.words[0])
	}
	if !a.more() || err != nil {
		return "", fmt.Errorf("expecting MAC address but got `%s'", a.rest())
	}
	a.word()
	del := a.is("del")
	if d.ChangeNeighbor(ip, mac, !del) != nil {
		return "", cliText(fmt.Sprintf("MAC del for IP %s and MAC %s failed", ip, mac))
	}
	return "", nil
}

// bridgeShow says what "show bridge-domain" shows of a domain.
type bridgeShow struct{ detail, members, arp, tag bool }

func cliShowBridge(v *VPP, a *cliArgs) (string, error) {
	var show bridgeShow
	domains := v.dp.BridgeDomains()
	if a.more() {
		if _, err := strconv.ParseUint(a.words[0], 10, 32); err == nil {
			d, err := a.bridge()
			if err != nil {
				return "", err
			}
			show.detail = a.is("detail") || a.is("det")
			show.members = a.is("int")
			show.arp = a.is("arp")
			show.tag = a.is("bd-tag")
			if v.dp.BridgeDomainAt(uint32(d.Index)) == nil {
				return fmt.Sprintf("bridge-domain %d not in use\n", d.ID), nil
			}
			domains = []*vnet.BridgeDomain{d}
		}
	}
	if len(domains) == 0 {
		return "no bridge-domains in use\n", nil
	}
	var b strings.Builder
	b.WriteString(row("8 7 4 9 9 9 11 9 9 9 8 8 11", " ", "BD-ID", "Index", "BSN", "Age(min)", "Learning", "U-Forwrd",
		"UU-Flood", "Flooding", "ARP-Term", "arp-ufwd", "Learn-count", "Learn-limit", "BVI-Intf"))
	for _, d := range domains {
		v.showBridge(&b, d, show)
	}
	return b.String(), nil
}

// row renders centred columns as VPP's format does: cut where they are too long.
func row(widths, sep string, columns ...any) string {
	var cells []string
	for k, w := range strings.Fields(widths) {
		width, _ := strconv.Atoi(w)
		s := fmt.Sprint(columns[k])
		cells = append(cells, center(s[:min(len(s), width)], width))
	}
	return strings.Join(cells, sep) + "\n"
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func (v *VPP) showBridge(b *strings.Builder, d *vnet.BridgeDomain, show bridgeShow) {
	age := "off"
	if d.Age != 0 {
		age = strconv.Itoa(int(d.Age))
	}
	unknown := "drop"
	switch {
	case d.Has(vnet.L2InUUFwd):
		unknown = v.nameOrNA(d.UUFwd)
	case d.Has(vnet.L2InUUFlood):
		unknown = "flood"
	}
	b.WriteString(row("8 7 4 9 9 9 11 9 9 9 8 8 11", " ", d.ID, d.Index, d.Seq, age, onOff(d.Has(vnet.L2InLearn)),
		onOff(d.Has(vnet.L2InFwd)), unknown, onOff(d.Has(vnet.L2InFlood)), onOff(d.Has(vnet.L2InARPTerm)),
		onOff(d.Has(vnet.L2InARPUFwd)), int32(d.LearnCount), int32(d.LearnLimit), v.nameOrNA(d.BVI)))
	if show.detail {
		b.WriteString(vnet.FormatL2Input(d.Features, false) + "\n")
	}
	if show.detail || show.members {
		v.showMembers(b, d)
	}
	if (show.detail || show.arp) && d.Has(vnet.L2InARPTerm) {
		b.WriteString("\n  IP4/IP6 to MAC table for ARP Termination\n")
		for _, is4 := range []bool{true, false} {
			for _, n := range d.Neighbors {
				if n.IP.Is4() == is4 {
					b.WriteString(row("40 20", " => ", n.IP, n.MAC))
				}
			}
		}
	}
	if (show.detail || show.tag) && d.Tag != "" {
		fmt.Fprintf(b, "\n  BD-Tag: %s\n", d.Tag)
	}
}

func (v *VPP) showMembers(b *strings.Builder, d *vnet.BridgeDomain) {
	const widths = "30 7 5 5 5 9 30"
	star := map[bool]string{true: "*", false: "-"}
	for k, m := range d.Members {
		if k == 0 {
			b.WriteString("\n" + row(widths, "", "Interface", "If-idx", "ISN", "SHG", "BVI", "TxFlood", "VLAN-Tag-Rewrite"))
		}
		b.WriteString(row(widths, "", v.interfaceNameOf(m.SwIf), m.SwIf, v.dp.L2Mode(m.SwIf).Seq, m.SHG, star[m.BVI],
			star[k < d.FloodCount], vtrText(v.dp.VTR(m.SwIf))))
	}
	if d.UUFwd != invalidIndex {
		b.WriteString(row(widths, "", v.interfaceNameOf(d.UUFwd), d.UUFwd, 0, 0, "uu", "-", "None"))
	}
}

// nameOrNA is an interface's name, N/A for ~0 and Stale for one that is gone
// (format_vnet_sw_if_index_name_with_NA).
func (v *VPP) nameOrNA(swIfIndex uint32) string {
	if swIfIndex == invalidIndex {
		return "N/A"
	}
	if i := v.dp.Interface(swIfIndex); i != nil {
		return i.Name
	}
	return "Stale"
}
