package backend

import (
	"fmt"
	"path"
	"strings"
	"sync/atomic"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
	"github.com/vpptwin/vpptwin/sim/world"
)

// environment is what surrounds a node's VPP: taps end in hosts of the world,
// uplinks at its segments. It implements vnet.Environment.
type environment struct {
	bed  *bed
	node *node
	macs atomic.Uint32
}

// NewMAC implements vnet.MACSource: addresses of interfaces that VPP would give
// a random one, 02:fd:<node>:<node>:<n>:<n>.
func (e *environment) NewMAC() packet.MAC {
	id, n := e.node.linux.host.ID(), e.macs.Add(1)
	return packet.MAC{0x02, 0xfd, byte(id >> 8), byte(id), byte(n >> 8), byte(n)}
}

// OpenTap implements vnet.Environment: it creates the device in the namespace
// and joins it to the double by a wire.
func (e *environment) OpenTap(spec vnet.TapSpec, rx vnet.Receiver) (vnet.Port, error) {
	h, err := e.node.linux.namespace(spec.HostNamespace)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, vnet.ErrSyscall3)
	}
	name := spec.HostIfName
	if name == "" {
		name = fmt.Sprintf("tap%d", spec.ID)
	}
	if spec.Attach {
		// The devices here live as long as VPP holds them: there never is one to
		// attach to, as for a pod's first start on Linux.
		return nil, fmt.Errorf("tap %s: no such device to attach to: %w", name, vnet.ErrSyscall2)
	}
	config := world.InterfaceConfig{Name: name, MAC: spec.HostMAC, L3: spec.Tun}
	if spec.HostMTU != nil {
		config.MTU = int(*spec.HostMTU)
	}
	i, err := h.AddInterface(config)
	if err != nil {
		return nil, fmt.Errorf("tap %s: %w: %w", name, err, vnet.ErrSyscall3)
	}
	return e.wire(i, name, rx)
}

// wire joins a host's interface to the double's: the double's end is a NIC of
// the node, and closing it removes the host's interface, too.
func (e *environment) wire(i *world.Interface, name string, rx vnet.Receiver) (vnet.Port, error) {
	nic, err := e.bed.world.NewNIC(world.NICConfig{Node: vppName(e.node.name), Name: i.Host().Name() + "/" + name, L3: i.L3()})
	if err != nil {
		_ = i.Close()
		return nil, fmt.Errorf("tap %s: %w: %w", name, err, vnet.ErrSyscall1)
	}
	if _, err := e.bed.world.Connect(nic, i.NIC(), world.LinkConfig{}); err != nil {
		_ = nic.Close()
		_ = i.Close()
		return nil, fmt.Errorf("tap %s: %w: %w", name, err, vnet.ErrSyscall1)
	}
	nic.SetReceiver(rx)
	return &tapPort{NIC: nic, far: i}, nil
}

// tapPort is the double's end of a tap.
type tapPort struct {
	*world.NIC
	far *world.Interface
}

// Close removes the Linux device with the tap, as the kernel does when the
// last file descriptor closes.
func (p *tapPort) Close() error {
	err := p.NIC.Close()
	if farErr := p.far.Close(); err == nil {
		err = farErr
	}
	return err
}

// OpenAFPacket implements vnet.Environment: the uplinks are the only devices.
func (e *environment) OpenAFPacket(hostIf string, rx vnet.Receiver) (vnet.Port, error) {
	nic := e.node.uplinks[hostIf]
	if nic == nil {
		return nil, fmt.Errorf("af_packet %s on %s: no such device: %w", hostIf, e.node.name, vnet.ErrSyscall1)
	}
	nic.SetReceiver(rx)
	return uplinkPort{nic}, nil
}

// uplinkPort is an uplink in VPP's hands; the card stays when VPP goes.
type uplinkPort struct{ *world.NIC }

// Close leaves the card without receiver.
func (p uplinkPort) Close() error {
	p.SetReceiver(nil)
	return nil
}

// memifMAC is the address that applications give their end of an Ethernet
// memif: the control plane expects them there, as upstream's does.
var memifMAC = packet.MAC{0x02, 0, 0, 0, 0, 0x01}

// ListenMemif implements vnet.Environment. The pod's application connects as
// soon as VPP listens in its namespace: it is an interface of the pod's host,
// named as the socket.
func (e *environment) ListenMemif(spec vnet.MemifSpec, rx vnet.Receiver) (vnet.Port, error) {
	name, namespace, ok := memifSocket(spec.Socket)
	if !ok {
		return idlePort{}, nil // a socket that no pod of this world looks at
	}
	h, err := e.node.linux.namespace(namespace)
	if err != nil {
		return nil, fmt.Errorf("memif socket %s: %w: %w", spec.Socket, err, vnet.ErrSyscall1)
	}
	config := world.InterfaceConfig{Name: name, L3: spec.Mode == vnet.MemifIP}
	if !config.L3 {
		config.MAC = memifMAC
	}
	i, err := h.AddInterface(config)
	if err != nil {
		return nil, fmt.Errorf("memif socket %s: %w: %w", spec.Socket, err, vnet.ErrSyscall1)
	}
	return e.wire(i, name, rx)
}

// memifSocket splits "abstract:DIR/NAME,netns_name=NETNS".
func memifSocket(socket string) (name, namespace string, ok bool) {
	rest, ok := strings.CutPrefix(socket, "abstract:")
	if !ok {
		return "", "", false
	}
	name, namespace, ok = strings.Cut(rest, ",netns_name=")
	name = strings.TrimPrefix(path.Base(name), "memif-")
	return name, namespace, ok
}

// idlePort is a port on which nothing ever happens.
type idlePort struct{}

// Transmit loses the packets: nobody is connected.
func (idlePort) Transmit([]packet.Frame) {}

// Close does nothing.
func (idlePort) Close() error { return nil }
