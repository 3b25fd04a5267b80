package fakevpp

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestShowBuffers: the table as a running VPP prints it, but for the numbers.
func TestShowBuffers(t *testing.T) {
	t.Parallel()
	v := startDouble(t, Workers(1))
	const table = "Pool Name            Index NUMA  Size  Data Size  Total  Avail  Cached   Used  \n" +
		"default-numa-0         0     0   2304     2048    16384  16384     0       0   \n"
	threads := "              thread   0  " + strings.Repeat(" ", 37) + "    0   \n" +
		"              thread   1  " + strings.Repeat(" ", 37) + "    0   \n"
	for line, want := range map[string]string{
		"show buffers":              table,
		"show buffers detail":       table + threads,
		"show buffers x":            table,
		"show buffers detail and x": table + threads,
	} {
		got, err := v.CLI(line)
		require.NoError(t, err, line)
		require.Equal(t, want, got, line)
	}
	require.NoError(t, v.Close())
}
