package fakevpp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/binapi/vlib"

	"github.com/vpptwin/vpptwin/fakevpp"
)

// The texts are those of a VPP 26.06.
func TestCLIWords(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.WithVersion(fakevpp.Version{Version: "v1", BuildDate: "today"}))
	const version = "vpp v1 built by vpptwin on vpptwin at today\n"
	for _, tc := range []struct{ command, out, err string }{
		{"show version", version, ""},
		{"sh ver", version, ""},
		{"  show   version ", version, ""},
		{"show version foo", version, "unknown input `foo'"},
		{"show nosuch", "", "show: unknown input `nosuch'"},
		{"sh nosuch thing", "", "show: unknown input `nosuch thing'"},
		{"nosuch thing", "", "unknown input `nosuch thing'"},
		{"show", "", "show: unknown input `'"},
		{"", "", "unknown input `'"},
		{"comment whatever", "", ""},
		{"help show version", "show version [verbose] [cmdline]\n", ""},
	} {
		out, err := v.CLI(tc.command)
		require.Equal(t, tc.out, out, tc.command)
		if tc.err == "" {
			require.NoError(t, err, tc.command)
		} else {
			require.EqualError(t, err, tc.err, tc.command)
		}
	}
	v.Crash()
	_, err := v.CLI("show version")
	require.ErrorIs(t, err, fakevpp.ErrDown)
}

func TestCLIInband(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.Workers(1))
	ch := channel(t, connectInProcess(t, v))
	rep := new(vlib.CliInbandReply)
	require.NoError(t, ch.SendRequest(&vlib.CliInband{Cmd: "show threads"}).ReceiveReply(rep))
	require.Equal(t, 3, strings.Count(rep.Reply, "\n"))
	require.Contains(t, rep.Reply, "vpp_wk_0")
	require.ErrorIs(t, ch.SendRequest(&vlib.CliInband{Cmd: "show nosuch"}).ReceiveReply(rep), api.UNSPECIFIED)
	require.Equal(t, "show: unknown input `nosuch'\n", rep.Reply)
	require.NoError(t, ch.SendRequest(&vlib.CliInband{Cmd: "show api clients"}).ReceiveReply(rep))
	require.Equal(t, "Socket clients\n                Name  Fildesc\n               govpp        1\n", rep.Reply)
}
