package fakevpp

import "slices"

// familyCommands lists the CLI commands of the API families, which add theirs
// here.
func familyCommands() []cliCommand {
	return slices.Concat(
		interfaceCommands(),
		subInterfaceCommands(),
		l2Commands(),
		bridgeCommands(),
		l2FibCommands(),
		spanCommands(),
		interfaceShowCommands(),
		deviceCommands(),
		deviceShowCommands(),
		graphCommands(),
		graphShapeCommands(),
		eventLogCommands(),
		unixCommands(),
		memoryCommands(),
		statsCommands(),
		vxlanCommands(),
		reassCommands(),
		ipipCommands(),
		pmtuCommands(),
		urpfCommands(),
		ipShowCommands(),
		routeCommands(),
		ipConfigCommands(),
		pgCommands(),
		classifyCommands(),
		classifyACLCommands(),
		logCommands(),
		traceFilterCommands(),
		pcapCommands(),
		clockCommands(),
		bihashCommands(),
		apiShowCommands(),
		apiTraceCommands(),
		pingCommands(),
		arpingCommands(),
		dadCommands(),
		puntCommands(),
		policerCommands(),
		aclCommands(),
		abfCommands(),
	)
}
