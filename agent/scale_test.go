package agent_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fill makes pods on every node, each on the default network and one of three others, and waits until they are connected.
func fill(c *testCluster, podsPerNode int) {
	for i := range 3 {
		c.network(fmt.Sprintf("net%d", i), int64(100+i), "172.19.0.0/16", "")
	}
	c.settle()
	for _, n := range c.nodes {
		for i := range podsPerNode {
			p, err := n.newPod(fmt.Sprintf("%s-%d", n.name, i), nil, []interfaceOf{{"eth0", ""}, {"eth1", fmt.Sprintf("net%d", i%3)}})
			require.NoError(c.t, err)
			require.NoError(c.t, p.add())
			synctest.Wait() // the fake API server's watches hold 100 events, and panic when there are more
		}
	}
}

func TestManyNodes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	inCluster(t, 60, func(c *testCluster) {
		start := time.Now()
		fill(c, 10)
		c.requireSettled()
		t.Logf("settled in %s of virtual time", time.Since(start))
		require.Len(t, c.reservations(), 600)
		for i, n := range c.nodes {
			text := n.vpp.String()
			for network, pods := range []int{4 * 59, 3 * 59, 3 * 59} {
				require.Equal(t, pods, strings.Count(text, fmt.Sprintf("in %d via 192.168.0.", 100_000_100+network)), "node %d, network %d", i, network)
			}
		}
	})
}
