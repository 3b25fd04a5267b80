package vnet

import "github.com/vpptwin/vpptwin/sim/acl"

// subsystems is the state of an instance's parts, one field (or embedded
// struct) for each, declared in the file that holds the part.
type subsystems struct {
	ip      ipMain
	devices devices
	pg      pgMain
	clock   clock
	// tracenode says by interface where a feature of the tracenode plugin is on.
	tracenode map[uint32]bool
	pcap      pcapTrace
	pcapTx    bool // the capture takes what is sent
	icmp4     icmp4Main
	l2        l2Main
	spans     []spanSource // by sw_if_index of what is mirrored
	icmp6     icmp6Main
	resolve   resolvers
	ifStats   interfaceStats
	noPing    bool // the ping plugin is disabled
	ping      pingMain
	arping    arpingMain
	ra        raMain
	auto      autoconfMain
	dad       dadMain
	// mldReports says that interfaces report the groups they listen to.
	mldReports bool
	randoms    uint64 // drawn so far
	datapath
	reass reassMain

	classify classifyMain
	acls     acl.Lists
	abf      abfMain

	collector collector
	punt      puntMain
	puntTest  *puntTest // nil without the unittest plugin
	policers  policerMain
}
