package fib

// Source says who put a prefix into a table. An entry may have several; the
// one with the best priority forwards (src/vnet/fib/fib_source.h).
type Source uint8

// Sources, with VPP's numbers, which the API shows.
const (
	SourceInvalid      Source = iota
	SourceSpecial             // in every table, never overridden
	SourceClassify            //
	SourceProxy               //
	SourceInterface           // an interface's address
	SourceSR                  //
	SourceBIER                //
	Source6RD                 //
	SourceAPI                 // ip_route_add_del
	SourceCLI                 // ip route add
	SourceLISP                //
	SourceMAP                 //
	SourceDHCP                //
	SourceIP6NDProxy          //
	SourceIP6ND               // neighbours in link-local tables
	SourceAdj                 // neighbours
	SourceMPLS                //
	SourceAE                  //
	SourceRR                  // the target of a recursive path or a tunnel
	SourceURPFExempt          //
	SourceDefaultRoute        // in every table, to be overridden
	SourceInterpose           //
	numSources
)

// behaviour says what a source does beyond having paths.
type behaviour uint8

const (
	behaveSimple    behaviour = iota
	behaveInterface           // local addresses keep the glean's source address
	behaveRR                  // forwards like its cover
	behaveAdj                 // forwards only if its cover is on the same link
)

// sourceInfo describes a source; lower priorities are better.
type sourceInfo struct {
	name     string
	priority uint8
	behave   behaviour
}

var builtinSources = [numSources]sourceInfo{
	SourceInvalid:      {"invalid", 0xff, behaveSimple},
	SourceSpecial:      {"special", 0x00, behaveSimple},
	SourceClassify:     {"classify", 0x01, behaveSimple},
	SourceProxy:        {"proxy", 0x02, behaveSimple},
	SourceInterface:    {"interface", 0x03, behaveInterface},
	SourceSR:           {"SR", 0x10, behaveSimple},
	SourceBIER:         {"BIER", 0x20, behaveSimple},
	Source6RD:          {"6RD", 0x30, behaveSimple},
	SourceAPI:          {"API", 0x80, behaveSimple},
	SourceCLI:          {"CLI", 0x81, behaveSimple},
	SourceLISP:         {"LISP", 0x90, behaveSimple},
	SourceMAP:          {"MAP", 0xa0, behaveSimple},
	SourceDHCP:         {"DHCP", 0xb0, behaveSimple},
	SourceIP6NDProxy:   {"IPv6-proxy-nd", 0xc0, behaveSimple},
	SourceIP6ND:        {"IPv6-nd", 0xc1, behaveSimple},
	SourceAdj:          {"adjacency", 0xd0, behaveAdj},
	SourceMPLS:         {"mpls", 0xe0, behaveSimple},
	SourceAE:           {"attached_export", 0xf0, behaveSimple},
	SourceRR:           {"recursive-resolution", 0xfb, behaveRR},
	SourceURPFExempt:   {"urpf-exempt", 0xfc, behaveRR},
	SourceDefaultRoute: {"default-route", 0xfd, behaveSimple},
	SourceInterpose:    {"interpose", 0xfe, behaveSimple},
}

// AddSource creates a source with a priority of its own and returns it
// (fib_source_add).
func (f *FIB) AddSource(name string, priority uint8) Source {
	f.sources = append(f.sources, sourceInfo{name: name, priority: priority})
	return Source(len(f.sources) - 1)
}

// SourceName returns the source's name and priority; an empty name for a
// source that does not exist.
func (f *FIB) SourceName(s Source) (name string, priority uint8) {
	if int(s) >= len(f.sources) {
		return "", 0xff
	}
	return f.sources[s].name, f.sources[s].priority
}

// Sources returns how many sources there are, SourceInvalid included.
func (f *FIB) Sources() int { return len(f.sources) }

// EntryFlags are flags that a source gives an entry (fib_entry_flag_t in
// src/vnet/fib/fib_entry.h).
type EntryFlags uint16

// Entry flags.
const (
	EntryConnected EntryFlags = 1 << iota
	EntryAttached
	EntryDrop
	EntryExclusive
	EntryImport
	EntryLocal
	EntryMulticast
	EntryURPFExempt
	EntryNoAttachedExport
	EntryCoveredInherit
	EntryInterpose
)

var entryFlagNames = [...]string{"connected", "attached", "drop", "exclusive", "import", "local", "multicast",
	"uRPF-exempt", "no-attached-export", "covered-inherit", "interpose"}
