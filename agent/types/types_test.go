package types

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &o.Object))
	return o
}

func network(spec string) string {
	return "apiVersion: projectcalico.org/v3\nkind: Network\nmetadata: {name: blue}\nspec: " + spec
}

func TestParseNetwork(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ spec, ranges, err string }{
		"upstream's sample":  {`{vni: 56, range: "172.19.0.0/16", physicalNetworkName: ""}`, "172.19.0.0/16", ""},
		"two families":       {`{vni: 1, range: "172.19.3.4/16, fd00::1/64"}`, "172.19.0.0/16 fd00::/64", ""},
		"greatest VNI":       {`{vni: 16777215, range: fd00::/64}`, "fd00::/64", ""},
		"no VNI":             {`{range: fd00::/64}`, "", "network blue: spec.vni: missing"},
		"VNI 0":              {`{vni: 0, range: fd00::/64}`, "", "spec.vni: 0 is not a VNI, expected 1 to 16777215"},
		"VNI too large":      {`{vni: 16777216, range: fd00::/64}`, "", "spec.vni: 16777216 is not a VNI"},
		"VNI negative":       {`{vni: -1, range: fd00::/64}`, "", "spec.vni: -1 is not a VNI"},
		"VNI a string":       {`{vni: "56", range: fd00::/64}`, "", "spec.vni: 56 is not an integer"},
		"VNI broken":         {`{vni: 5.5, range: fd00::/64}`, "", "spec.vni: 5.5 is not an integer"},
		"no range":           {`{vni: 1}`, "", `spec.range: "" is not an address range`},
		"range a number":     {`{vni: 1, range: 5}`, "", "spec.range: "},
		"range an address":   {`{vni: 1, range: 10.0.0.1}`, "", "is not an address range"},
		"one family twice":   {`{vni: 1, range: "10.0.0.0/16,10.1.0.0/16"}`, "", "are of one address family"},
		"too small":          {`{vni: 1, range: 10.0.0.0/31}`, "", "10.0.0.0/31 is too small"},
		"everything":         {`{vni: 1, range: 0.0.0.0/0}`, "", "not a range of unicast addresses"},
		"multicast":          {`{vni: 1, range: 224.0.0.0/8}`, "", "not a range of unicast addresses"},
		"mapped":             {`{vni: 1, range: "::ffff:10.0.0.0/104"}`, "", "IPv4-mapped"},
		"physical a boolean": {`{vni: 1, range: fd00::/64, physicalNetworkName: true}`, "", "spec.physicalNetworkName"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := ParseNetwork(object(t, network(tt.spec)))
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			var ranges []string
			for _, r := range n.Ranges {
				ranges = append(ranges, r.String())
			}
			require.Equal(t, tt.ranges, strings.Join(ranges, " "))
		})
	}
}

func TestParseAttachment(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config string
		want   Attachment
		err    string
	}{
		"list":           {`{"plugins": [{"type": "tuning"}, {"type": "calico", "dataplane_options": {"network_name": "blue"}}]}`, Attachment{"default/a", "blue", true}, ""},
		"single":         {`{"type": "calico", "dataplane_options": {"network_name": "blue"}}`, Attachment{"default/a", "blue", true}, ""},
		"default":        {`{"type": "calico"}`, Attachment{"default/a", "", true}, ""},
		"another plugin": {`{"type": "macvlan"}`, Attachment{"default/a", "", false}, ""},
		"no config":      {"", Attachment{"default/a", "", false}, ""},
		"broken":         {`{"type": `, Attachment{"default/a", "", false}, "network attachment default/a: spec.config is not a JSON object"},
		"a list":         {`[]`, Attachment{"default/a", "", false}, "is not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := ParseAttachment(&unstructured.Unstructured{Object: map[string]any{
				"metadata": map[string]any{"name": "a", "namespace": "default"}, "spec": map[string]any{"config": tt.config}}})
			require.Equal(t, tt.want, a)
			if tt.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tt.err)
			}
		})
	}
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	list, err := ParseStatus(`[{"name": "default/blue", "interface": "eth1", "ips": ["172.19.0.1", "fd19::1"], "dns": {}}, {"name": "k8s", "default": true}]`)
	require.NoError(t, err)
	require.Equal(t, []InterfaceStatus{
		{Name: "default/blue", Interface: "eth1", IPs: []netip.Addr{netip.MustParseAddr("172.19.0.1"), netip.MustParseAddr("fd19::1")}},
		{Name: "k8s", Default: true}}, list)
	list, err = ParseStatus("")
	require.NoError(t, err)
	require.Empty(t, list)
	_, err = ParseStatus(`[{"ips": ["172.19.0.999"]}]`)
	require.ErrorContains(t, err, StatusAnnotation)
}

func TestParseInterfaceSpec(t *testing.T) {
	t.Parallel()
	const upstream = `{"eth0": {"rx": 1, "tx": 2, "isl3": true }, "eth1": {"rx": 5, "tx": 9, "isl3": true }}`
	for name, tt := range map[string]struct {
		annotation string
		memif      bool
		want       InterfaceSpec
		err        string
	}{
		"none":              {"", false, InterfaceSpec{1, 1, 1024, 1024, true, Adaptive}, ""},
		"none, memif":       {"", true, InterfaceSpec{1, 1, 1024, 1024, false, Adaptive}, ""},
		"upstream's sample": {upstream, false, InterfaceSpec{5, 9, 1024, 1024, true, Adaptive}, ""},
		"all": {`{"eth1": {"rx": 2, "tx": 3, "rxqsz": 256, "txqsz": 512, "isl3": false, "rxMode": "interrupt"}}`, false,
			InterfaceSpec{2, 3, 256, 512, false, Interrupt}, ""},
		"another interface is wrong": {`{"eth0": {"rx": 0}}`, false, InterfaceSpec{1, 1, 1024, 1024, true, Adaptive}, ""},
		"not JSON":                   {`eth1`, false, InterfaceSpec{}, InterfacesAnnotation},
		"not an object":              {`{"eth1": 5}`, false, InterfaceSpec{}, "eth1: json"},
		"no queues":                  {`{"eth1": {"tx": 0}}`, false, InterfaceSpec{}, "eth1: tx: 0 queues"},
		"too many queues":            {`{"eth1": {"rx": 257}}`, false, InterfaceSpec{}, "eth1: rx: 257 queues"},
		"odd depth":                  {`{"eth1": {"txqsz": 1000}}`, false, InterfaceSpec{}, "eth1: txqsz: 1000 descriptors, expected a power of two"},
		"negative depth":             {`{"eth1": {"rxqsz": -1024}}`, false, InterfaceSpec{}, "eth1: rxqsz"},
		"unknown mode":               {`{"eth1": {"rxMode": "lazy"}}`, false, InterfaceSpec{}, `eth1: rxMode: "lazy", expected polling, interrupt or adaptive`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec, err := ParseInterfaceSpec(tt.annotation, "eth1", tt.memif)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, spec)
		})
	}
}

// FuzzAnnotations feeds all parsers of text that users write.
func FuzzAnnotations(f *testing.F) {
	for _, seed := range []string{"", `{"eth1": {"rx": 5, "isl3": true}}`, `[{"name": "a/b", "ips": ["::1"]}]`, `{"plugins": [{"type": "calico"}]}`,
		"172.19.0.0/16, fd00::/64"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if spec, err := ParseInterfaceSpec(text, "eth1", false); err == nil {
			require.NoError(t, spec.check())
		}
		_, _ = ParseStatus(text)
		_, _ = ParseAttachment(&unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"config": text}}})
		ranges, err := ParseRanges(text)
		require.Equal(t, err == nil, len(ranges) > 0)
		for _, r := range ranges {
			require.Equal(t, r.Masked(), r)
		}
	})
}
