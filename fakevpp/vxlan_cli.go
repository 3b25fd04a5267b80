package fakevpp

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/vlib"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// vxlanCommands are the commands of src/plugins/vxlan/vxlan.c.
func vxlanCommands() []cliCommand {
	return []cliCommand{
		command("create vxlan tunnel", "create vxlan tunnel src <local-vtep-addr> {dst <remote-vtep-addr>|group "+
			"<mcast-vtep-addr> <intf-name>} vni <nn> [instance <id>] [encap-vrf-id <nn>] [decap-next [l2|node <name>]] "+
			"[del] [l3] [src_port <local-vtep-udp-port>] [dst_port <remote-vtep-udp-port>]", cliCreateVXLAN),
		command("show vxlan tunnel", "show vxlan tunnel [raw]", cliShowVXLAN),
		command("set interface ip vxlan-bypass", "set interface ip vxlan-bypass <interface> [del]", cliVXLANBypass(false)),
		command("set interface ip6 vxlan-bypass", "set interface ip6 vxlan-bypass <interface> [del]", cliVXLANBypass(true)),
	}
}

// vxlanWords are the words of "create vxlan tunnel".
type vxlanWords struct {
	src, dst         netip.Addr
	group, del, l3   bool
	mcast            *vnet.Interface
	instance, table  uint32
	vni              uint32
	srcPort, dstPort uint32
	decapNode        string
	decapSlot        uint32
}

// addrAfter takes an IP address behind the keyword.
func (a *cliArgs) addrAfter(keyword string, to *netip.Addr) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	ip, err := netip.ParseAddr(a.words[1])
	if err != nil {
		return false
	}
	*to, a.words = ip, a.words[2:]
	return true
}

func (w *vxlanWords) read(a *cliArgs) error {
	w.instance, w.decapSlot = vlib.InvalidIndex, vlib.InvalidIndex
	for a.more() {
		switch {
		case a.is("del"):
			w.del = true
		case a.is("l3"):
			w.l3 = true
		case a.is("decap-next", "l2"):
			w.decapSlot = 1
		case a.is("decap-next"):
			if !a.text("node", &w.decapNode) && !w.slot(a) {
				return a.parseError()
			}
		case a.addrAfter("group", &w.dst):
			w.group = true
			if !a.iface(&w.mcast) {
				return a.parseError()
			}
		case a.number("instance", &w.instance), a.addrAfter("src", &w.src), a.addrAfter("dst", &w.dst),
			a.number("encap-vrf-id", &w.table), a.number("vni", &w.vni), a.number("src_port", &w.srcPort),
			a.number("dst_port", &w.dstPort):
		default:
			return a.parseError()
		}
	}
	return nil
}

func (w *vxlanWords) slot(a *cliArgs) (ok bool) {
	w.decapSlot, ok = a.uint()
	return ok
}

// check finds what is missing or wrong, in VPP's order and words.
func (w *vxlanWords) check() error {
	switch {
	case !w.src.IsValid():
		return cliText("tunnel src address not specified")
	case !w.dst.IsValid():
		return cliText("tunnel dst address not specified")
	case w.group && !w.dst.IsMulticast():
		return cliText("tunnel group address not multicast")
	case !w.group && w.dst.IsMulticast():
		return cliText("dst address must be unicast")
	case w.src.Is4() != w.dst.Is4():
		return cliText("both IPv4 and IPv6 addresses specified")
	case w.src == w.dst:
		return cliText("src and dst addresses are identical")
	case w.vni == 0:
		return cliText("vni not specified")
	case w.vni>>24 != 0:
		return fmt.Errorf("vni %d out of range", w.vni)
	}
	return nil
}

func cliCreateVXLAN(v *VPP, a *cliArgs) (string, error) {
	var w vxlanWords
	if err := w.read(a); err != nil {
		return "", err
	}
	p := fib.IP4
	if w.src.IsValid() {
		p = fib.ProtoOf(w.src)
	}
	table, ok := v.dp.FIB.FindTable(p, w.table)
	if !ok {
		return "", fmt.Errorf("nonexistent encap-vrf-id %d", w.table)
	}
	if err := w.check(); err != nil {
		return "", err
	}
	if w.decapNode != "" && v.dp.Graph.Node(w.decapNode) == nil {
		return "", a.parseError()
	}
	spec := vnet.VXLANSpec{Src: w.src, Dst: w.dst, SrcPort: uint16(w.srcPort), DstPort: uint16(w.dstPort), VNI: w.vni,
		EncapFib: table, DecapNext: v.vxlanDecapNext(&w, p), McastSwIf: vlib.InvalidIndex, Instance: w.instance, L3: w.l3}
	if w.mcast != nil {
		spec.McastSwIf = w.mcast.SwIfIndex
	}
	return v.cliVXLAN(spec, w.del)
}

// vxlanDecapNext is the slot for received packets: a layer 3 tunnel's go to the
// IP input node of the outer protocol if nothing else is said.
func (v *VPP) vxlanDecapNext(w *vxlanWords, p fib.Proto) uint32 {
	switch {
	case w.decapNode != "":
		return v.dp.VXLANDecapNext(p, w.decapNode)
	case w.l3 && !v.fam.exec.own && (w.decapSlot == vlib.InvalidIndex || w.decapSlot == 1):
		return v.dp.VXLANDecapNext(p, p.String()+"-input")
	}
	return w.decapSlot
}

func (v *VPP) cliVXLAN(spec vnet.VXLANSpec, del bool) (string, error) {
	var err error
	if del {
		_, err = v.dp.DeleteVXLAN(spec)
	} else {
		var t *vnet.VXLANTunnel
		if t, err = v.dp.AddVXLAN(spec); err == nil {
			return v.dp.Interface(t.SwIfIndex).Name + "\n", nil
		}
	}
	var api vnet.APIError
	switch {
	case err == nil:
		return "", nil
	case errors.Is(err, vnet.ErrTunnelExist):
		return "", cliText("tunnel already exists...")
	case errors.Is(err, vnet.ErrNoSuchEntry):
		return "", cliText("tunnel does not exist...")
	case errors.Is(err, vnet.ErrInstanceInUse):
		return "", cliText("Instance is in use")
	case errors.As(err, &api):
		return "", fmt.Errorf("vnet_vxlan_add_del_tunnel returned %d", int32(api))
	}
	return "", err
}

func cliShowVXLAN(v *VPP, a *cliArgs) (string, error) {
	if a.is("raw"); a.more() {
		return "", a.parseError()
	}
	var b strings.Builder
	v.dp.VXLANs(func(t *vnet.VXLANTunnel) bool {
		fmt.Fprintf(&b, "[%d] instance %d src %s dst %s src_port %d dst_port %d vni %d fib-idx %d sw-if-idx %d encap-dpo-idx %d ",
			t.Index, t.Instance, t.Src, t.Dst, t.SrcPort, t.DstPort, t.VNI, t.EncapFib, t.SwIfIndex, t.EncapDPO().Index)
		switch t.DecapNext {
		case 0:
			b.WriteString("decap-next-drop ")
		case 1:
		default:
			fmt.Fprintf(&b, "decap-next-index %d ", t.DecapNext)
		}
		if t.Dst.IsMulticast() {
			fmt.Fprintf(&b, "mcast-sw-if-idx %d ", t.McastSwIf)
		}
		b.WriteString("\n")
		return true
	})
	if b.Len() == 0 {
		return "No vxlan tunnels configured...\n", nil
	}
	return b.String(), nil
}

func cliVXLANBypass(ip6 bool) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		if !a.more() {
			return "", nil
		}
		var i *vnet.Interface
		enable := true
		for a.more() {
			switch {
			case a.iface(&i):
			case a.is("del"):
				enable = false
			default:
				return "", a.parseError()
			}
		}
		if i == nil {
			return "", fmt.Errorf("unknown interface `%s'", a.rest())
		}
		return "", v.setVXLANBypass(i.SwIfIndex, ip6, enable)
	}
}
