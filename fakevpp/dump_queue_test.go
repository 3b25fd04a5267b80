package fakevpp

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Transmit queues keep their threads, and having none, over a dump.
func TestDumpOfTransmitQueues(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{0, 1, 2} {
		for _, threads := range []string{"", " threads 0", fmt.Sprintf(" threads 0-%d", workers)} {
			for queue := range 2 {
				v := startDouble(t, Workers(workers))
				require.NoError(t, v.Exec("create host-interface name ens3 num-tx-queues 2\n"+
					fmt.Sprintf("set interface tx-queue host-ens3 queue %d%s", queue, threads)))
				text, err := v.Dump()
				require.NoError(t, err)
				fresh := requireReadBack(t, v, text)
				require.Equal(t, v.apiDumps(), fresh.apiDumps(), text)
				require.NoError(t, fresh.Close())
			}
		}
	}
}
