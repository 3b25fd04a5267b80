package vnet

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSkeleton(t *testing.T) {
	t.Parallel()
	m, err := New(nil)
	require.NoError(t, err)
	i, err := m.AddInterface(InterfaceSpec{Name: "loop0", Device: DeviceLoopback, Class: ClassEthernet})
	require.NoError(t, err)
	require.Equal(t, uint32(1), i.SwIfIndex)
}
