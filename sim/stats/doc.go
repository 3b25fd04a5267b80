// Package stats holds the counters of one data-plane instance and the
// directory that names them: VPP's stats segment, version 2
// (src/vlib/stats/shared.h).
//
// Counters live where readers see them. As long as nobody reads, a vector of
// counters is a slice on the heap; [Directory.Attach] moves all of them into
// memory that other processes have mapped, and from then on an increment is
// seen at once. Either way the packet path adds to a plain aligned 64-bit slot.
//
// A part of the data plane that counts something registers a vector once, when
// the instance starts, makes room when an object is created, and adds:
//
//	m.acl.matches = m.Stats.Combined("/acl/0/matches") // packets and bytes
//	m.acl.matches.Validate(rule)                       // room for slots 0..rule
//	m.acl.matches.Zero(rule)                           // a slot used before
//	m.acl.matches.Add(rule, b.Len())                   // per packet
//
//	m.nat.sessions = m.Stats.Simple("/nat44-ed/total-sessions") // numbers
//	m.nat.sessions.Validate(0)
//	m.nat.sessions.Inc(0, 1)
//
//	g := m.Stats.Gauge("/cnat/sessions/total") // one number, not per thread
//	m.Stats.OnCollect(func() { g.Set(uint64(len(m.cnat.sessions))) })
//
// A vector that goes with an object is taken back with [Directory.Remove].
// Names of single slots (VPP's symlinks) exist only while somebody reads: add
// them with [Directory.Symlink] when the object is created and from an
// [Directory.OnAttach] function for the objects that exist already.
//
// The package knows nothing of packets or interfaces. Everything belongs to
// the instance's owner and takes no lock; readers are kept honest by the
// segment's epoch.
package stats
