package vnet

import (
	"fmt"
	"slices"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// SubFlags say which frames a sub-interface takes, with the numbers of the API's
// sub_if_flags (src/vnet/interface_types.api).
type SubFlags uint32

// Flags of a sub-interface.
const (
	SubNoTags SubFlags = 1 << iota
	SubOneTag
	SubTwoTags
	SubDot1AD
	SubExactMatch
	SubDefault
	SubOuterAny
	SubInnerAny
)

// SubSpec describes a sub-interface: its number under the interface and the
// frames that are its.
type SubSpec struct {
	// ID is the number in the name, "<interface>.<id>".
	ID uint32
	// Flags choose the kind of match; Outer and Inner are VLAN ids that count
	// when the flags ask for one or two tags.
	Flags        SubFlags
	Outer, Inner uint16
}

// Tags returns how many VLAN tags the frames of the sub-interface carry.
func (s *SubSpec) Tags() int {
	n := 0
	if s.Flags&SubOneTag != 0 {
		n++
	}
	if s.Flags&SubTwoTags != 0 {
		n += 2
	}
	return n
}

// IsSub tells whether the interface is a sub-interface.
func (i *Interface) IsSub() bool { return i.Sub != nil }

// Sup returns the interface that a sub-interface belongs to, an interface of its
// own for others.
func (i *Interface) Sup() *Interface { return i.main.sw[i.Hw.SwIfIndex] }

// SubInterfaces returns the sub-interfaces of a device in the order of creation.
func (hw *HwInterface) SubInterfaces() []*Interface { return hw.subs }

// AddSubInterface creates a sub-interface, admin down. ErrVLANAlreadyExists says
// that the number is taken, ErrUnspecified that the frames are another
// sub-interface's or that the match is one VPP has not
// (vnet_create_sub_interface in src/vnet/ethernet/interface.c).
func (m *Main) AddSubInterface(swIfIndex uint32, spec SubSpec) (*Interface, error) {
	sup, err := m.mustInterface(swIfIndex)
	if err != nil {
		return nil, err
	}
	hw := sup.Hw
	if hw.subByID(spec.ID) != nil {
		return nil, fmt.Errorf("add sub-interface %s.%d: %w", sup.Name, spec.ID, ErrVLANAlreadyExists)
	}
	if spec.Flags&(SubTwoTags|SubExactMatch) == SubTwoTags|SubExactMatch && spec.Flags&(SubInnerAny|SubOuterAny) != 0 {
		return nil, fmt.Errorf("inner-dot1q any exact-match is unsupported: %w", ErrUnspecified)
	}
	if sup.IsSub() {
		return nil, fmt.Errorf("add sub-interface to %s, which is one: %w", sup.Name, ErrUnspecified)
	}
	spec.Outer, spec.Inner = spec.Outer&0xfff, spec.Inner&0xfff
	if err := hw.claimTags(&spec); err != nil {
		return nil, fmt.Errorf("%s: %w", err, ErrUnspecified)
	}
	i := &Interface{SwIfIndex: m.allocSw(), SupSwIfIndex: sup.SwIfIndex, Hw: hw, Sub: &spec,
		Name: fmt.Sprintf("%s.%d", hw.Name, spec.ID), UnnumberedOwner: vlib.InvalidIndex, main: m}
	m.sw[i.SwIfIndex] = i
	m.addInterfaceStats(i)
	hw.subs = append(hw.subs, i)
	if hw.subIDs == nil {
		hw.subIDs = map[uint32]*Interface{}
	}
	hw.subIDs[spec.ID] = i
	if m.byName[i.Name] == nil {
		m.byName[i.Name] = i
	}
	m.interfaceEvent(InterfaceAdded, i)
	return i, nil
}

// AddVLAN creates the sub-interface with the given number for frames with that
// one VLAN tag. ErrInvalidVLAN says that the id is not between 1 and 4095,
// ErrInvalidRegistration that another sub-interface has the frames
// (create_vlan_subif in src/vnet/interface_api.c).
func (m *Main) AddVLAN(swIfIndex, vlan uint32) (*Interface, error) {
	sup, err := m.mustInterface(swIfIndex)
	if err != nil {
		return nil, err
	}
	if vlan == 0 || vlan > 4095 {
		return nil, fmt.Errorf("add VLAN %d: %w", vlan, ErrInvalidVLAN)
	}
	if sup.Hw.subByID(vlan) != nil {
		return nil, fmt.Errorf("add VLAN %d: %w", vlan, ErrVLANAlreadyExists)
	}
	i, err := m.AddSubInterface(sup.Hw.SwIfIndex, SubSpec{ID: vlan, Flags: SubOneTag | SubExactMatch, Outer: uint16(vlan)})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", err, ErrInvalidRegistration)
	}
	return i, nil
}

// DeleteSubInterface deletes a sub-interface. ErrInvalidSubSwIfIndex says that
// the interface is none (vnet_delete_sub_interface).
func (m *Main) DeleteSubInterface(swIfIndex uint32) error {
	i, err := m.mustInterface(swIfIndex)
	if err != nil {
		return err
	}
	if !i.IsSub() {
		return ErrInvalidSubSwIfIndex
	}
	i.Tag = ""
	if i.AdminUp {
		i.AdminUp = false
		m.subAdmin(i)
	}
	m.interfaceEvent(InterfaceDeleted, i)
	m.clearFeatures(i.SwIfIndex)
	i.deleted = true
	m.deleteInterfaceStats(i)
	if c := i.Hw.subConfig(i.Sub, false); c != nil {
		c.flags = 0
	}
	i.Hw.subs = slices.DeleteFunc(i.Hw.subs, func(s *Interface) bool { return s == i })
	delete(i.Hw.subIDs, i.Sub.ID)
	if m.byName[i.Name] == i {
		delete(m.byName, i.Name)
	}
	m.sw[i.SwIfIndex] = nil
	m.freeSw = append(m.freeSw, i.SwIfIndex)
	return nil
}

// setSubAdmin is SetAdminUp for a sub-interface: it can only come up when its
// interface is up.
func (m *Main) setSubAdmin(i *Interface, up bool) error {
	if up && !i.Sup().AdminUp {
		return fmt.Errorf("super-interface %s must be up", i.Sup().Name)
	}
	if i.AdminUp == up {
		return nil
	}
	i.AdminUp = up
	m.subAdmin(i)
	return nil
}

// subAdmin follows a sub-interface's admin state: frames for one that is down
// are dropped at ethernet-input.
func (m *Main) subAdmin(i *Interface) {
	if c := i.Hw.subConfig(i.Sub, false); c != nil {
		c.swIf = vlib.InvalidIndex
		if i.AdminUp {
			c.swIf = i.SwIfIndex
		}
	}
	m.interfaceEvent(InterfaceAdmin, i)
}

func (hw *HwInterface) subByID(id uint32) *Interface { return hw.subIDs[id] }

// subMatch says which frames a subConfig is for.
type subMatch uint8

// Bits of subMatch, VPP's SUBINT_CONFIG_* (src/vnet/ethernet/ethernet.h).
const (
	subMatch0 subMatch = 1 << iota
	subMatch1
	subMatch2
	subMatch3
	subL2
	subValid
)

// subConfig is what ethernet-input knows of an interface (subint_config_t).
type subConfig struct {
	flags subMatch
	// swIf is the interface, InvalidIndex while it is down.
	swIf uint32
}

// portVLANs is what ethernet-input knows of a device: the interface itself and
// its sub-interfaces (main_intf_t).
type portVLANs struct {
	untagged, other subConfig
	dot1q, dot1ad   *[4096]*vlanConfig
}

// vlanConfig belongs to an outer VLAN id (vlan_intf_t).
type vlanConfig struct {
	single, innerAny subConfig
	inner            map[uint16]*subConfig
}

// subConfig finds the configuration of the frames that a match asks for, making
// it when asked to. It is nil for devices without VLANs and where nothing was
// made (ethernet_sw_interface_get_config in src/vnet/ethernet/node.c).
func (hw *HwInterface) subConfig(s *SubSpec, make bool) *subConfig {
	switch {
	case !hw.Class.Ethernet:
		return nil
	case s.Flags&SubDefault != 0:
		return &hw.vlans.other
	case s.Flags&SubNoTags != 0 || s.Flags == 0:
		return &hw.vlans.untagged
	}
	table := &hw.vlans.dot1q
	if s.Flags&SubDot1AD != 0 {
		table = &hw.vlans.dot1ad
	}
	if *table == nil {
		if !make {
			return nil
		}
		*table = new([4096]*vlanConfig)
	}
	v := (*table)[s.Outer]
	if v == nil {
		if !make {
			return nil
		}
		v = &vlanConfig{}
		(*table)[s.Outer] = v
	}
	return v.config(s, make)
}

func (v *vlanConfig) config(s *SubSpec, make bool) *subConfig {
	switch {
	case s.Flags&SubOneTag != 0:
		return &v.single
	case s.Flags&SubInnerAny != 0:
		return &v.innerAny
	}
	c := v.inner[s.Inner]
	if c == nil && make {
		c = &subConfig{}
		if v.inner == nil {
			v.inner = map[uint16]*subConfig{}
		}
		v.inner[s.Inner] = c
	}
	return c
}

// subMatches are the tag counts that a match accepts.
func subMatches(f SubFlags) subMatch {
	switch {
	case f&SubDefault != 0:
		return subMatch1 | subMatch2 | subMatch3
	case f&SubNoTags != 0 || f == 0:
		return subMatch0
	case f&(SubOneTag|SubExactMatch) == SubOneTag|SubExactMatch:
		return subMatch1
	case f&SubOneTag != 0:
		return subMatch1 | subMatch2 | subMatch3
	case f&SubExactMatch != 0:
		return subMatch2
	}
	return subMatch2 | subMatch3
}

// claimTags takes the frames that a match asks for. Like VPP, a claim that fails
// takes them from the interface that has them (the add-del callbacks that undo
// it do not tell the two apart).
func (hw *HwInterface) claimTags(s *SubSpec) error {
	if f := s.Flags; f&SubOuterAny != 0 && f&(SubDefault|SubNoTags) == 0 && (f&SubOneTag != 0 || f&SubInnerAny != 0) &&
		hw.Class.Ethernet {
		return fmt.Errorf("not implemented yet")
	}
	c := hw.subConfig(s, true)
	if c == nil {
		return nil
	}
	if c.flags&subValid != 0 {
		c.flags = 0
		return fmt.Errorf("vlan is already in use")
	}
	*c = subConfig{flags: subValid | subMatches(s.Flags), swIf: vlib.InvalidIndex}
	return nil
}

// frameTags is what ethernet-input reads of a frame's tags.
type frameTags struct {
	outer, inner uint16
	match        subMatch
}

// find returns the most specific configuration that takes the frame, nil for
// none (eth_identify_subint in src/vnet/ethernet/ethernet.h).
func (v *portVLANs) find(table *[4096]*vlanConfig, t frameTags) *subConfig {
	want := t.match | subValid
	if table != nil {
		if c := table[t.outer]; c != nil {
			if s := c.inner[t.inner]; s != nil && s.flags&want == want {
				return s
			}
			if c.innerAny.flags&want == want {
				return &c.innerAny
			}
			if c.single.flags&want == want {
				return &c.single
			}
		}
	}
	if v.other.flags&want == want {
		return &v.other
	}
	if v.untagged.flags&want == want {
		return &v.untagged
	}
	return nil
}

// putTags writes the tags of a sub-interface's frames behind the addresses of
// an Ethernet header, the payload's type last, and returns the header's length in
// bytes. It is 0 for sub-interfaces that cannot send IP: VPP gives them no
// header when the match is not exact (ethernet_build_rewrite in
// src/vnet/ethernet/interface.c).
func (i *Interface) putTags(e []byte, etherType uint16) int {
	s := i.Sub
	if s == nil {
		packet.PutUint16(e, 12, etherType)
		return packet.EthernetLen
	}
	if s.Flags&SubExactMatch == 0 || s.Flags&(SubDefault|SubOuterAny|SubInnerAny) != 0 {
		return 0
	}
	outer := packet.EtherTypeVLAN
	if s.Flags&SubDot1AD != 0 {
		outer = packet.EtherTypeQinQ
	}
	switch {
	case s.Flags&SubOneTag != 0:
		packet.PutUint16(e, 12, outer)
		packet.PutUint16(e, 14, s.Outer)
		packet.PutUint16(e, 16, etherType)
		return packet.EthernetLen + packet.VLANLen
	case s.Flags&SubTwoTags != 0:
		packet.PutUint16(e, 12, outer)
		packet.PutUint16(e, 14, s.Outer)
		packet.PutUint16(e, 16, packet.EtherTypeVLAN)
		packet.PutUint16(e, 18, s.Inner)
		packet.PutUint16(e, 20, etherType)
		return packet.EthernetLen + 2*packet.VLANLen
	}
	packet.PutUint16(e, 12, etherType)
	return packet.EthernetLen
}

// ipEnabledOn tells whether IP is enabled on a device or a sub-interface of it
// (l3_if_count of vnet_hw_interface_t).
func (m *Main) ipEnabledOn(hw *HwInterface) bool {
	enabled := func(i *Interface) bool {
		return m.IPEnabled(fib.IP4, i.SwIfIndex) || m.IPEnabled(fib.IP6, i.SwIfIndex)
	}
	return enabled(m.sw[hw.SwIfIndex]) || slices.ContainsFunc(hw.subs, enabled)
}
