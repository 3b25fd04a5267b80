package agent_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/agent"
	"github.com/vpptwin/vpptwin/agent/types"
	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// nowhere is an environment in which every device can be opened and leads to nothing.
type nowhere struct{}

func (nowhere) OpenTap(vnet.TapSpec, vnet.Receiver) (vnet.Port, error)       { return hole{}, nil }
func (nowhere) OpenAFPacket(string, vnet.Receiver) (vnet.Port, error)        { return hole{}, nil }
func (nowhere) ListenMemif(vnet.MemifSpec, vnet.Receiver) (vnet.Port, error) { return hole{}, nil }

type hole struct{}

func (hole) Transmit([]packet.Frame) {}
func (hole) Close() error            { return nil }

// TestDouble puts agents before doubles: they take every message, report what they were told so that a restarted agent has nothing to do, and are
// as before when the pods are gone.
func TestDouble(t *testing.T) {
	t.Parallel()
	inCluster(t, 0, func(c *testCluster) {
		v, err := fakevpp.New(fakevpp.Environment(nowhere{}))
		require.NoError(t, err)
		defer func() { require.NoError(t, v.Close()) }()
		changes := &counter{}
		connector := func(ctx context.Context) (*agent.Session, error) {
			conn, err := v.Connect()
			if err != nil {
				return nil, err
			}
			return &agent.Session{API: changes.wrap(conn), Lost: make(chan struct{}), Close: conn.Disconnect}, nil
		}
		c.prepare = func(n *testNode) {
			if n.name == "node1" {
				n.connector = connector
			}
		}
		c.addNode(1)
		c.addNode(2)
		c.network("blue", 56, "172.19.0.0/16,fd19::/64", "")
		c.network("red", 88, "172.19.0.0/16,fd19::/64", "")
		c.requireSettled()
		empty, err := v.Dump()
		require.NoError(t, err)
		n := c.nodes[0]
		p, err := n.pod("a", map[string]string{types.InterfacesAnnotation: `{"eth2": {"rx": 2, "tx": 2, "isl3": false}}`},
			interfaceOf{"eth0", ""}, interfaceOf{"eth1", "blue"}, interfaceOf{"eth2", "red"}, interfaceOf{"memif1", "blue"})
		require.NoError(t, err)
		q, err := c.nodes[1].pod("b", nil, interfaceOf{"eth1", "blue"}, interfaceOf{"eth2", "red"})
		require.NoError(t, err)
		c.requireSettled()
		full, err := v.Dump()
		require.NoError(t, err)
		require.NotEmpty(t, changes.take())
		n.stop()
		n.start()
		c.requireSettled()
		require.NoError(t, p.add())
		require.Empty(t, changes.take(), "a restarted agent has nothing to change")
		again, err := v.Dump()
		require.NoError(t, err)
		require.Equal(t, full, again)
		require.NoError(t, q.remove())
		require.NoError(t, p.remove())
		c.requireSettled()
		again, err = v.Dump()
		require.NoError(t, err)
		require.Equal(t, empty, again)
	})
}
