package fakevpp

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ifName is what commands call an interface. An index without interface, which
// VPP accepts in places, has no name in VPP's CLI.
func (d *dumper) ifName(swIfIndex uint32) string {
	if i := d.m.Interface(swIfIndex); i != nil {
		return i.Name
	}
	return fmt.Sprintf("DELETED (%d)", swIfIndex)
}

// eachInterface calls fn for each interface but local0, which always exists.
func (d *dumper) eachInterface(fn func(*vnet.Interface)) {
	d.m.Interfaces(func(i *vnet.Interface) bool {
		if i.SwIfIndex != 0 {
			fn(i)
		}
		return true
	})
}

func decimal[N ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int](n N) string {
	return strconv.FormatUint(uint64(n), 10)
}

// memifSockets names the control sockets but socket 0, which is VPP's own.
func (d *dumper) memifSockets() {
	for _, s := range d.m.MemifSockets() {
		if s.ID != 0 {
			d.add(decimal(s.ID), "create memif socket id "+decimal(s.ID)+" filename", s.Filename)
		}
	}
}

// interfaces creates each interface and renames those that were renamed.
// Tunnels, which need tables and other interfaces, come later.
func (d *dumper) interfaces() {
	taps, memifs, hosts := map[uint32]*vnet.Tap{}, map[uint32]*vnet.Memif{}, map[uint32]*vnet.HostInterface{}
	for _, t := range d.m.Taps() {
		taps[t.Interface.SwIfIndex] = t
	}
	for _, mif := range d.m.Memifs() {
		memifs[mif.Interface.SwIfIndex] = mif
	}
	for _, h := range d.m.HostInterfaces() {
		hosts[h.Interface.SwIfIndex] = h
	}
	d.eachInterface(func(i *vnet.Interface) {
		switch i.Hw.Device {
		case vnet.DeviceLoopback:
			d.loopback(i)
		case vnet.DevicePG:
			d.pg(i)
		case vnet.DeviceTap:
			d.tap(taps[i.SwIfIndex])
		case vnet.DeviceMemif:
			d.memif(memifs[i.SwIfIndex])
		case vnet.DeviceAFPacket:
			d.hostInterface(hosts[i.SwIfIndex])
		}
	})
}

// created collects the command that creates an interface under its first name,
// and the one that renames it.
func (d *dumper) created(i *vnet.Interface, first, text string, args ...string) {
	if slices.ContainsFunc(args, func(w string) bool { return !plainWord(w) }) {
		d.createdOwn(i, first, text, args...)
		return
	}
	d.add(i.Name, text, args...)
	d.renamed(i, first)
}

// createdOwn is created for an interface that VPP's CLI cannot create.
func (d *dumper) createdOwn(i *vnet.Interface, first, text string, args ...string) {
	d.hidden[first], d.hidden[i.Name] = true, true
	d.addOwn(i.Name, text, args...)
	d.renamed(i, first)
}

func (d *dumper) renamed(i *vnet.Interface, first string) {
	if i.Name != first {
		d.add(i.Name, "set interface name", first, i.Name)
	}
}

func (d *dumper) loopback(i *vnet.Interface) {
	n := decimal(i.Hw.Instance)
	d.created(i, "loop"+n, "create loopback interface mac "+i.Hw.MAC.String()+" instance "+n)
}

func (d *dumper) pg(i *vnet.Interface) {
	c, _ := i.PGConfig()
	name := "pg" + decimal(c.ID)
	text := "create packet-generator interface " + name
	if c.GSO {
		text += " gso-enabled gso-size " + decimal(c.GSOSize)
	}
	if c.Coalesce {
		text += " coalesce-enabled"
	}
	if c.Checksum {
		text += " csum-offload-enabled"
	}
	switch c.Mode {
	case vnet.PGIP4:
		text += " mode ip4"
	case vnet.PGIP6:
		text += " mode ip6"
	default:
		text += " hw-addr " + i.Hw.MAC.String()
	}
	d.created(i, name, text)
}

// dumpOption is a word of a command and when it is there.
type dumpOption struct {
	on   bool
	text string
	args []string
}

// withOptions appends the options that are on.
func withOptions(text string, list []dumpOption) (string, []string) {
	var args []string
	for _, o := range list {
		if !o.on {
			continue
		}
		args = append(args, strings.Fields(o.text)...)
		args = append(args, o.args...)
	}
	return text, args
}

func (d *dumper) tap(t *vnet.Tap) {
	c, i := &t.Config, t.Interface
	tun := c.Flags&vnet.TapTun != 0
	flag := func(f vnet.TapFlags, text string) dumpOption { return dumpOption{on: c.Flags&f != 0, text: text} }
	list := []dumpOption{
		flag(vnet.TapTun, "tun"),
		{!tun, "hw-addr " + i.Hw.MAC.String(), nil},
		{c.HostIfName != "", "host-if-name", []string{c.HostIfName}},
		{c.HostNamespace != "", "host-ns", []string{c.HostNamespace}},
		{!c.HostMAC.IsZero(), "host-mac-addr " + c.HostMAC.String(), nil},
		{c.HostBridge != "", "host-bridge", []string{c.HostBridge}},
		{c.HostIP4.IsValid(), "host-ip4-addr " + c.HostIP4.String(), nil},
		{c.HostIP4Gw.IsValid(), "host-ip4-gw " + c.HostIP4Gw.String(), nil},
		{c.HostIP6.IsValid(), "host-ip6-addr " + c.HostIP6.String(), nil},
		{c.HostIP6Gw.IsValid(), "host-ip6-gw " + c.HostIP6Gw.String(), nil},
		{c.RxQueues > 1, "num-rx-queues " + decimal(c.RxQueues), nil},
		{c.TxQueues > 1, "num-tx-queues " + decimal(c.TxQueues), nil},
		{true, "rx-ring-size " + decimal(c.RxRing) + " tx-ring-size " + decimal(c.TxRing), nil},
		flag(vnet.TapGSO, "gso"),
		flag(vnet.TapGROCoalesce, "gro-coalesce"),
		flag(vnet.TapChecksumOffload, "csum-offload"),
		flag(vnet.TapPersist, "persist"),
		flag(vnet.TapAttach, "attach"),
		flag(vnet.TapPacked, "packed"),
		flag(vnet.TapInOrder, "in-order"),
		flag(vnet.TapConsistentQP, "consistent-qp"),
	}
	if c.HostMTU != nil {
		list = append(list, dumpOption{true, "host-mtu-size " + decimal(*c.HostMTU), nil})
	}
	name := "tap" + decimal(t.ID)
	if tun {
		name = "tun" + decimal(t.ID)
	}
	text, args := withOptions("create tap id "+decimal(t.ID), list)
	d.created(i, name, text, args...)
}

func (d *dumper) memif(mif *vnet.Memif) {
	c, i := &mif.Config, mif.Interface
	role := "master"
	if c.Slave {
		role = "slave"
	}
	text, args := withOptions("create interface memif id "+decimal(c.ID)+" socket-id "+decimal(c.SocketID)+" "+role, []dumpOption{
		{c.Mode == vnet.MemifIP, "mode ip", nil},
		{c.Mode == vnet.MemifEthernet, "hw-addr " + i.Hw.MAC.String(), nil},
		{c.Secret != "", "secret", []string{c.Secret}},
		{true, "ring-size " + decimal(c.RingSize) + " buffer-size " + decimal(c.BufferSize), nil},
		{c.Slave && c.RxQueues > 1, "rx-queues " + decimal(c.RxQueues), nil},
		{c.Slave && c.TxQueues > 1, "tx-queues " + decimal(c.TxQueues), nil},
		{c.NoZeroCopy, "no-zero-copy", nil},
		{c.DMA, "use-dma", nil},
	})
	name := fmt.Sprintf("memif%d/%d", c.SocketID, c.ID)
	if !plainWord(mif.Socket().Filename) {
		d.createdOwn(i, name, text, args...)
		return
	}
	d.created(i, name, text, args...)
}

func (d *dumper) hostInterface(h *vnet.HostInterface) {
	c, i := &h.Config, h.Interface
	text, args := withOptions("create host-interface name", []dumpOption{
		{true, "", []string{c.HostIfName}},
		{!c.IP, "hw-addr " + i.Hw.MAC.String(), nil},
		{c.IP, "mode ip", nil},
		{c.RxQueues > 1, "num-rx-queues " + decimal(c.RxQueues), nil},
		{c.TxQueues > 1, "num-tx-queues " + decimal(c.TxQueues), nil},
		{c.Flags&vnet.HostQdiscBypass == 0, "qdisc-bypass-disable", nil},
		{c.Flags&vnet.HostChecksumGSO == 0, "cksum-gso-disable", nil},
		{c.Flags&vnet.HostVersion2 != 0, "v2", nil},
	})
	d.created(i, "host-"+c.HostIfName, text, args...)
}

// vxlanTunnels creates the tunnels. The tunnel's node must have a slot for a
// decapsulated packet's next node, which the command adds.
func (d *dumper) vxlanTunnels() {
	d.m.VXLANs(func(t *vnet.VXLANTunnel) bool {
		i := d.m.Interface(t.SwIfIndex)
		p := fib.ProtoOf(t.Src)
		next := d.m.Graph.Node([...]string{"vxlan4-input", "vxlan6-input"}[p]).Nexts()[t.DecapNext]
		list := []dumpOption{
			{!t.Dst.IsMulticast(), "dst " + t.Dst.String(), nil},
			{t.Dst.IsMulticast(), "group " + t.Dst.String(), []string{d.ifName(t.McastSwIf)}},
			{true, fmt.Sprintf("vni %d instance %d", t.VNI, t.Instance), nil},
			{t.EncapFib != 0, "encap-vrf-id " + decimal(d.tableID(p, t.EncapFib)), nil},
			{t.SrcPort != packet.VXLANPort, "src_port " + decimal(t.SrcPort), nil},
			{t.DstPort != packet.VXLANPort, "dst_port " + decimal(t.DstPort), nil},
			{t.L3, "l3", nil},
			{next == "l2-input", "decap-next l2", nil},
			{next != "l2-input", "decap-next node", []string{next}},
		}
		text, args := withOptions("create vxlan tunnel src "+t.Src.String(), list)
		first := "vxlan_tunnel" + decimal(t.Instance)
		if t.L3 && next == "l2-input" {
			// VPP's command gives layer 3 tunnels another next node.
			d.createdOwn(i, first, text, args...)
		} else {
			d.created(i, first, text, args...)
		}
		if !t.L3 {
			d.add(i.Name, "set interface mac address", i.Name, i.Hw.MAC.String())
		}
		return true
	})
}

// interfaceSettings are the properties of a device. Sizes are set where they
// are not those that the interface was created with.
func (d *dumper) interfaceSettings() {
	d.eachInterface(func(i *vnet.Interface) {
		hw := i.Hw
		if i.Tag != "" {
			d.add(i.Name, "set interface tag", i.Name, i.Tag)
		}
		for _, mac := range sortedMACs(hw.ExtraMACs) {
			d.add(i.Name, "set interface secondary-mac-address", i.Name, mac.String(), "add")
		}
		d.mtu(i)
		if hw.Promisc {
			d.add(i.Name, "set interface promiscuous on", i.Name)
		}
		d.queues(i)
	})
}

func sortedMACs(list []packet.MAC) []packet.MAC {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b packet.MAC) int { return slices.Compare(a[:], b[:]) })
	return list
}

// ethernetMTU is the MTU in bytes that Ethernet interfaces are created with.
const ethernetMTU = 9000

// mtu sets the largest frame and the MTUs. VPP's command sets one MTU and zeroes
// the others, so that several need a command of the double.
func (d *dumper) mtu(i *vnet.Interface) {
	want := [4]uint32{}
	if i.Hw.Class.Ethernet {
		want[vnet.MTUL3] = ethernetMTU
		if mtu := i.Hw.LinkMTU(); mtu != ethernetMTU {
			d.add(i.Name, "set interface mtu "+decimal(mtu), i.Name)
			want[vnet.MTUL3] = mtu
		}
	}
	if i.MTU == want {
		return
	}
	kinds := [4]string{"packet", "ip4", "ip6", "mpls"}
	set := -1
	for k, mtu := range i.MTU {
		if mtu == 0 {
			continue
		}
		if set >= 0 {
			text := "set interface all-mtus"
			for k, mtu := range i.MTU {
				text += " " + kinds[k] + " " + decimal(mtu)
			}
			d.addOwn(i.Name, text, i.Name)
			return
		}
		set = k
	}
	set = max(set, 0)
	d.add(i.Name, "set interface mtu "+kinds[set]+" "+decimal(i.MTU[set]), i.Name)
}

// queues sets modes and placements. With worker threads every receive queue's
// thread is told, since VPP deals them in the order in which interfaces are
// created. The queues of a memif come and go with its peer.
func (d *dumper) queues(i *vnet.Interface) {
	hw := i.Hw
	if hw.Device == vnet.DeviceMemif {
		return
	}
	same := !slices.ContainsFunc(hw.RxQueues, func(q vnet.RxQueue) bool { return q.Mode != hw.RxQueues[0].Mode })
	for k, q := range hw.RxQueues {
		switch {
		case q.Mode == hw.RxMode:
		case !same:
			d.add(i.Name, "set interface rx-mode", i.Name, "queue", decimal(q.ID), q.Mode.String())
		case k == 0:
			d.add(i.Name, "set interface rx-mode", i.Name, q.Mode.String())
		}
	}
	for _, q := range hw.RxQueues {
		if d.m.Workers() == 0 {
			break
		}
		place := []string{"main"}
		if q.Thread > 0 {
			place = []string{"worker", decimal(q.Thread - 1)}
		}
		d.add(i.Name, "set interface rx-placement", append([]string{i.Name, "queue", decimal(q.ID)}, place...)...)
	}
	for k, q := range hw.TxQueues {
		if slices.Equal(q.Threads, dealt(k, len(hw.TxQueues), d.m.Workers())) {
			continue
		}
		args := []string{i.Name, "queue", decimal(q.ID)}
		if len(q.Threads) > 0 {
			args = append(args, "threads", threadList(q.Threads))
		}
		d.add(i.Name, "set interface tx-queue", args...)
	}
}

// dealt are the threads that a transmit queue gets when it is created: they are
// dealt to the queues in turn.
func dealt(queue, queues, workers int) []uint32 {
	var threads []uint32
	for t := queue; t <= workers; t += queues {
		threads = append(threads, uint32(t))
	}
	return threads
}

func threadList(threads []uint32) string {
	words := make([]string, 0, len(threads))
	for _, t := range threads {
		words = append(words, decimal(t))
	}
	return strings.Join(words, ",")
}

// interfaceState sets up what is up. A tunnel is up from the start, so that one
// that is down is told, too.
func (d *dumper) interfaceState() {
	d.m.Interfaces(func(i *vnet.Interface) bool {
		tunnel := i.Hw.Device == vnet.DeviceVXLAN
		switch {
		case i.AdminUp && !tunnel:
			d.add(i.Name, "set interface state", i.Name, "up")
		case !i.AdminUp && tunnel:
			d.add(i.Name, "set interface state", i.Name, "down")
		}
		return true
	})
}

// interfaceTables binds interfaces to tables other than 0.
func (d *dumper) interfaceTables() {
	d.m.Interfaces(func(i *vnet.Interface) bool {
		for p, command := range []string{"set interface ip table", "set interface ip6 table"} {
			if t := d.m.FIB.Table(fib.Proto(p), i.FibIndex[p]); t != nil && t.ID != 0 {
				d.add(i.Name, command, i.Name, decimal(t.ID))
			}
		}
		return true
	})
}

// unnumbered lets interfaces borrow addresses of one in the same tables.
func (d *dumper) unnumbered() { d.borrow(true) }

// unnumberedAcross lets interfaces borrow addresses of one that was moved to
// other tables since, which is only possible before the move.
func (d *dumper) unnumberedAcross() { d.borrow(false) }

func (d *dumper) borrow(sameTables bool) {
	d.m.Interfaces(func(i *vnet.Interface) bool {
		owner := d.m.Interface(i.UnnumberedOwner)
		if owner == nil {
			return true
		}
		if same := i.FibIndex == owner.FibIndex && i.MFibIndex == owner.MFibIndex; same == sameTables {
			d.add(i.Name, "set interface unnumbered", i.Name, "use", owner.Name)
		}
		return true
	})
}

// features enables and disables what no other command does: each feature as
// often as it is enabled beyond what belongs to something else.
func (d *dumper) features() {
	d.m.Interfaces(func(i *vnet.Interface) bool {
		count := d.ownedFeatures(i)
		for name := range count {
			count[name] = -count[name]
		}
		for _, a := range d.m.InterfaceFeatures(i.SwIfIndex) {
			for _, f := range a.Features {
				count[a.Name+" "+f]++
			}
		}
		for _, b := range featureBundles {
			for range b.take(count) {
				d.add(i.Name, b.command, i.Name, "enable")
			}
		}
		for _, name := range slices.Sorted(maps.Keys(count)) {
			arc, feature, _ := strings.Cut(name, " ")
			for range count[name] {
				d.add(i.Name, "set interface feature", i.Name, feature, "arc", arc)
			}
			for range -count[name] {
				d.add(i.Name, "set interface feature", i.Name, feature, "arc", arc, "disable")
			}
		}
		return true
	})
}

// featureBundle is what one command enables together, as "arc feature".
type featureBundle struct {
	command  string
	features []string
}

var featureBundles = []featureBundle{
	{"set interface feature gso",
		[]string{"ip4-output gso-ip4", "ip6-output gso-ip6", "l2-output-ip4 gso-l2-ip4", "l2-output-ip6 gso-l2-ip6"}},
	{"set interface ip6-nd proxy",
		[]string{"ip6-unicast ip6-unicast-nd-proxy", "ip6-multicast ip6-multicast-nd-proxy"}},
}

// take returns how often all of the bundle is enabled and takes that out of the
// counts.
func (b *featureBundle) take(count map[string]int) int {
	n := count[b.features[0]]
	for _, f := range b.features {
		n = min(n, count[f])
	}
	n = max(n, 0)
	for _, f := range b.features {
		count[f] -= n
	}
	return n
}
