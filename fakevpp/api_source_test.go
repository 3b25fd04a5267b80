package fakevpp_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.fd.io/govpp/api"

	"github.com/vpptwin/vpptwin/fakevpp"
)

// A VPP speaks what lies in the directory: modules of the core and of plugins,
// and a private plugin's request is answered in the shape of its reply.
func TestAPIDirectory(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.APIFiles("testdata/api"))
	ch := channel(t, connectSocket(t, v))
	require.Equal(t, "26.06-release", version(t, ch))
	rep := new(PrivateOpReply)
	require.ErrorIs(t, ch.SendRequest(&PrivateOp{Level: 3}).ReceiveReply(rep), api.UNIMPLEMENTED)
	require.Equal(t, &PrivateOpReply{Retval: -9, Values: []uint32{}}, rep)
	require.Equal(t, []string{"private_op"}, v.Coverage().Unhandled())
}

// A plugin that is not loaded has no messages.
func TestAPIDirectoryWithoutPlugin(t *testing.T) {
	t.Parallel()
	v := start(t, fakevpp.APIFiles("testdata/api"),
		fakevpp.LoadPlugins(func(name string, _ bool) bool { return name != "private_plugin.so" }))
	ch := channel(t, connectSocket(t, v))
	version(t, ch)
	var unknown *api.CompatibilityError
	require.ErrorAs(t, ch.CheckCompatiblity(new(PrivateOp)), &unknown)
}

// What VPP installs is understood, where it is at hand.
func TestAPIDirectoryOfVPP(t *testing.T) {
	t.Parallel()
	const dir = "../../shared/vpp-26.06/api"
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no API files of VPP 26.06 next to the repository")
	}
	v := start(t, fakevpp.APIFiles(dir))
	require.Equal(t, "26.06-release", version(t, channel(t, connectSocket(t, v))))
}

func TestAPIDirectoryErrors(t *testing.T) {
	t.Parallel()
	broken := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(broken, "odd.api.json"), []byte("{\n \"messages\": [,]}"), 0o600))
	for dir, want := range map[string]string{
		"testdata/nowhere": "no such file or directory",
		"testdata/fib":     "no *.api.json",
		broken:             "odd.api.json: 2:15: not an api.json file: invalid character ','",
	} {
		_, err := fakevpp.New(fakevpp.APIFiles(dir))
		require.ErrorContains(t, err, "api files in "+dir)
		require.ErrorContains(t, err, want)
	}
}
