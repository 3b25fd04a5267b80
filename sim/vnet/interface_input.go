package vnet

import (
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Next slots of every device input node (VNET_DEVICE_INPUT_NEXT_NODES in
// src/vnet/devices/devices.h).
const (
	_ uint16 = iota // ip4-input-no-checksum, for devices that checked it
	deviceNextIP4
	deviceNextIP6
	_ // mpls-input
	deviceNextEthernet
	deviceNextDrop
)

var deviceNexts = []string{"ip4-input-no-checksum", "ip4-input", "ip6-input", "mpls-input", "ethernet-input",
	"error-drop", "ip4-drop", "ip6-drop", "punt-dispatch"}

// Error counters of device input nodes.
const deviceErrorUnknownIP uint16 = 0

var deviceErrors = []vlib.ErrorDesc{{Name: "not_ip", Desc: "not ip packet"}}

// addDeviceNodes adds the input node of each device class.
func (m *Main) addDeviceNodes() {
	for _, d := range []*DeviceClass{DeviceTap, DeviceMemif, DeviceAFPacket} {
		m.Graph.MustAdd(vlib.Registration{Name: d.Input, Type: vlib.NodeInput, Func: m.deviceInput,
			Nexts: deviceNexts, Errors: deviceErrors})
	}
	m.addPGNodes()
}

// Receive takes packets that arrive on the interface, as its driver does; it
// takes ownership of the instance. Packets for an interface that is admin down
// or deleted are lost: the driver does not read it.
func (i *Interface) Receive(frames ...packet.Frame) {
	m := i.main
	m.Lock()
	defer m.Unlock()
	if i.deleted || !i.AdminUp || i.Hw.input == nil {
		return
	}
	for _, f := range frames {
		b := m.Graph.Alloc(f.Data)
		b.RxSwIf, b.TraceID = i.SwIfIndex, f.Trace
		if i.Hw.Device == DeviceTap {
			// The end of virtio's header, a count of one buffer, lies in front
			// of the packet; tunnels hash it (see flowHashL2).
			b.Before(2)[0] = 1
		}
		if i.Hw.GSO {
			markSuperPacket(b, i.Hw.Class.Ethernet, i.Hw.peerMTU())
		}
		m.Graph.Input(i.Hw.input, b)
	}
	if len(i.Hw.RxQueues) > 0 {
		i.Hw.RxQueues[0].Packets += uint64(len(frames))
	}
}

// SetLink reports the carrier of the far side; it takes ownership of the
// instance.
func (i *Interface) SetLink(up bool) {
	m := i.main
	m.Lock()
	defer m.Unlock()
	if !i.deleted {
		m.setLink(i.Hw, up)
	}
}

// deviceInput is the input node of every device: it counts and passes Ethernet
// frames to the device-input feature arc or ethernet-input, bare IP packets to
// the input node of their version (for example src/plugins/tap/rx_node.c).
func (m *Main) deviceInput(n *vlib.Node, bufs []*vlib.Buffer) {
	for _, b := range bufs {
		m.deviceInputOne(n, b)
	}
}

func (m *Main) deviceInputOne(n *vlib.Node, b *vlib.Buffer) {
	i := m.sw[b.RxSwIf]
	i.Counters.RX.Add(b.Len())
	if !i.Hw.Class.Ethernet {
		m.deviceInputIP(n, b, i)
		return
	}
	if b.Trace != nil {
		b.Trace.Add(n, newDeviceInputTrace(i, b, deviceNextEthernet))
	}
	if features := m.featureStart(arcDeviceInput, b.RxSwIf); features != nil {
		b.Features = features
		n.SendFeature(b)
		return
	}
	n.Enqueue(b, deviceNextEthernet)
}

// deviceInputIP chooses the next node of a packet without Ethernet header by
// its version nibble.
func (m *Main) deviceInputIP(n *vlib.Node, b *vlib.Buffer, i *Interface) {
	next := deviceNextDrop
	if data := b.Bytes(); len(data) > 0 {
		switch data[0] >> 4 {
		case 4:
			next = deviceNextIP4
		case 6:
			next = deviceNextIP6
		}
	}
	if b.Trace != nil {
		b.Trace.Add(n, newDeviceInputTrace(i, b, next))
	}
	if next == deviceNextDrop {
		n.Drop(b, deviceErrorUnknownIP)
		return
	}
	n.Enqueue(b, next)
}
