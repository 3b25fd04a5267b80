package types

import (
	"encoding/json"
	"fmt"
)

// Annotations of pods by which Calico/VPP tunes interfaces.
const (
	// InterfacesAnnotation holds interface specs by interface name.
	InterfacesAnnotation = "cni.projectcalico.org/vppInterfacesSpec"
	// ExtraMemifAnnotation asks for a second, memif interface on the default network, to which given ports are redirected.
	ExtraMemifAnnotation = "cni.projectcalico.org/vppExtraMemifPorts"
)

// DefaultQueueSize is the depth of a queue that has none given, in descriptors (upstream's default).
const DefaultQueueSize = 1024

// RxMode is how VPP learns of packets on an interface.
type RxMode string

// The rx modes, named as VPP's CLI names them.
const (
	Polling   RxMode = "polling"
	Interrupt RxMode = "interrupt"
	Adaptive  RxMode = "adaptive"
)

// InterfaceSpec tunes one interface of a pod.
type InterfaceSpec struct {
	// RxQueues and TxQueues are numbers of queues.
	RxQueues int `json:"rx"`
	TxQueues int `json:"tx"`
	// RxSize and TxSize are their depths in descriptors, powers of two.
	RxSize int `json:"rxqsz"`
	TxSize int `json:"txqsz"`
	// L3 makes the interface carry IP packets (tun, or memif in ip mode) instead of Ethernet frames.
	L3 bool `json:"isl3"`
	// Mode is the rx mode.
	Mode RxMode `json:"rxMode"`
}

// wireSpec is an InterfaceSpec as written: absent fields take defaults, which differ from zero.
type wireSpec struct {
	Rx     *int    `json:"rx"`
	Tx     *int    `json:"tx"`
	RxSize *int    `json:"rxqsz"`
	TxSize *int    `json:"txqsz"`
	L3     *bool   `json:"isl3"`
	Mode   *RxMode `json:"rxMode"`
}

// DefaultSpec is the spec of an interface that the annotation does not name. A memif is Ethernet unless told otherwise, like upstream's.
func DefaultSpec(memif bool) InterfaceSpec {
	return InterfaceSpec{RxQueues: 1, TxQueues: 1, RxSize: DefaultQueueSize, TxSize: DefaultQueueSize, L3: !memif, Mode: Adaptive}
}

// ParseInterfaceSpec returns the spec of one interface from the value of an InterfacesAnnotation, which may be empty. Errors name the interface and the
// field. Specs of other interfaces are not judged.
func ParseInterfaceSpec(annotation, ifName string, memif bool) (InterfaceSpec, error) {
	spec := DefaultSpec(memif)
	if annotation == "" {
		return spec, nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(annotation), &all); err != nil {
		return spec, fmt.Errorf("annotation %s is not a JSON object of interface specs: %w", InterfacesAnnotation, err)
	}
	raw, found := all[ifName]
	if !found {
		return spec, nil
	}
	var w wireSpec
	if err := json.Unmarshal(raw, &w); err != nil {
		return spec, fmt.Errorf("annotation %s: %s: %w", InterfacesAnnotation, ifName, err)
	}
	set(&spec.RxQueues, w.Rx)
	set(&spec.TxQueues, w.Tx)
	set(&spec.RxSize, w.RxSize)
	set(&spec.TxSize, w.TxSize)
	set(&spec.L3, w.L3)
	set(&spec.Mode, w.Mode)
	if err := spec.check(); err != nil {
		return spec, fmt.Errorf("annotation %s: %s: %w", InterfacesAnnotation, ifName, err)
	}
	return spec, nil
}

// maxQueues and maxSize bound a spec: a tap's queues and descriptors are 16-bit on the wire, a Linux tun has at most 256 queues
// (MAX_TAP_QUEUES), a virtio ring 32768 descriptors (virtio 1.2, section 2.7).
const (
	maxQueues = 256
	maxSize   = 32768
)

func (s *InterfaceSpec) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"rx", s.RxQueues}, {"tx", s.TxQueues}} {
		if f.value < 1 || f.value > maxQueues {
			return fmt.Errorf("%s: %d queues, expected 1 to %d", f.name, f.value, maxQueues)
		}
	}
	for _, f := range []struct {
		name  string
		value int
	}{{"rxqsz", s.RxSize}, {"txqsz", s.TxSize}} {
		if f.value < 1 || f.value > maxSize || f.value&(f.value-1) != 0 {
			return fmt.Errorf("%s: %d descriptors, expected a power of two up to %d", f.name, f.value, maxSize)
		}
	}
	switch s.Mode {
	case Polling, Interrupt, Adaptive:
		return nil
	}
	return fmt.Errorf("rxMode: %q, expected %s, %s or %s", s.Mode, Polling, Interrupt, Adaptive)
}

// set copies a value that was given.
func set[T any](field *T, given *T) {
	if given != nil {
		*field = *given
	}
}
