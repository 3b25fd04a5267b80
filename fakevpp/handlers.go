package fakevpp

import "slices"

// allHandlers lists every message that the double gives effect to, one slice
// per API family. A message that is in nobody's slice is answered with
// UNIMPLEMENTED.
var allHandlers = slices.Concat(
	memclntHandlers,
	vpeHandlers,
	vlibHandlers,
	interfaceHandlers,
	subInterfaceHandlers,
	l2Handlers,
	l2BridgeHandlers,
	l2FibHandlers,
	spanHandlers,
	interfaceQueueHandlers,
	featureHandlers,
	tapHandlers,
	afPacketHandlers,
	memifHandlers,
	vxlanHandlers,
	reassHandlers,
	ipipHandlers,
	greHandlers,
	pmtuHandlers,
	urpfHandlers,
	ipHandlers,
	ipAddressHandlers,
	mfibHandlers,
	ipNeighborHandlers,
	arpHandlers,
	ip6NDHandlers,
	ip6DADHandlers,
	pingHandlers,
	arpingHandlers,
	puntHandlers,
	policerHandlers,
	pgHandlers,
	traceHandlers,
	pcapHandlers,
	classifyHandlers,
	classifyUserHandlers,
	aclHandlers,
	abfHandlers,
)

// families holds the state of API families that is not the data plane's, such
// as memif's socket table. It is empty after a start and gone after a crash; a
// family adds one field of a type of its own.
type families struct {
	traceTime traceTime     // how traces show times
	events    pendingEvents // interface events of the call under way
	arpTerm   arpTermEvents
	exec      execState // for whom the lines of a file act
	// puntTCP says by protocol that punting of all TCP was asked for.
	puntTCP [2]bool
	// eventLog is what the commands of the event log set.
	eventLog eventLog
	// hits counts by path how often commands were executed.
	hits map[string]uint32
}

// hit counts an execution of the command.
func (f *families) hit(path string) {
	if f.hits == nil {
		f.hits = make(map[string]uint32)
	}
	f.hits[path]++
}
