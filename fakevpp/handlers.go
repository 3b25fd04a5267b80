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
	interfaceQueueHandlers,
	featureHandlers,
	tapHandlers,
	afPacketHandlers,
	memifHandlers,
)

// families holds the state of API families that is not the data plane's, such
// as memif's socket table. It is empty after a start and gone after a crash; a
// family adds one field of a type of its own.
type families struct {
	events pendingEvents // interface events of the call under way
}
