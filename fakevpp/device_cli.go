package fakevpp

import (
	"errors"
	"net/netip"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// deviceCommands create and delete interfaces (src/vnet/ethernet/interface.c,
// src/plugins/tap/cli.c, src/plugins/memif/cli.c, src/plugins/af_packet/cli.c,
// src/vnet/pg/cli.c).
func deviceCommands() []cliCommand {
	return []cliCommand{
		command("create loopback interface", "create loopback interface [mac <mac-addr>] [instance <instance>]",
			cliCreateLoopback),
		command("loopback create-interface", "loopback create-interface [mac <mac-addr>] [instance <instance>]",
			cliCreateLoopback),
		command("delete loopback interface", "delete loopback interface intfc <interface>", cliDeleteLoopback),
		command("loopback delete-interface", "loopback delete-interface intfc <interface>", cliDeleteLoopback),
		command("create tap", "create tap {id <if-id>} [hw-addr <mac-address>] [num-rx-queues <n>] [num-tx-queues <n>] "+
			"[rx-ring-size <size>] [tx-ring-size <size>] [host-ns <netns>] [host-bridge <bridge-name>] "+
			"[host-ip4-addr <ip4addr/mask>] [host-ip6-addr <ip6-addr>] [host-ip4-gw <ip4-addr>] [host-ip6-gw <ip6-addr>] "+
			"[host-mac-addr <host-mac-address>] [host-if-name <name>] [host-mtu-size <size>] "+
			"[no-gso|gso [gro-coalesce]|csum-offload] [persist] [attach] [tun] [packed] [in-order]", cliCreateTap),
		command("delete tap", "delete tap {<interface> | sw_if_index <sw_idx>}", cliDeleteTap),
		command("create memif socket", "create memif socket [id <id>] [filename <path>]", cliCreateMemifSocket),
		command("delete memif socket", "delete memif socket [id <id>]", cliDeleteMemifSocket),
		command("create interface memif", "create interface memif [id <id>] [socket-id <socket-id>] [ring-size <size>] "+
			"[buffer-size <size>] [hw-addr <mac-address>] [<master|slave>] [rx-queues <number>] [tx-queues <number>] "+
			"[mode ip] [secret <string>] [no-zero-copy] [use-dma]", cliCreateMemif),
		command("delete interface memif", "delete interface memif {<interface> | sw_if_index <sw_idx>}", cliDeleteMemif),
		command("create host-interface", "create host-interface [v2] name <ifname> [num-rx-queues <n>] "+
			"[num-tx-queues <n>] [hw-addr <mac-addr>] [mode ip] [qdisc-bypass-disable] [cksum-gso-disable]",
			cliCreateHostInterface),
		command("delete host-interface", "delete host-interface name <ifname>", cliDeleteHostInterface),
	}
}

func cliCreateLoopback(v *VPP, a *cliArgs) (string, error) {
	var mac packet.MAC
	var n uint32
	var instance *uint32
	for {
		switch {
		case a.mac("mac", &mac):
		case a.number("instance", &n):
			instance = &n
		default:
			return created(v.dp.AddLoopback(mac, instance))
		}
	}
}

// created is the output of a command that creates an interface.
func created(i *vnet.Interface, err error) (string, error) {
	if err != nil {
		return "", cliText("vnet_create_loopback_interface failed")
	}
	return i.Name + "\n", nil
}

func cliDeleteLoopback(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	if !a.is("intfc") || !a.iface(&i) {
		return "", cliText("interface not specified")
	}
	if v.dp.DeleteLoopback(i.SwIfIndex) != nil {
		return "", cliText("vnet_delete_loopback_interface failed")
	}
	return "", nil
}

// tapOptions are the keywords of "create tap" that set or clear flags.
var tapOptions = map[string]struct{ set, clear vnet.TapFlags }{
	"gso": {set: vnet.TapGSO}, "no-gso": {clear: vnet.TapGSO}, "gro-coalesce": {set: vnet.TapGROCoalesce},
	"csum-offload": {set: vnet.TapChecksumOffload}, "persist": {set: vnet.TapPersist}, "attach": {set: vnet.TapAttach},
	"tun": {set: vnet.TapTun}, "packed": {set: vnet.TapPacked}, "in-order": {set: vnet.TapInOrder},
	"consistent-qp": {set: vnet.TapConsistentQP},
}

func cliCreateTap(v *VPP, a *cliArgs) (string, error) {
	c := vnet.TapConfig{TxQueues: 1}
	for a.more() {
		if o, ok := tapOptions[a.words[0]]; ok {
			c.Flags = c.Flags&^o.clear | o.set
			a.words = a.words[1:]
			continue
		}
		if !a.tapOption(&c) {
			return "", a.unknown()
		}
	}
	if (c.HostIP4.IsValid() || c.HostIP6.IsValid()) && c.HostBridge != "" {
		return "", cliText("Please specify either host ip address or host bridge")
	}
	t, err := v.dp.AddTap(c)
	switch {
	case errors.Is(err, vnet.ErrInvalidInterface):
		return "", cliText("interface already exists")
	case err != nil:
		return "", err
	}
	return t.Interface.Name + "\n", nil
}

// tapOption takes a keyword of "create tap" with its value.
func (a *cliArgs) tapOption(c *vnet.TapConfig) bool {
	var n uint32
	var mac packet.MAC
	switch {
	case a.number("id", &n):
		c.ID = &n
	case a.number("num-rx-queues", &n):
		c.RxQueues = int(uint16(n)) // a u16 in VPP, too
	case a.number("num-tx-queues", &n):
		c.TxQueues = int(uint16(n)) // a u16 in VPP, too
	case a.number("rx-ring-size", &n):
		c.RxRing = int(n)
	case a.number("tx-ring-size", &n):
		c.TxRing = int(n)
	case a.number("host-mtu-size", &n):
		c.HostMTU = &n
	case a.mac("hw-addr", &mac):
		c.MAC = &mac
	default:
		return a.mac("host-mac-addr", &c.HostMAC) || a.text("host-if-name", &c.HostIfName) ||
			a.text("host-ns", &c.HostNamespace) || a.text("host-bridge", &c.HostBridge) ||
			a.prefixAfter("host-ip4-addr", &c.HostIP4) || a.prefixAfter("host-ip6-addr", &c.HostIP6) ||
			a.addressAfter("host-ip4-gw", &c.HostIP4Gw) || a.addressAfter("host-ip6-gw", &c.HostIP6Gw)
	}
	return true
}

// prefixAfter takes an address with prefix length behind the keyword.
func (a *cliArgs) prefixAfter(keyword string, to *netip.Prefix) bool {
	var s string
	before := *a
	if !a.text(keyword, &s) {
		return false
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		*a = before
		return false
	}
	*to = p
	return true
}

// addressAfter takes an address behind the keyword.
func (a *cliArgs) addressAfter(keyword string, to *netip.Addr) bool {
	var s string
	before := *a
	if !a.text(keyword, &s) {
		return false
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		*a = before
		return false
	}
	*to = addr
	return true
}

func cliDeleteTap(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", cliText("Missing <interface>")
	}
	return a.deleteDevice(v.dp.DeleteTap, "not a tap interface")
}

// deleteDevice reads which interface to delete and deletes it.
func (a *cliArgs) deleteDevice(del func(uint32) error, wrong string) (string, error) {
	var i *vnet.Interface
	for a.more() {
		if !a.ifaceOrIndex(&i) {
			return "", a.unknown()
		}
	}
	switch {
	case i == nil:
		return "", cliText("please specify interface name or sw_if_index")
	case errors.Is(del(i.SwIfIndex), vnet.ErrInvalidSwIfIndex):
		return "", cliText(wrong)
	}
	return "", nil
}
