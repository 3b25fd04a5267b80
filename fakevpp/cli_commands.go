package fakevpp

// familyCommands lists the CLI commands of the API families, which add theirs
// here.
func familyCommands() []cliCommand { return nil }
