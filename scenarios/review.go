package scenarios

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// A Notice tells of something in a manifest that is accepted although the product does nothing with it.
type Notice struct {
	File   string     `json:"file"`
	Line   int        `json:"line"`   // of the object's first line
	Object string     `json:"object"` // "Kind name"
	Field  string     `json:"field"`  // path of the field; "" for the whole object
	Kind   NoticeKind `json:"kind"`
	Text   string     `json:"text"`
}

// NoticeKind says how much a Notice matters.
type NoticeKind string

// The kinds of notices.
const (
	NoticeIgnored     NoticeKind = "ignored"      // has no bearing on the network: nothing is lost
	NoticeNotHonoured NoticeKind = "not honoured" // would change what packets do in a real cluster, and does not here
)

func (n Notice) String() string {
	s := fmt.Sprintf("%s:%d: %s", n.File, n.Line, n.Object)
	if n.Field != "" {
		s += ": " + n.Field
	}
	return s + ": " + string(n.Kind) + ": " + n.Text
}

// notHonoured are kinds that change what packets do in a cluster with Calico/VPP and that the product does not implement.
var notHonoured = map[string]string{
	"/Service": "services are not load-balanced", "/Endpoints": "services are not load-balanced",
	"discovery.k8s.io/EndpointSlice":        "services are not load-balanced",
	"networking.k8s.io/NetworkPolicy":       "policies are not enforced",
	"projectcalico.org/NetworkPolicy":       "policies are not enforced",
	"projectcalico.org/GlobalNetworkPolicy": "policies are not enforced",
	"projectcalico.org/HostEndpoint":        "policies are not enforced",
	"projectcalico.org/IPPool":              "the default pod network is the topology's podSubnets",
	"projectcalico.org/BGPPeer":             "routes are not announced outside", "projectcalico.org/BGPConfiguration": "routes are not announced outside",
	"projectcalico.org/FelixConfiguration": "its settings do not apply",
	"/Node":                                "nodes come from the topology",
}

// review returns what of an object has no effect. The error tells of content that cannot be what its author meant.
func review(m Manifest, dir *directory) ([]Notice, error) {
	r := &reviewer{m: m, dir: dir}
	switch kind := groupKind(m.Object); {
	case kind == "/Pod":
		r.pod(m.Object.GetAnnotations(), m.Object.Object, "spec")
	case IsWorkload(m.Object):
		annotations, _, _ := unstructured.NestedStringMap(m.Object.Object, "spec", "template", "metadata", "annotations")
		r.pod(annotations, m.Object.Object, "spec", "template", "spec")
	case kind == "projectcalico.org/Network":
		r.network()
	case kind == "k8s.cni.cncf.io/NetworkAttachmentDefinition":
		r.attachmentDefinition()
	case kind == "/Namespace":
	case notHonoured[kind] != "":
		r.notice(NoticeNotHonoured, "", "%s", notHonoured[kind])
	default:
		r.notice(NoticeIgnored, "", "objects of this kind are stored and have no effect on packets")
	}
	return r.notices, r.err
}

type reviewer struct {
	m       Manifest
	dir     *directory
	notices []Notice
	err     error
}

func (r *reviewer) notice(kind NoticeKind, field, format string, args ...any) {
	r.notices = append(r.notices, Notice{r.m.File, r.m.Line, r.m.String(), field, kind, fmt.Sprintf(format, args...)})
}

// fail remembers the first error.
func (r *reviewer) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %s", r.m, fmt.Sprintf(format, args...))
	}
}

const (
	calicoAnnotations   = "cni.projectcalico.org/"
	interfaceAnnotation = calicoAnnotations + "vppInterfacesSpec"
)

// pod reviews a pod's annotations and its spec, which lies at path in object.
func (r *reviewer) pod(annotations map[string]string, object map[string]any, path ...string) {
	for _, key := range sortedKeys(annotations) {
		switch {
		case key == interfaceAnnotation:
			r.interfacesSpec(annotations[key])
		case strings.HasPrefix(key, calicoAnnotations):
			r.notice(NoticeNotHonoured, "metadata.annotations["+key+"]", "the annotation is not implemented")
		}
	}
	spec, _, _ := unstructured.NestedMap(object, path...)
	at := strings.Join(path, ".")
	if host, _ := spec["hostNetwork"].(bool); host {
		r.notice(NoticeNotHonoured, at+".hostNetwork", "the pod gets a network namespace of its own")
	}
	for _, field := range []string{"affinity", "topologySpreadConstraints"} {
		if spec[field] != nil {
			r.notice(NoticeNotHonoured, at+"."+field, "pods go to nodes round robin, by spec.nodeName or by nodeSelector %s", hostnameLabel)
		}
	}
	if sel, ok := spec["nodeSelector"].(map[string]any); ok {
		for _, key := range sortedKeys(sel) {
			if key != hostnameLabel {
				r.notice(NoticeNotHonoured, at+".nodeSelector["+key+"]", "nodes have no label but %s", hostnameLabel)
			}
		}
	}
	r.hostPorts(spec, at)
}

func (r *reviewer) hostPorts(spec map[string]any, at string) {
	containers, _ := spec["containers"].([]any)
	for i, c := range containers {
		container, _ := c.(map[string]any)
		ports, _ := container["ports"].([]any)
		for j, p := range ports {
			if port, _ := p.(map[string]any); port["hostPort"] != nil {
				r.notice(NoticeNotHonoured, fmt.Sprintf("%s.containers[%d].ports[%d].hostPort", at, i, j), "ports are not forwarded from the node")
			}
		}
	}
}

// interfaceFields are the fields of one interface in the vppInterfacesSpec annotation (Calico/VPP: docs on interface tuning).
var interfaceFields = []string{"isl3", "rx", "rxMode", "rxqsz", "tx", "txqsz"}

func (r *reviewer) interfacesSpec(text string) {
	var spec map[string]map[string]any
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		r.fail("annotation %s is not a JSON object of interfaces: %v", interfaceAnnotation, err)
		return
	}
	for _, iface := range sortedKeys(spec) {
		for _, field := range sortedKeys(spec[iface]) {
			if !slices.ContainsFunc(interfaceFields, func(f string) bool { return strings.EqualFold(f, field) }) {
				r.notice(NoticeNotHonoured, fmt.Sprintf("metadata.annotations[%s].%s.%s", interfaceAnnotation, iface, field),
					"unknown; the fields of an interface are %s", strings.Join(interfaceFields, ", "))
			}
		}
	}
}

func (r *reviewer) network() {
	spec, _, _ := unstructured.NestedMap(r.m.Object.Object, "spec")
	for _, field := range sortedKeys(spec) {
		if !slices.Contains([]string{"vni", "range", "physicalNetworkName"}, field) {
			r.notice(NoticeNotHonoured, "spec."+field, "unknown; the fields are vni, range and physicalNetworkName")
		}
	}
	if phys, _ := spec["physicalNetworkName"].(string); !r.dir.physical[phys] {
		r.notice(NoticeNotHonoured, "spec.physicalNetworkName", "no node has an uplink with physicalNetwork %q", phys)
	}
}

// attachmentDefinition reviews the CNI configuration within a NetworkAttachmentDefinition.
func (r *reviewer) attachmentDefinition() {
	text, _, _ := unstructured.NestedString(r.m.Object.Object, "spec", "config")
	type plugin struct {
		Type string `json:"type"`
		MTU  int    `json:"mtu"`
		IPAM struct {
			Type    string   `json:"type"`
			Range   string   `json:"range"`
			Exclude []string `json:"exclude"`
		} `json:"ipam"`
		Dataplane struct {
			Network string `json:"network_name"`
		} `json:"dataplane_options"`
	}
	var conf struct {
		plugin
		Plugins []plugin `json:"plugins"`
	}
	if err := json.Unmarshal([]byte(text), &conf); err != nil {
		r.fail("spec.config is not a JSON CNI configuration: %v", err)
		return
	}
	plugins := conf.Plugins
	if len(plugins) == 0 && conf.Type != "" {
		plugins = []plugin{conf.plugin}
	}
	for i, p := range plugins {
		at := fmt.Sprintf("spec.config.plugins[%d]", i)
		switch {
		case p.Type != "calico":
			r.notice(NoticeNotHonoured, at+".type", "plugin %q is not run; only calico is", p.Type)
		case p.Dataplane.Network == "":
			r.notice(NoticeNotHonoured, at+".dataplane_options.network_name", "missing: interfaces would be in the default network")
		}
		if p.IPAM.Range != "" || len(p.IPAM.Exclude) > 0 {
			r.notice(NoticeNotHonoured, at+".ipam", "addresses come from the Network's range, all of it")
		}
		if p.MTU != 0 {
			r.notice(NoticeNotHonoured, at+".mtu", "the interface's MTU follows from the uplink's")
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
