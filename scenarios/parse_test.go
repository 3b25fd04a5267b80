package scenarios

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const twoPods = `
manifests:
  - inline: |
      apiVersion: v1
      kind: Pod
      metadata: {name: a}
      spec: {nodeName: node1}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: b}
      spec: {nodeName: node2}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: c}
      spec: {nodeName: node1}
`

func TestParseLibrary(t *testing.T) {
	t.Parallel()
	files, err := Find(Library())
	require.NoError(t, err)
	require.Len(t, files, 12)
	for _, f := range files {
		s, err := Load(Library(), f)
		require.NoError(t, err)
		require.NotEmpty(t, s.Description, f)
		for _, n := range s.Notices() {
			require.NotEqual(t, NoticeNotHonoured, n.Kind, "%s", n)
		}
		text, err := fs.ReadFile(Library(), f)
		require.NoError(t, err)
		require.Equal(t, byte('#'), text[0], "%s begins with a comment for readers", f)
	}
}

// Every message says where the mistake is and what was expected there.
func TestParseProblems(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"empty file", "", `x.yaml:1:1: not valid YAML: the file is empty; expected a scenario`},
		{"not YAML", "name: a\nsteps: [\n", `x.yaml:2:1: not valid YAML: did not find expected node content`},
		{"two documents", "steps: []\n---\nsteps: []\n", `x.yaml:2:1: a second YAML document starts here; expected one scenario per file`},
		{"not a mapping", "- a\n", `x.yaml:1:1: is a list; expected a mapping with the fields name, description, needs, topology, manifests, steps`},
		{"unknown field", "nmae: a\nsteps: [{name: w, wait: 1s}]\n",
			`x.yaml:1:1: nmae: unknown field; expected one of name, description, needs, topology, manifests, steps (did you mean name?)`},
		{"field twice", "name: a\nname: b\nsteps: [{name: w, wait: 1s}]\n", `x.yaml:2:1: name: the field is there twice`},
		{"several at once", "topology: {nodes: 0}\nsteps:\n- name: w\n  wait: soon\n- ping: {from: a}\n",
			"x.yaml:1:19: topology.nodes: is \"0\"; expected a number of nodes from 1 to 1000, or a list of nodes\n" +
				"x.yaml:4:9: steps[0].wait: is \"soon\"; expected settled, a duration such as 5s, or a mapping with until\n" +
				"x.yaml:5:3: steps[1].name: the field is missing\n" +
				"x.yaml:5:9: steps[1].ping.to: the field is missing"},
		{"wrong types", "topology: {hosts: {}}\nsteps:\n- name: [w]\n  ping: {from: a, to: b, count: many, df: 1, ttl: 256}\n",
			"x.yaml:1:19: topology.hosts: is a mapping; expected a list\n" +
				"x.yaml:3:9: steps[0].name: is a list; expected a text\n" +
				"x.yaml:4:33: steps[0].ping.count: is \"many\"; expected a whole number\n" +
				"x.yaml:4:43: steps[0].ping.df: is \"1\"; expected true or false\n" +
				"x.yaml:4:51: steps[0].ping.ttl: is 256; expected a number from 1 to 255"},
		{"unknown capability", "needs: [magic]\nsteps: [{name: w, wait: 1s}]\n",
			`x.yaml:1:9: needs[0]: is "magic"; expected one of path, link-faults, vpp-faults, agent-fault, dump, cli, api-calls, capture, hosts, routers, ipv6, memif, virtual-time`},
		{"two actions", "steps: [{name: w, wait: 1s, dump: {save: a}}]\n", `x.yaml:1:9: steps[0]: has the actions dump and wait; expected one`},
		{"no action", "steps: [{name: w}]\n",
			`x.yaml:1:9: steps[0]: has no action; expected one of ping, udp, tcp, traceroute, matrix, pod, dump, cli, api, apply, delete, scale, cut, restore, quality, crash, start, restart, wait`},
		{"unknown segment", "topology:\n  nodes: [{name: n, segment: fabrik}]\nsteps: [{name: w, wait: 1s}]\n",
			`x.yaml:2:11: topology.nodes[0]: unknown segment "fabrik"; expected one of "fabric"`},
		{"address outside", "topology:\n  nodes: [{name: n, addresses: [10.0.0.1/24]}]\nsteps: [{name: w, wait: 1s}]\n",
			`x.yaml:2:11: topology.nodes[0]: address 10.0.0.1/24 is in no subnet of segment "fabric", which has [192.168.0.0/24 fd00:192:168::/64]`},
		{"same name", "topology:\n  nodes: [{name: n}]\n  hosts: [{name: n}]\nsteps: [{name: w, wait: 1s}]\n",
			`x.yaml:3:18: topology.hosts[0].name: "n" is also the name of topology.nodes[0].name`},
		{"host bits", "topology:\n  segments: [{name: s, subnets: [10.0.0.1/24]}]\nsteps: [{name: w, wait: 1s}]\n",
			`x.yaml:2:34: topology.segments[0].subnets[0]: is 10.0.0.1/24, which has host bits set; expected 10.0.0.0/24`},
		{"unknown pod", "steps:\n- name: p\n  ping: {from: x, to: node1}\n" + twoPods,
			`x.yaml:3:16: steps[0].ping.from: unknown endpoint "x"; there are the pods "a", "b", "c", the nodes "node1", "node2" and the hosts none`},
		{"unknown interface", "steps:\n- name: p\n  ping: {from: a/eth7, to: b}\n" + twoPods,
			`x.yaml:3:16: steps[0].ping.from: pod "a" has no interface "eth7"; it has eth0`},
		{"isolation without proof", "steps:\n- name: p\n  ping: {from: a, to: b, expect: isolated}\n" + twoPods,
			`x.yaml:3:9: steps[0].ping: expects isolation without proof; expected proof with a from or to for which the same probe gets through`},
		{"proof by itself", "steps:\n- name: p\n  ping: {from: a, to: b, expect: isolated, proof: {from: a}}\n" + twoPods,
			`x.yaml:3:51: steps[0].ping.proof: is the same probe; expected another from or to`},
		{"proof by strangers", "steps:\n- name: p\n  ping: {from: a, to: b, expect: isolated, proof: {from: c, to: node1}}\n" + twoPods,
			`x.yaml:3:51: steps[0].ping.proof: has another sender and another receiver, so it proves nothing; expected one of them to be as in the probe`},
		{"TTL of nothing", "steps:\n- name: p\n  ping: {from: a, to: b, expect: {result: isolated, ttl: 3}, proof: {from: c}}\n" + twoPods,
			`x.yaml:3:58: steps[0].ping.expect.ttl: is about packets that are received, but isolated means that none is`},
		{"unknown network", "steps:\n- name: p\n  ping: {from: a, to: b, expect: {on: [{network: pink}]}}\n" + twoPods,
			`x.yaml:3:50: steps[0].ping.expect.on[0].network: unknown network "pink"; no manifest has a Network of this name`},
		{"never saved", "steps:\n- name: p\n  dump: {same: before}\n",
			`x.yaml:3:16: steps[0].dump.same: nothing was saved as "before" by an earlier step`},
		{"expects nothing", "steps:\n- name: p\n  dump: {node: node1}\n",
			`x.yaml:3:9: steps[0].dump: expects nothing; expected one or more of contains, excludes, matches, equals, count, save, same, differs`},
		{"bad expression", "steps:\n- name: p\n  dump: {matches: '('}\n",
			"x.yaml:3:19: steps[0].dump.matches[0]: is not a regular expression: error parsing regexp: missing closing ): `(?m)(`"},
		{"unknown process", "steps:\n- name: p\n  restart: {vpp: node9}\n",
			`x.yaml:3:18: steps[0].restart.vpp: unknown node "node9"; expected one of "node1", "node2"`},
		{"unknown link", "steps:\n- name: p\n  cut: {of: node9}\n", `x.yaml:3:13: steps[0].cut.of: unknown node, router or host "node9"`},
		{"unknown object", "steps:\n- name: p\n  delete: {kind: Pod, name: z}\n", `x.yaml:3:11: steps[0].delete: no manifest has a Pod "z"`},
		{"manifest that is none", "manifests:\n- inline: |\n    apiVersion: v1\n    kind: Pod\n    ---\n    kind: Pod\nsteps: [{name: w, wait: 1s}]\n",
			"x.yaml:3:1: manifests[0]: not a Kubernetes object: Pod has no metadata.name\n" +
				"x.yaml:6:1: manifests[0]: not a Kubernetes object: apiVersion or kind is missing"},
		{"file outside", "manifests:\n- file: ../../etc/passwd\nsteps: [{name: w, wait: 1s}]\n",
			`x.yaml:2:9: manifests[0].file: cannot be read: open ../../etc/passwd: file does not exist`},
		{"absolute file", "manifests:\n- file: /etc/passwd\nsteps: [{name: w, wait: 1s}]\n",
			`x.yaml:2:9: manifests[0].file: "/etc/passwd" cannot be read: expected a path relative to the scenario file`},
		{"one link or several", "topology:\n  nodes: [{name: x, mtu: 1400, uplinks: [{segment: fabric}]}]\nsteps: [{name: w, wait: 1s}]\n",
			`x.yaml:2:11: topology.nodes[0]: has a link of its own and a list of links; expected one of them`},
		{"missing file", "manifests:\n- file: pods.yaml\nsteps: [{name: w, wait: 1s}]\n", `x.yaml:2:9: manifests[0].file: cannot be read: open pods.yaml: file does not exist`},
		{"bad network", "manifests:\n- inline: |\n    apiVersion: projectcalico.org/v3\n    kind: Network\n    metadata: {name: net}\n    spec: {vni: 0, range: 10.0.0.0/8}\nsteps: [{name: w, wait: 1s}]\n",
			`x.yaml:3:1: manifests: network net: spec.vni: 0 is not a VNI, expected 1 to 16777215`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(fstest.MapFS{}, "x.yaml", []byte(tc.text))
			require.Error(t, err)
			require.True(t, IsProblem(err))
			require.Equal(t, tc.want, err.Error())
		})
	}
}

// A file of few bytes that stands for a huge tree must be refused quickly.
func TestParseAliasBomb(t *testing.T) {
	t.Parallel()
	text := "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nsteps: *b\n"
	_, err := Parse(nil, "x.yaml", []byte(text))
	require.Error(t, err)
}

func TestNotices(t *testing.T) {
	t.Parallel()
	text := `steps: [{name: w, wait: 1s}]
manifests:
- inline: |
    apiVersion: v1
    kind: Service
    metadata: {name: s}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: c, namespace: other}
    ---
    apiVersion: v1
    kind: Pod
    metadata:
      name: p
      annotations:
        cni.projectcalico.org/vppInterfacesSpec: '{"eth0": {"rx": 1, "speed": 10}}'
        cni.projectcalico.org/vppVclIdx: "1"
    spec:
      hostNetwork: true
      nodeSelector: {disk: ssd}
      containers: [{name: c, ports: [{hostPort: 80}]}]
    ---
    apiVersion: k8s.cni.cncf.io/v1
    kind: NetworkAttachmentDefinition
    metadata: {name: nad}
    spec: {config: '{"type": "bridge", "ipam": {"range": "10.0.0.0/8"}}'}
`
	s, err := Parse(nil, "x.yaml", []byte(text))
	require.NoError(t, err)
	var got string
	for _, n := range s.Notices() {
		got += n.String() + "\n"
	}
	require.Equal(t, `x.yaml:4: Service s: not honoured: services are not load-balanced
x.yaml:8: ConfigMap other/c: ignored: objects of this kind are stored and have no effect on packets
x.yaml:12: Pod p: metadata.annotations[cni.projectcalico.org/vppInterfacesSpec].eth0.speed: not honoured: unknown; the fields of an interface are isl3, rx, rxMode, rxqsz, tx, txqsz
x.yaml:12: Pod p: metadata.annotations[cni.projectcalico.org/vppVclIdx]: not honoured: the annotation is not implemented
x.yaml:12: Pod p: spec.hostNetwork: not honoured: the pod gets a network namespace of its own
x.yaml:12: Pod p: spec.nodeSelector[disk]: not honoured: nodes have no label but kubernetes.io/hostname
x.yaml:12: Pod p: spec.containers[0].ports[0].hostPort: not honoured: ports are not forwarded from the node
x.yaml:24: NetworkAttachmentDefinition nad: spec.config.plugins[0].type: not honoured: plugin "bridge" is not run; only calico is
x.yaml:24: NetworkAttachmentDefinition nad: spec.config.plugins[0].ipam: not honoured: addresses come from the Network's range, all of it
`, got)
}

func FuzzParse(f *testing.F) {
	files, err := Find(Library())
	require.NoError(f, err)
	for _, name := range files {
		text, err := fs.ReadFile(Library(), name)
		require.NoError(f, err)
		f.Add(string(text))
	}
	f.Add("steps: [{name: w, wait: {until: {ping: {from: a, to: b}}}}]\n" + twoPods)
	f.Add("topology: {nodes: 300, podSubnets: [10.0.0.0/22]}\nsteps: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(Library(), "x.yaml", []byte(text))
		if err != nil {
			require.True(t, IsProblem(err), "%v", err)
			require.NotEmpty(t, err.Error())
			return
		}
		require.NotEmpty(t, s.TestBed().Nodes)
		s.Needs()
	})
}
