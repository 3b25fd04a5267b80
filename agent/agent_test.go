package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNodeIsInsertedAndStable(t *testing.T) {
	t.Parallel()
	inCluster(t, 2, func(c *testCluster) {
		c.requireSettled()
		t.Log(c.nodes[0].vpp.String())
		c.nodes[0].vpp.Changes()
		n := c.nodes[0]
		before := n.vpp.String()
		n.stop()
		n.start()
		c.requireSettled()
		require.Empty(t, n.vpp.Changes())
		require.Equal(t, before, n.vpp.String())
	})
}
