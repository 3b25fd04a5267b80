package fakevpp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCLILeavesWords: what a command does not read is the line's next command.
func TestCLILeavesWords(t *testing.T) {
	t.Parallel()
	v := startDouble(t)
	_, err := v.CLI("create loopback interface")
	require.NoError(t, err)
	_, err = v.CLI("set interface tag loop0 a set interface name loop0 lo")
	require.NoError(t, err)
	require.Equal(t, "a", v.DataPlane().InterfaceByName("lo").Tag)
	for _, line := range []string{"clear errors nonsense", "set interface tag lo b nonsense", "set interface secondary-mac-address lo 02:00:00:00:00:01 add nonsense"} {
		_, err = v.CLI(line)
		require.ErrorContains(t, err, "nonsense", line)
	}
	require.Equal(t, "b", v.DataPlane().InterfaceByName("lo").Tag, "done before the rest is read")
	require.NoError(t, v.Close())
}
