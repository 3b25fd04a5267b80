package fakevpp

import (
	"fmt"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// deviceShowCommands show what drivers know (src/plugins/tap/cli.c,
// src/plugins/memif/cli.c).
func deviceShowCommands() []cliCommand {
	return []cliCommand{
		command("show tap", "show tap {<interface>] [descriptors]", func(v *VPP, a *cliArgs) (string, error) {
			return a.showTaps(false)
		}),
		command("show tun", "show tun {<interface>] [descriptors]", func(v *VPP, a *cliArgs) (string, error) {
			return a.showTaps(true)
		}),
		command("show memif", "show memif [<interface>] [descriptors]", cliShowMemif),
	}
}

// showTaps shows the named interfaces or all; both commands show taps and tuns,
// "show tun" without the lines about Ethernet. File descriptors and the state of
// the rings, which there are none of, are left out.
func (a *cliArgs) showTaps(tun bool) (string, error) {
	only := map[*vnet.Interface]bool{}
	for a.more() {
		var i *vnet.Interface
		switch {
		case a.iface(&i):
			only[i] = true
		case a.is("descriptors"):
		default:
			return "", a.unknown()
		}
	}
	var b strings.Builder
	for _, t := range a.v.dp.Taps() {
		if len(only) == 0 || only[t.Interface] {
			showTap(&b, t, tun)
		}
	}
	return b.String(), nil
}

// virtioFeatures is what every tap negotiates.
const virtioFeatures = `  features 0x110008000
     VIRTIO_NET_F_MRG_RXBUF(15)
     VIRTIO_RING_F_INDIRECT_DESC(28)
     VIRTIO_F_VERSION_1(32)
`

func showTap(b *strings.Builder, t *vnet.Tap, tun bool) {
	c, i := &t.Config, t.Interface
	fmt.Fprintf(b, "Interface: %s (ifindex %d)\n  name \"%s\"\n", i.Name, i.Hw.HwIfIndex, c.HostIfName)
	if c.HostNamespace != "" {
		fmt.Fprintf(b, "  host-ns \"%s\"\n", c.HostNamespace)
	}
	if c.HostMTU != nil {
		fmt.Fprintf(b, "  host-mtu-size \"%d\"\n", *c.HostMTU)
	}
	if !tun {
		fmt.Fprintf(b, "  host-mac-addr: %s\n", c.HostMAC)
	}
	fmt.Fprintf(b, "  host-carrier-up: 1\n  gso-enabled %d\n  csum-enabled %d\n  packet-coalesce %d\n",
		bit(i.Hw.GSO), bit(i.Hw.Checksum), bit(i.Hw.GSO && c.Flags&vnet.TapGROCoalesce != 0))
	if !tun {
		fmt.Fprintf(b, "  mac Address: %s\n", i.Hw.MAC)
	}
	admin := "down"
	if i.AdminUp {
		admin = "up"
	}
	fmt.Fprintf(b, "  device instance: %d\n  admin state: %s\n%s  Number of RX Virtqueue  %d\n  Number of TX Virtqueue  %d\n",
		t.Instance, admin, virtioFeatures, len(i.Hw.RxQueues), len(i.Hw.TxQueues))
	for _, q := range i.Hw.RxQueues {
		fmt.Fprintf(b, "  Virtqueue (RX) %d\n    qsz %d\n", q.ID, c.RxRing)
	}
	for _, q := range i.Hw.TxQueues {
		fmt.Fprintf(b, "  Virtqueue (TX) %d\n    qsz %d\n", q.ID, c.TxRing)
	}
}

func bit(on bool) int {
	if on {
		return 1
	}
	return 0
}

// cliShowMemif lists sockets and interfaces. File descriptors are shown as 0 and
// regions, which there are none of, are left out.
func cliShowMemif(v *VPP, a *cliArgs) (string, error) {
	only := map[*vnet.Interface]bool{}
	for a.more() {
		var i *vnet.Interface
		switch {
		case a.iface(&i):
			only[i] = true
		case a.is("descriptors"):
		default:
			return "", a.unknown()
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "sockets\n  %-3s %-11s %s\n", "id", "listener", "filename")
	for _, s := range v.dp.MemifSockets() {
		listener := "no"
		if s.Master && s.Users > 0 {
			listener = fmt.Sprintf("yes (%d)", s.Users)
		}
		fmt.Fprintf(&b, "  %-3d %-11s %s\n", s.ID, listener, s.Filename)
	}
	b.WriteByte('\n')
	for _, mif := range v.dp.Memifs() {
		if len(only) == 0 || only[mif.Interface] {
			showMemif(&b, mif)
		}
	}
	return b.String(), nil
}

func showMemif(b *strings.Builder, mif *vnet.Memif) {
	c, hw := &mif.Config, mif.Interface.Hw
	s2m, m2s := len(hw.RxQueues), len(hw.TxQueues)
	if c.Slave {
		s2m, m2s = m2s, s2m
	}
	fmt.Fprintf(b, "interface %s\n  socket-id %d id %d mode %s\n  flags%s\n  listener-fd 0 conn-fd 0\n"+
		"  num-s2m-rings %d num-m2s-rings %d buffer-size %d num-regions 0\n",
		mif.Interface.Name, c.SocketID, c.ID, c.Mode, memifFlags(mif), s2m, m2s, mif.BufferSize)
}

// memifFlags names the flags as format_memif_if_flags does, with a space in
// front of each.
func memifFlags(mif *vnet.Memif) string {
	s := ""
	for _, f := range []struct {
		on   bool
		name string
	}{
		{mif.Interface.AdminUp, "admin-up"}, {mif.Config.Slave, "slave"}, {mif.Connected, "connected"},
		{mif.Config.Slave && !mif.Config.NoZeroCopy, "zero-copy"}, {mif.Config.DMA, "use_dma"},
	} {
		if f.on {
			s += " " + f.name
		}
	}
	return s
}
