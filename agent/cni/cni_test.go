package cni

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/invoke"
	"github.com/containernetworking/cni/pkg/types"
	types100 "github.com/containernetworking/cni/pkg/types/100"
	"github.com/stretchr/testify/require"
)

var _ invoke.Exec = (*Exec)(nil)

// recorder notes what it is asked for.
type recorder struct {
	calls []string
	last  *Request
	err   error
}

func (r *recorder) note(call string, req *Request) error {
	r.calls, r.last = append(r.calls, call), req
	return r.err
}

func (r *recorder) CNIAdd(_ context.Context, req *Request) (*types100.Result, error) {
	return &types100.Result{CNIVersion: "1.1.0", Interfaces: []*types100.Interface{{Name: req.IfName, Mtu: 1450, Sandbox: req.NetNS}},
		IPs: []*types100.IPConfig{{Interface: types100.Int(0), Address: net.IPNet{IP: net.IPv4(172, 19, 0, 1).To4(), Mask: net.CIDRMask(32, 32)}}}}, r.note("ADD", req)
}
func (r *recorder) CNIDel(_ context.Context, req *Request) error    { return r.note("DEL", req) }
func (r *recorder) CNICheck(_ context.Context, req *Request) error  { return r.note("CHECK", req) }
func (r *recorder) CNIGC(_ context.Context, req *Request) error     { return r.note("GC", req) }
func (r *recorder) CNIStatus(_ context.Context, req *Request) error { return r.note("STATUS", req) }

// upstreams is the configuration in upstream's sample manifests.
const upstreams = `{"name": "network-blue", "cniVersion": "VERSION", "plugins": [{"type": "calico", "log_level": "debug", "datastore_type": "kubernetes",
	"mtu": 0, "ipam": {"type": "whereabouts", "enable_overlapping_ranges": false, "log_file": "/tmp/whereabouts.log", "network": "blue"},
	"policy": {"type": "k8s"}, "kubernetes": {"kubeconfig": "/etc/cni/net.d/calico-kubeconfig"},
	"dataplane_options": {"type": "grpc", "socket": "unix:///var/run/calico/cni-server.sock", "network_name": "blue"}}]}`

func TestThroughLibcni(t *testing.T) {
	t.Parallel()
	for _, version := range Versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			h := &recorder{}
			l := libcni.NewCNIConfigWithCacheDir(nil, t.TempDir(), NewExec(h))
			list, err := libcni.ConfListFromBytes([]byte(strings.Replace(upstreams, "VERSION", version, 1)))
			require.NoError(t, err)
			rt := &libcni.RuntimeConf{ContainerID: "sandbox", NetNS: "/run/netns/a", IfName: "eth1",
				Args: [][2]string{{"IgnoreUnknown", "1"}, {"K8S_POD_NAMESPACE", "default"}, {"K8S_POD_NAME", "a"}, {"K8S_POD_UID", "u"}}}
			result, err := l.AddNetworkList(t.Context(), list, rt)
			require.NoError(t, err)
			require.Equal(t, version, result.Version())
			back, err := types100.NewResultFromResult(result)
			require.NoError(t, err)
			require.Equal(t, "172.19.0.1/32", back.IPs[0].Address.String())
			require.Equal(t, "blue", h.last.Config.NetworkName())
			pod, err := h.last.Pod()
			require.NoError(t, err)
			require.Equal(t, PodArgs{"default", "a", "u"}, pod)
			want := []string{"ADD"}
			if version != "0.3.0" && version != "0.3.1" {
				require.NoError(t, l.CheckNetworkList(t.Context(), list, rt))
				want = append(want, "CHECK")
			}
			require.NoError(t, l.DelNetworkList(t.Context(), list, rt))
			want = append(want, "DEL")
			if version == "1.1.0" {
				require.NoError(t, l.GetStatusNetworkList(t.Context(), list))
				require.NoError(t, l.GCNetworkList(t.Context(), list, &libcni.GCArgs{ValidAttachments: []types.GCAttachment{{ContainerID: "x", IfName: "eth0"}}}))
				require.Equal(t, []types.GCAttachment{{ContainerID: "x", IfName: "eth0"}}, h.last.Config.ValidAttachments)
				want = append(want, "STATUS", "GC")
			}
			require.Equal(t, want, h.calls)
			info, err := l.GetVersionInfo(t.Context(), Plugin)
			require.NoError(t, err)
			require.Equal(t, Versions, info.SupportedVersions())
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	const good = `{"name": "n", "cniVersion": "1.1.0", "type": "calico"}`
	env := func(command string) []string {
		return []string{"CNI_COMMAND=" + command, "CNI_CONTAINERID=c", "CNI_NETNS=/n", "CNI_IFNAME=eth0"}
	}
	for name, tt := range map[string]struct {
		env    []string
		config string
		code   uint
		text   string
	}{
		"unknown command":   {env("FLY"), good, types.ErrInvalidEnvironmentVariables, `unknown CNI_COMMAND "FLY"`},
		"no namespace":      {append(env("ADD"), "CNI_NETNS="), good, types.ErrInvalidEnvironmentVariables, "CNI_NETNS is empty for ADD"},
		"no container":      {append(env("DEL"), "CNI_CONTAINERID="), good, types.ErrInvalidEnvironmentVariables, "CNI_CONTAINERID is empty for DEL"},
		"broken config":     {env("ADD"), `{"name": `, types.ErrDecodingFailure, "not valid"},
		"no name":           {env("ADD"), `{"cniVersion": "1.1.0"}`, types.ErrInvalidNetworkConfig, "no name"},
		"old version":       {env("ADD"), `{"name": "n", "cniVersion": "0.2.0"}`, types.ErrIncompatibleCNIVersion, `config is "0.2.0"`},
		"no version":        {env("ADD"), `{"name": "n"}`, types.ErrIncompatibleCNIVersion, `config is ""`},
		"future version":    {env("ADD"), `{"name": "n", "cniVersion": "9.0.0"}`, types.ErrIncompatibleCNIVersion, "9.0.0"},
		"static address":    {env("ADD"), `{"name": "n", "cniVersion": "1.1.0", "runtimeConfig": {"ips": ["10.0.0.5/24"]}}`, types.ErrUnsupportedField, "runtimeConfig.ips"},
		"own range":         {env("ADD"), `{"name": "n", "cniVersion": "1.1.0", "ipam": {"type": "whereabouts", "range": "10.0.0.0/8"}}`, types.ErrUnsupportedField, "ipam.range"},
		"host ports":        {env("ADD"), `{"name": "n", "cniVersion": "1.1.0", "runtimeConfig": {"portMappings": [{"hostPort": 80}]}}`, types.ErrUnsupportedField, "portMappings"},
		"another ipam":      {env("ADD"), `{"name": "n", "cniVersion": "1.1.0", "ipam": {"type": "dhcp"}}`, types.ErrUnsupportedField, `"dhcp"`},
		"negative MTU":      {env("ADD"), `{"name": "n", "cniVersion": "1.1.0", "mtu": -1}`, types.ErrInvalidNetworkConfig, "mtu"},
		"handler's own":     {env("CHECK"), good, types.ErrInternal, "out of order"},
		"no command at all": {nil, good, types.ErrInvalidEnvironmentVariables, "unknown CNI_COMMAND"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := Serve(t.Context(), &recorder{err: errors.New("out of order")}, []byte(tt.config), tt.env)
			require.Empty(t, out)
			var e *types.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.code, e.Code)
			require.ErrorContains(t, err, tt.text)
		})
	}
	_, err := Serve(t.Context(), &recorder{}, []byte(`{"name": "n", "cniVersion": "1.1.0", "ipam": {"range": "10.0.0.0/8"}}`), env("DEL"))
	require.NoError(t, err, "what could not be attached can be detached")
	_, err = NewExec(&recorder{}).FindInPath("bridge", nil)
	require.ErrorContains(t, err, `only "calico" is served`)
}

func FuzzServe(f *testing.F) {
	f.Add(`{"name": "n", "cniVersion": "1.1.0", "type": "calico"}`, "ADD", "K8S_POD_NAMESPACE=a;K8S_POD_NAME=b")
	f.Add(strings.Replace(upstreams, "VERSION", "0.3.0", 1), "GC", "x")
	f.Fuzz(func(t *testing.T, config, command, args string) {
		h := &recorder{}
		_, err := Serve(t.Context(), h, []byte(config), []string{"CNI_COMMAND=" + command, "CNI_CONTAINERID=c", "CNI_NETNS=/n", "CNI_IFNAME=e", "CNI_ARGS=" + args})
		var e *types.Error
		require.True(t, err == nil || errors.As(err, &e))
		if h.last != nil {
			_, _ = h.last.Pod()
		}
	})
}
