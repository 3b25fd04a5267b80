package vnet

import (
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vlib"
)

// Limits and times of the MAC table (src/vnet/l2/l2_fib.h, l2_learn.h).
const (
	l2LearnLimit    = 64 * 256 * 1024
	l2AgeInterval   = time.Minute
	l2EventDelay    = 100 * time.Millisecond
	l2EventUnit     = 10 * time.Millisecond
	l2EventsPerUnit = 10
)

// l2FIB is the table of addresses of all bridge domains.
type l2FIB struct {
	table macTable
	// learned counts dynamic entries; limit is how many there may be, and
	// domainLimit what new domains get as theirs.
	learned, limit, domainLimit uint32

	ager   *Timer
	events *Timer
	client l2Client
}

// l2Client is who asked for events.
type l2Client struct {
	pid   uint32 // 0 for nobody
	delay time.Duration
	max   int // entries of one event
	tell  func([]L2MACEvent)
}

// MACAction says what happened to an address (mac_event_action).
type MACAction uint32

// Actions, with the API's numbers.
const (
	MACAdded MACAction = iota
	MACDeleted
	MACMoved
)

// L2MACEvent is one address learned, moved or forgotten.
type L2MACEvent struct {
	SwIf   uint32
	MAC    packet.MAC
	Action MACAction
}

func (f *l2FIB) init() {
	f.table.init()
	f.limit, f.domainLimit = l2LearnLimit, l2LearnLimit
}

// L2Entry is an entry of the MAC table.
type L2Entry struct {
	// Domain is the index of the bridge domain.
	Domain uint16
	MAC    packet.MAC
	// SwIf is the interface, InvalidIndex for a filter.
	SwIf uint32
	// Static entries do not move, filters drop, a BVI's lead to layer 3.
	Static, Filter, BVI bool
	// Learned entries age.
	Learned bool
	// Minute is when the address was last seen, in minutes since the start
	// modulo 256; DomainSeq and InterfaceSeq say what it belongs to.
	Minute, DomainSeq, InterfaceSeq uint8
}

// L2Entries returns the MAC table in the order of VPP's dumps.
func (m *Main) L2Entries() []L2Entry {
	slots := m.l2.fib.table.all()
	out := make([]L2Entry, len(slots))
	for k, s := range slots {
		e := s.entry
		out[k] = L2Entry{Domain: s.key.domain(), MAC: s.key.mac(), SwIf: e.swIf(), Static: e.is(macStatic),
			Filter: e.is(macFilter), BVI: e.is(macBVI), Learned: !e.is(macAgeNot), Minute: e.minute(),
			DomainSeq: uint8(e.seq() >> 8), InterfaceSeq: uint8(e.seq())}
	}
	return out
}

// L2Learned returns how many entries were learned and how many may be.
func (m *Main) L2Learned() (count, limit uint32) { return m.l2.fib.learned, m.l2.fib.limit }

// SetL2LearnLimit sets how many addresses may be learned in all domains, and in
// domains made from now on.
func (m *Main) SetL2LearnLimit(all uint32) { m.l2.fib.limit = all }

// SetDefaultLearnLimit sets the limit that new bridge domains get.
func (m *Main) SetDefaultLearnLimit(limit uint32) { m.l2.fib.domainLimit = limit }

// L2Minute is the age clock of the table.
func (m *Main) L2Minute() uint8 { return uint8(m.Since(m.Start) / time.Minute) }

// AddL2Entry adds or replaces an entry that does not age (l2fib_add_entry).
func (m *Main) AddL2Entry(e L2Entry) {
	flags := macAgeNot
	for flag, on := range map[uint8]bool{macStatic: e.Static, macFilter: e.Filter, macBVI: e.BVI} {
		if on {
			flags |= flag
		}
	}
	f := &m.l2.fib
	k := makeMACKey(e.MAC[:], e.Domain)
	if old := f.table.get(k); old != macNone && !old.is(macAgeNot) {
		m.l2Unlearned(k.domain())
	}
	f.table.set(k, makeMACEntry(e.SwIf, flags, 0, 0))
}

// l2Unlearned counts a learned entry less.
func (m *Main) l2Unlearned(domain uint16) {
	if m.l2.fib.learned > 0 {
		m.l2.fib.learned--
	}
	if d := m.l2.domains[domain]; d.LearnCount > 0 {
		d.LearnCount--
	}
}

// DeleteL2Entry removes an entry; one of another interface stays unless swIf is
// 0. ErrNoSuchEntry says that there was none (l2fib_del_entry).
func (m *Main) DeleteL2Entry(mac packet.MAC, domain uint16, swIf uint32) error {
	f := &m.l2.fib
	k := makeMACKey(mac[:], domain)
	e := f.table.get(k)
	if e == macNone || swIf != 0 && swIf != e.swIf() {
		return ErrNoSuchEntry
	}
	if !e.is(macAgeNot) {
		m.l2Unlearned(domain)
	}
	f.table.remove(k)
	return nil
}

// HasL2Entry tells whether the table has an address.
func (m *Main) HasL2Entry(mac packet.MAC, domain uint16) bool {
	return m.l2.fib.table.get(makeMACKey(mac[:], domain)) != macNone
}

// ClearL2 removes all entries, static ones too (l2fib_clear_table).
func (m *Main) ClearL2() {
	m.l2.fib.table.init()
	m.l2.fib.learned = 0
	for _, d := range m.l2.domains {
		d.LearnCount = 0
	}
}

// FlushL2Interface forgets what was learned on an interface, FlushL2Domain in a
// bridge domain, FlushL2 everywhere: entries become stale and go with the next
// scan, which VPP's ager does at once (l2fib_flush_int_mac and others).
func (m *Main) FlushL2Interface(swIf uint32) {
	m.l2In(swIf).seq++
	m.l2Scan(true)
}

// FlushL2Domain forgets what was learned in a bridge domain.
func (m *Main) FlushL2Domain(d *BridgeDomain) {
	d.Seq++
	m.recache(d)
	m.l2Scan(true)
}

// FlushL2 forgets what was learned in all bridge domains.
func (m *Main) FlushL2() {
	for _, d := range m.l2.domains {
		if d.valid() {
			d.Seq++
			m.recache(d)
		}
	}
	m.l2Scan(true)
}

// l2Seq is what entries of a domain on an interface belong to now.
func (m *Main) l2Seq(domain uint16, swIf uint32) uint16 {
	var in uint8
	if uint64(swIf) < uint64(len(m.l2.inputs)) {
		in = m.l2.inputs[swIf].seq
	}
	return uint16(m.l2.domains[domain].Seq)<<8 | uint16(in)
}

// scheduleL2Ager arms or stops the scan for old entries, which runs once a
// minute while a bridge domain limits the age.
func (m *Main) scheduleL2Ager() {
	f := &m.l2.fib
	ageing := false
	for _, d := range m.l2.domains {
		ageing = ageing || d.ID != vlib.InvalidIndex && d.Age != 0
	}
	switch {
	case !ageing && f.ager != nil:
		f.ager.Stop()
	case ageing && f.ager == nil:
		f.ager = m.AfterFunc(l2AgeInterval, func() { m.l2Scan(true) })
	case ageing:
		f.ager.Reset(l2AgeInterval)
	}
}

// l2Scan tells the client of events what was learned and, with age, removes
// what is stale or too old (l2fib_scan).
func (m *Main) l2Scan(age bool) {
	f := &m.l2.fib
	minute := m.L2Minute()
	var events []L2MACEvent
	tell := func(s macSlot, a MACAction) {
		if f.client.pid != 0 {
			events = append(events, L2MACEvent{SwIf: s.entry.swIf(), MAC: s.key.mac(), Action: a})
		}
	}
	for _, s := range f.table.all() {
		switch {
		case f.client.pid != 0 && s.entry.is(macLearnEvent):
			action := MACAdded
			if s.entry.is(macLearnMove) {
				action = MACMoved
			}
			tell(s, action)
			f.table.set(s.key, s.entry&^(macEntry(macLearnEvent|macLearnMove)<<32))
		case age && m.l2Expired(s, minute):
			tell(s, MACDeleted)
			f.table.remove(s.key)
			m.l2Unlearned(s.key.domain())
		}
	}
	m.sendL2Events(events)
	if age {
		m.scheduleL2Ager()
	}
}

// l2Expired tells whether an entry is stale or too old.
func (m *Main) l2Expired(s macSlot, minute uint8) bool {
	if s.entry.is(macAgeNot) {
		return false
	}
	if s.entry.seq() != m.l2Seq(s.key.domain(), s.entry.swIf()) {
		return true
	}
	limit := m.l2.domains[s.key.domain()].Age
	return limit != 0 && minute-s.entry.minute() >= limit
}

func (m *Main) sendL2Events(events []L2MACEvent) {
	c := &m.l2.fib.client
	for len(events) > 0 {
		n := min(len(events), max(c.max, 1))
		c.tell(events[:n:n])
		events = events[n:]
	}
}

// WantL2Events makes the client pid be told of learned, moved and forgotten
// addresses, at most units*10 at a time; what was learned is forgotten first.
// delay is in units of 10 ms, 0 keeps what it is. ErrInvalidValue says that
// units is 0, ErrL2MACSEventClientPresent that another client has asked
// (want_l2_macs_events2 in src/vnet/l2/l2_api.c).
func (m *Main) WantL2Events(pid uint32, units, delay uint8, tell func([]L2MACEvent)) error {
	c := &m.l2.fib.client
	switch {
	case c.pid != 0 && c.pid != pid:
		return ErrL2MACSEventClientPresent
	case units == 0:
		return ErrInvalidValue
	}
	c.pid, c.max, c.tell = pid, int(units)*l2EventsPerUnit, tell
	if delay != 0 {
		c.delay = time.Duration(delay) * l2EventUnit
	} else if c.delay == 0 {
		c.delay = l2EventDelay
	}
	m.FlushL2()
	return nil
}

// StopL2Events ends events. It tells whether somebody had asked for them.
func (m *Main) StopL2Events() bool {
	had := m.l2.fib.client.pid != 0
	m.l2.fib.client.pid = 0
	return had
}

// L2EventClient returns who asked for events, 0 for nobody, the time between
// scans and how many addresses an event has at most.
func (m *Main) L2EventClient() (pid uint32, delay time.Duration, most int) {
	c := &m.l2.fib.client
	return c.pid, c.delay, c.max
}

// SetL2ScanDelay sets how long after an address is learned the client hears of
// it, in units of 10 ms, and forgets what was learned.
func (m *Main) SetL2ScanDelay(units uint16) {
	m.l2.fib.client.delay = time.Duration(units) * l2EventUnit
	m.FlushL2()
}

// l2EventDue arms the scan that tells the client of what was just learned.
func (m *Main) l2EventDue() {
	f := &m.l2.fib
	if f.events == nil {
		f.events = m.AfterFunc(f.client.delay, func() { m.l2Scan(false) })
	} else if f.events.index < 0 {
		f.events.Reset(f.client.delay)
	}
}
