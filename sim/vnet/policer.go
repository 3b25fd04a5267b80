package vnet

import (
	"math"
	"math/bits"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/stats"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Policer rates, rounding and kinds with the API's numbers
// (src/plugins/policer/policer_types.api).
const (
	PolicerKbps uint8 = 0
	PolicerPPS  uint8 = 1

	Policer1R2C     uint8 = 0
	Policer1R3C     uint8 = 1
	Policer2R3C2698 uint8 = 2
	Policer2R3C4115 uint8 = 3
	PolicerMEF5CF1  uint8 = 4

	PolicerDrop            uint8 = 0
	PolicerTransmit        uint8 = 1
	PolicerMarkAndTransmit uint8 = 2
)

// PolicerAction is what happens to the packets of one colour; DSCP is for
// PolicerMarkAndTransmit.
type PolicerAction struct{ Type, DSCP uint8 }

// PolicerConfig configures a policer (qos_pol_cfg_params_st in
// src/plugins/policer/xlate.h). Rates are in kbps with bursts in bytes, or in
// packets per second with bursts in milliseconds.
type PolicerConfig struct {
	CIR, EIR              uint32
	CB, EB                uint64
	RateType, Round, Type uint8
	ColorAware            bool
	// Actions are those of packets that conform, exceed and violate.
	Actions [numPolice]PolicerAction
}

// Results of policing, the colours.
const (
	policeConform = iota
	policeExceed
	policeViolate
	numPolice
)

// policerHz stands for the frequency of the cycle counter that VPP's periods
// of 2^17 ticks come from; the instance's time stands for the counter.
const (
	policerHz         = 2_600_000_000
	policerTicksShift = 17
)

// Policer is a token bucket (policer_t in src/plugins/policer/policer.h).
// Tokens are bytes shifted by Scale.
type Policer struct {
	Index  uint32
	Name   string
	Config PolicerConfig

	SingleRate                        bool
	Scale, CIRPerPeriod, PIRPerPeriod uint32
	CurrentLimit, CurrentBucket       uint32
	ExtendedLimit, ExtendedBucket     uint32
	LastUpdate                        uint64
}

// policerMain holds the policers of an instance.
type policerMain struct {
	pool     []*Policer // by index, nil for free ones
	free     []uint32   // the one freed last is used first
	byName   map[string]*Policer
	counters [numPolice]*stats.Combined
	// itf is the policer by interface for what is received and sent.
	itf [2][]policerUse
	// punt is the policer of punted packets by protocol.
	punt [2]uint32
}

// policerUse is a policer on an interface; overhead is the length of the header
// that is already off the packets that it counts.
type policerUse struct {
	policer  *Policer
	overhead uint8
}

// compute is x86_pol_compute_hw_params and compute_policer_params of
// src/plugins/policer/xlate.c.
func (p *Policer) compute() error {
	cir, eir, cb, eb := p.Config.CIR, p.Config.EIR, p.Config.CB, p.Config.EB
	switch p.Config.RateType {
	case PolicerKbps:
	case PolicerPPS:
		cir, eir = policerKbps(cir), policerKbps(eir)
		cb, eb = policerBurst(cb, cir), policerBurst(eb, eir)
	default:
		return ErrInvalidValue
	}
	p.CurrentLimit, p.ExtendedLimit = uint32(min(cb, math.MaxUint32)), uint32(min(eb, math.MaxUint32))
	if cir == 0 && cb == 0 && eb == 0 { // everything violates
		p.SingleRate = true
		return nil
	}
	switch p.Config.Type {
	case Policer1R2C, Policer1R3C:
		p.SingleRate = true
		if p.Config.Type == Policer1R2C && eb != 0 || cir == 0 || eir != 0 || cb == 0 && eb == 0 {
			return ErrInvalidValue
		}
	case Policer2R3C2698, Policer2R3C4115:
		if cir == 0 || eir < cir || cb == 0 || eb == 0 {
			return ErrInvalidValue
		}
	default:
		return ErrInvalidValue
	}
	p.scale(float64(cir)*125, float64(eir)*125)
	p.CurrentBucket, p.ExtendedBucket = p.CurrentLimit, p.ExtendedLimit
	return nil
}

// scale computes the tokens of a period from rates in bytes per second, shifted
// as far as limits and rates fit 32 and 22 bits.
func (p *Policer) scale(cir, pir float64) {
	const periods = float64(policerHz) / (1 << policerTicksShift)
	cir, pir = cir/periods, pir/periods
	top := max(p.CurrentLimit, p.ExtendedLimit, uint32(cir)<<10, uint32(pir)<<10)
	p.Scale = uint32(bits.LeadingZeros32(top))
	amount := float64(uint64(1) << p.Scale)
	p.CurrentLimit <<= p.Scale
	p.ExtendedLimit <<= p.Scale
	p.CIRPerPeriod, p.PIRPerPeriod = uint32(max(cir*amount, 1)), uint32(max(pir*amount, 1))
}

// policerKbps takes a packet for 256 bytes.
func policerKbps(pps uint32) uint32 { return uint32((uint64(pps)*256*8 + 500) / 1000) }

func policerBurst(ms uint64, kbps uint32) uint64 {
	return uint64(uint32((uint64(uint32(ms))*uint64(kbps) + 4) / 8))
}

// police takes the tokens of a packet and gives its colour (vnet_police_packet
// for packets without one).
func (p *Policer) police(length uint32, now uint64) int {
	n := uint64(length << p.Scale)
	periods := now - p.LastUpdate
	p.LastUpdate = now
	extendedRate := p.PIRPerPeriod
	if p.SingleRate {
		extendedRate = p.CIRPerPeriod
	}
	current := min(uint64(p.CurrentBucket)+periods*uint64(p.CIRPerPeriod), uint64(p.CurrentLimit))
	extended := min(uint64(p.ExtendedBucket)+periods*uint64(extendedRate), uint64(p.ExtendedLimit))
	result := policeViolate
	switch {
	case p.SingleRate && current >= n, !p.SingleRate && extended >= n && current >= n:
		result = policeConform
		current -= n
		extended -= n // wraps in 32 bits where a single rate has no second bucket
	case extended >= n:
		result = policeExceed
		extended -= n
	}
	p.CurrentBucket, p.ExtendedBucket = uint32(current), uint32(extended)
	return result
}

// policerNow is the instance's time in periods.
func (m *Main) policerNow() uint64 {
	d := m.now().Sub(m.Start)
	return (uint64(d/time.Second)*policerHz + uint64(d%time.Second)*(policerHz/1_000_000)/1000) >> policerTicksShift
}

// policePacket counts a packet and gives what to do with it.
func (m *Main) policePacket(p *Policer, b *vlib.Buffer, now uint64, overhead uint8) uint8 {
	n := b.Len() + int(overhead)
	color := p.police(uint32(n), now)
	m.policers.counters[color].Add(p.Index, n)
	action := p.Config.Actions[color]
	if action.Type == PolicerMarkAndTransmit {
		policerMark(b, action.DSCP)
	}
	return action.Type
}

// policerMark writes the DSCP of a packet whose buffer begins with an Ethernet
// header without tags (policer_mark).
func policerMark(b *vlib.Buffer, dscp uint8) {
	off := b.FirstByte()
	var none [packet.EthernetLen + packet.IPv4Len]byte
	frame := b.Window(off, none[:])
	switch packet.Uint16(frame, 12) {
	case packet.EtherTypeIPv4:
		ip := packet.IPv4(frame[packet.EthernetLen:])
		ip[1] = ip[1]&3 | dscp<<2
		ip.UpdateChecksum()
	case packet.EtherTypeIPv6:
		ip := frame[packet.EthernetLen:]
		tc := packet.Uint16(ip, 0)&0xf03f | uint16(dscp)<<6
		ip[0], ip[1] = byte(tc>>8), byte(tc)
	}
}
