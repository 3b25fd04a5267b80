package fakevpp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp"
	"go.fd.io/govpp/api"
	interfaces "go.fd.io/govpp/binapi/interface"
	"go.fd.io/govpp/binapi/memclnt"
	"go.fd.io/govpp/binapi/memif"
	"go.fd.io/govpp/binapi/vxlan"
	"go.fd.io/govpp/core"

	"github.com/vpptwin/vpptwin/fakevpp"
)

// socketChannel connects govpp to a new VPP through its socket.
func socketChannel(t *testing.T, v *fakevpp.VPP) (*core.Connection, api.Channel) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "api.sock")
	require.NoError(t, v.Listen(socket))
	conn, err := govpp.Connect(socket)
	require.NoError(t, err)
	t.Cleanup(conn.Disconnect)
	return conn, channel(t, conn)
}

func TestAPI2606(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.API2606(), fakevpp.DisablePlugin("memif_plugin.so"))
	_, ch := socketChannel(t, v)
	first := func(name string) memclnt.GetFirstMsgIDReply {
		rep := new(memclnt.GetFirstMsgIDReply)
		_ = ch.SendRequest(&memclnt.GetFirstMsgID{Name: name}).ReceiveReply(rep) // the retval is in rep
		return *rep
	}
	require.Equal(t, memclnt.GetFirstMsgIDReply{FirstMsgID: 29}, first("tm_ec96e6f1"), "the first module behind memclnt")
	require.Equal(t, memclnt.GetFirstMsgIDReply{FirstMsgID: 55}, first("arp_cfdf7292"))
	require.Zero(t, first("vxlan_4d9cc2b3").Retval)
	require.EqualValues(t, -7, first("vxlan_00000000").Retval)
	require.EqualValues(t, -7, first("memclnt_b197c551").Retval, "fixed ids have no range")
	require.NoError(t, ch.CheckCompatiblity(interfaces.AllMessages()...))
	require.NoError(t, ch.CheckCompatiblity(vxlan.AllMessages()...))
	require.Error(t, ch.CheckCompatiblity(memif.AllMessages()...), "the plugin is not loaded")
}

func TestAPITraceCLI(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.API2606(), fakevpp.APITrace(0), fakevpp.LoadPlugins(func(string, bool) bool { return false }))
	_, ch := socketChannel(t, v)
	require.NoError(t, ch.SendRequest(&interfaces.CreateLoopback{}).ReceiveReply(new(interfaces.CreateLoopbackReply)))
	cli := func(line string) string {
		out, err := v.CLI(line)
		require.NoError(t, err)
		return out
	}
	require.Contains(t, cli("api trace dump"), "vl_api_create_loopback_t:\n  mac_address: 0000.0000.0000\n")
	require.Contains(t, cli("api trace dump-json"), "\"mac_address\":\t\"00:00:00:00:00:00\"")
	name := fmt.Sprintf("vpptwin-test-%d", os.Getpid())
	path := filepath.Join("/tmp", name)
	t.Cleanup(func() { _ = os.Remove(path) })
	require.Equal(t, "API trace saved to "+path+"\n", cli("api trace save "+name))
	require.Equal(t, "file exists: "+path+"\n", cli("api trace save "+name))
	require.Equal(t, "illegal characters in filename '../x'\n", cli("api trace save ../x"))
	require.Contains(t, cli("api trace dump-file "+path), "vl_api_create_loopback_t:")
	before := strings.Count(cli("show interface"), "loop")
	cli("api trace replay " + path)
	require.Equal(t, before+1, strings.Count(cli("show interface"), "loop"), "the loopback is made again")
	cli("api trace free")
	require.Equal(t, "RX trace: used 0 of 262144 items, is not enabled, has not wrapped\n", cli("api trace status"))
	require.Equal(t, "TX trace: not yet configured.\n", cli("api trace tx status"))
	cli("api trace on nitems 2")
	for range 3 {
		require.NoError(t, ch.SendRequest(&memclnt.ControlPing{}).ReceiveReply(new(memclnt.ControlPingReply)))
	}
	require.Equal(t, "RX trace: used 2 of 2 items, is enabled, has wrapped\n", cli("api trace status"))
}

func BenchmarkStartAPI2606(b *testing.B) {
	for b.Loop() {
		v, err := fakevpp.New(fakevpp.API2606())
		if err != nil {
			b.Fatal(err)
		}
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
