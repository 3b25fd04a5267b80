package vpp

import (
	"cmp"
	"errors"
	"fmt"

	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/af_packet"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/memif"
	"go.fd.io/govpp/binapi/tapv2"
	"go.fd.io/govpp/binapi/vlib"
	"go.fd.io/govpp/binapi/vxlan"
)

// create makes the devices of those interfaces that VPP does not have, and tags them.
func (e *Engine) create(list []*Interface) error {
	var sockets, devices, tags []*request
	var taps []*Interface
	for _, i := range list {
		if _, there := e.index[i.Name]; there {
			continue
		}
		switch d := i.Device.(type) {
		case Memif:
			sockets = append(sockets, e.socket(i, d))
		case VXLAN:
			if err := e.decapNodes(); err != nil {
				return err
			}
		}
	}
	err := e.run(sockets)
	for _, i := range list {
		if _, there := e.index[i.Name]; there {
			continue
		}
		if d, ok := i.Device.(Tap); ok && d.Persist {
			taps = append(taps, i)
		}
		if msg := e.creation(i, true); msg != nil {
			devices = append(devices, e.createRequest(i, msg))
		}
	}
	err = errors.Join(err, e.runCreations(devices, taps), e.run(e.unusedSockets()))
	for _, i := range list {
		index, there := e.index[i.Name]
		if a := e.actual.Interfaces[i.Name]; there && a.Name == "" {
			tags = append(tags, &request{what: "tag " + i.Name, msg: tagMessage(index, i.Name), done: func(api.Message) { a.Name = i.Name }})
		}
	}
	return errors.Join(err, e.run(tags))
}

// runCreations sends creations. A tap whose Linux device was to be attached to, and is not there (SYSCALL_ERROR_2, src/plugins/tap/tap.c), is
// created anew, as upstream does: it is there only when VPP was restarted.
func (e *Engine) runCreations(devices []*request, taps []*Interface) error {
	if len(devices) == 0 {
		return nil
	}
	if err := e.client.do(devices); err != nil {
		return err
	}
	retry := map[string]*Interface{}
	for _, i := range taps {
		retry[describe(i)] = i
	}
	var again []*request
	var errs []error
	for _, r := range devices {
		i := retry[r.what]
		switch {
		case i != nil && errors.Is(r.err, api.SYSCALL_ERROR_2):
			again = append(again, e.createRequest(i, e.creation(i, false)))
		case r.err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", r.what, r.err))
		}
	}
	return errors.Join(append(errs, e.run(again))...)
}

// createRequest is the request that creates an interface's device. An af_packet interface that exists is adopted: creating it was cut short before it was tagged.
func (e *Engine) createRequest(i *Interface, msg api.Message) *request {
	r := &request{what: describe(i), msg: msg}
	if _, ok := i.Device.(AFPacket); ok {
		r.ok = []int32{int32(api.IF_ALREADY_EXISTS)}
	}
	r.done = func(reply api.Message) {
		a := &Interface{Device: i.Device}
		if !tagged(i.Device) {
			a.Name = i.Name
		}
		if _, ok := i.Device.(VXLAN); ok {
			a.Up = true // src/plugins/vxlan/vxlan.c
		}
		put(&e.actual.Interfaces, i.Name, a)
		e.index[i.Name] = createdIndex(reply)
		e.created[i.Name] = true
	}
	return r
}

// createdIndex returns the sw_if_index of a creation's reply.
func createdIndex(reply api.Message) uint32 {
	switch r := reply.(type) {
	case *af_packet.AfPacketCreateV3Reply:
		return uint32(r.SwIfIndex)
	case *tapv2.TapCreateV3Reply:
		return uint32(r.SwIfIndex)
	case *interfaces.CreateLoopbackReply:
		return uint32(r.SwIfIndex)
	case *memif.MemifCreateReply:
		return uint32(r.SwIfIndex)
	case *vxlan.VxlanAddDelTunnelV3Reply:
		return uint32(r.SwIfIndex)
	}
	return none
}

// creation is the message that creates a device; nil when what it needs is not there.
func (e *Engine) creation(i *Interface, attach bool) api.Message {
	switch d := i.Device.(type) {
	case AFPacket:
		return &af_packet.AfPacketCreateV3{Mode: af_packet.AF_PACKET_API_MODE_ETHERNET, UseRandomHwAddr: d.MAC == MAC{}, HwAddr: mac(d.MAC), HostIfName: d.HostInterface,
			Flags:       af_packet.AF_PACKET_API_FLAG_QDISC_BYPASS | af_packet.AF_PACKET_API_FLAG_CKSUM_GSO,
			NumRxQueues: 1, NumTxQueues: 1}
	case Tap:
		return tapCreation(i.Name, d, attach)
	case Loopback:
		return &interfaces.CreateLoopback{MacAddress: mac(d.MAC)}
	case Memif:
		id, there := e.sockets[i.Name]
		if !there {
			return nil
		}
		m := &memif.MemifCreate{Role: memif.MEMIF_ROLE_API_MASTER, SocketID: id, RxQueues: uint8(min(d.RxQueues, 255)),
			TxQueues: uint8(min(d.TxQueues, 255)), RingSize: uint32(d.RingSize), HwAddr: mac(d.MAC)}
		if d.IP {
			m.Mode = memif.MEMIF_MODE_API_IP
		}
		return m
	case VXLAN:
		return e.tunnel(true, d)
	}
	return nil
}

func tapCreation(tag string, d Tap, attach bool) api.Message {
	m := &tapv2.TapCreateV3{ID: none, UseRandomMac: d.MAC == MAC{}, MacAddress: mac(d.MAC),
		NumRxQueues: uint16(d.RxQueues), NumTxQueues: uint16(d.TxQueues), RxRingSz: uint16(d.RxSize), TxRingSz: uint16(d.TxSize),
		HostMtuSet: d.HostMTU != 0, HostMtuSize: uint32(d.HostMTU), HostMacAddrSet: d.HostMAC != MAC{}, HostMacAddr: mac(d.HostMAC),
		HostNamespaceSet: d.Namespace != "", HostNamespace: d.Namespace,
		HostIfNameSet: d.HostInterface != "", HostIfName: d.HostInterface, Tag: tag}
	if d.Tun {
		m.TapFlags |= tapv2.TAP_API_FLAG_TUN
	}
	if d.GSO {
		m.TapFlags |= tapv2.TAP_API_FLAG_GSO | tapv2.TAP_API_FLAG_GRO_COALESCE
	}
	if d.Persist {
		m.TapFlags |= tapv2.TAP_API_FLAG_PERSIST
		if attach {
			m.TapFlags |= tapv2.TAP_API_FLAG_ATTACH
		}
	}
	return m
}

// socket is the request that makes a memif's socket; VPP chooses its id.
func (e *Engine) socket(i *Interface, d Memif) *request {
	return &request{
		what: "create memif socket " + d.Socket,
		msg:  &memif.MemifSocketFilenameAddDelV2{IsAdd: true, SocketID: none, SocketFilename: d.Socket},
		done: func(reply api.Message) { e.sockets[i.Name] = reply.(*memif.MemifSocketFilenameAddDelV2Reply).SocketID },
	}
}

// unusedSockets returns the requests that delete sockets whose memif could not be created.
func (e *Engine) unusedSockets() (requests []*request) {
	for _, name := range sortedKeys(e.sockets, cmp.Compare[string]) {
		if _, there := e.index[name]; !there {
			requests = append(requests, e.socketDeletion(name))
		}
	}
	return requests
}

func (e *Engine) socketDeletion(name string) *request {
	return &request{
		what: "delete the memif socket of " + name,
		msg:  &memif.MemifSocketFilenameAddDelV2{SocketID: e.sockets[name]},
		done: func(api.Message) { delete(e.sockets, name) },
	}
}

// tunnel creates or deletes a VXLAN tunnel.
func (e *Engine) tunnel(add bool, d VXLAN) api.Message {
	m := &vxlan.VxlanAddDelTunnelV3{IsAdd: add, Instance: none, SrcAddress: address(d.Src), DstAddress: address(d.Dst),
		SrcPort: d.Port, DstPort: d.Port, McastSwIfIndex: swIf(none), EncapVrfID: d.EncapTable, Vni: d.VNI, IsL3: true}
	decap := e.decap
	if d.Src.Is6() {
		decap = e.decap6
	}
	m.DecapNextIndex = decap[0]
	if d.InnerIP6 {
		m.DecapNextIndex = decap[1]
	}
	return m
}

// decapNodes makes VPP's decapsulating nodes lead to IP input, once per connection, when the first tunnel is needed. VPP answers with the same index again
// for an arc that exists.
func (e *Engine) decapNodes() error {
	if e.decap[0] != 0 {
		return nil
	}
	var requests []*request
	for _, arc := range []struct {
		from, to string
		index    *uint32
	}{
		{"vxlan4-input", "ip4-input", &e.decap[0]},
		{"vxlan4-input", "ip6-input", &e.decap[1]},
		{"vxlan6-input", "ip4-input", &e.decap6[0]},
		{"vxlan6-input", "ip6-input", &e.decap6[1]},
	} {
		requests = append(requests, &request{
			what: fmt.Sprintf("lead %s to %s", arc.from, arc.to),
			msg:  &vlib.AddNodeNext{NodeName: arc.from, NextName: arc.to},
			done: func(reply api.Message) { *arc.index = reply.(*vlib.AddNodeNextReply).NextIndex },
		})
	}
	return e.run(requests)
}
