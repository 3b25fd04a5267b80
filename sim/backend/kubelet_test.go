package backend

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckInterfaceName(t *testing.T) {
	t.Parallel()
	taken := []attachment{{ifName: "eth0"}, {ifName: "net1"}}
	for name, want := range map[string]string{
		"eth1":             "",
		"fifteen-letters":  "",
		"sixteen-letters-": `interface name "sixteen-letters-" has 16 characters, expected at most 15`,
		"net1":             `interface name "net1" is asked for twice`,
		"eth0":             `interface name "eth0" is asked for twice`,
	} {
		err := checkInterfaceName(name, taken)
		if want == "" {
			require.NoError(t, err, name)
		} else {
			require.EqualError(t, err, want)
		}
	}
}

// A single plugin's configuration serves like a list of one.
func TestParseCNIConfig(t *testing.T) {
	t.Parallel()
	single, err := parseCNIConfig([]byte(`{"cniVersion":"0.3.1","name":"n","type":"calico"}`))
	require.NoError(t, err)
	require.Equal(t, "n", single.Name)
	require.Equal(t, "calico", single.Plugins[0].Network.Type)
	list, err := parseCNIConfig([]byte(defaultNetwork))
	require.NoError(t, err)
	require.Equal(t, "k8s-pod-network", list.Name)
	_, err = parseCNIConfig([]byte(`{"name":`))
	require.Error(t, err)
}
