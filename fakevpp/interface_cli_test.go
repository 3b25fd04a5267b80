package fakevpp_test

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// interfaceCLI is a vppctl session with VPP 26.06: a line "vpp# command", then
// what it printed. Counters of what Linux sends by itself on a new tap and file
// descriptors are set to 0.
//
//go:embed testdata/interface-cli.txt
var interfaceCLI string

// TestInterfaceCLI repeats the session.
func TestInterfaceCLI(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.Environment(vnet.NewMemoryEnvironment()))
	var have strings.Builder
	for line := range strings.Lines(interfaceCLI) {
		command, ok := strings.CutPrefix(line, "vpp# ")
		if !ok {
			continue
		}
		have.WriteString(line)
		out, err := v.CLI(strings.TrimSpace(command))
		have.WriteString(out)
		if err != nil {
			have.WriteString(err.Error() + "\n")
		}
	}
	require.Equal(t, interfaceCLI, have.String())
}
