package scenarios

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/vpptwin/vpptwin/agent/types"
)

// networksAnnotation is where a pod asks for interfaces in further networks (Network Plumbing Working Group, multi-net specification v1.3 section 4.1).
const networksAnnotation = "k8s.v1.cni.cncf.io/networks"

// defaultNetwork is the word for the cluster's default network where a Network's name is expected.
const defaultNetwork = "default"

// knownPod is a pod that the scenario's manifests make at some time.
type knownPod struct {
	namespace, name string
	interfaces      []string
}

// directory knows the names that steps may use: machines of the topology, and pods and Networks of all manifests of the scenario, those
// applied in later steps included.
type directory struct {
	bed      TestBed
	pods     map[string]knownPod // by namespace/name
	networks map[string]int      // VNI by Network name
	physical map[string]bool     // physical networks of the nodes' uplinks
}

func newDirectory(bed TestBed) *directory {
	d := &directory{bed: bed, pods: map[string]knownPod{}, networks: map[string]int{}, physical: map[string]bool{}}
	for _, n := range bed.Nodes {
		for _, u := range n.Uplinks {
			d.physical[u.PhysicalNetwork] = true
		}
	}
	return d
}

func (d *directory) nodeNames() []string {
	var out []string
	for _, n := range d.bed.Nodes {
		out = append(out, n.Name)
	}
	return out
}

// add learns an object's names. The error is about the object's content.
func (d *directory) add(o *unstructured.Unstructured) error {
	switch groupKind(o) {
	case "/Pod":
		return d.addPod(o)
	case "projectcalico.org/Network":
		network, err := types.ParseNetwork(o)
		if err != nil {
			return err
		}
		d.networks[network.Name] = int(network.VNI)
	}
	pods, err := Expand(o, d.nodeNames())
	if err != nil {
		return err
	}
	for _, p := range pods {
		if err := d.addPod(p); err != nil {
			return err
		}
	}
	return nil
}

func (d *directory) addPod(o *unstructured.Unstructured) error {
	more, err := podInterfaces(o)
	if err != nil {
		return err
	}
	p := knownPod{namespace: o.GetNamespace(), name: o.GetName(), interfaces: append([]string{"eth0"}, more...)}
	d.pods[p.namespace+"/"+p.name] = p
	return nil
}

// podInterfaces returns the names of the interfaces that a pod's networks annotation asks for, in order. Without a name of its own the n-th is
// netN, counted from 1 (Multus).
func podInterfaces(o *unstructured.Unstructured) ([]string, error) {
	text := strings.TrimSpace(o.GetAnnotations()[networksAnnotation])
	if text == "" {
		return nil, nil
	}
	var out []string
	if strings.HasPrefix(text, "[") {
		var list []struct {
			Name      string `json:"name"`
			Interface string `json:"interface"`
		}
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return nil, fmt.Errorf("%s: annotation %s: %w", objectName(o), networksAnnotation, err)
		}
		for _, e := range list {
			out = append(out, e.Interface)
		}
	} else {
		for part := range strings.SplitSeq(text, ",") {
			_, iface, _ := strings.Cut(strings.TrimSpace(part), "@")
			out = append(out, iface)
		}
	}
	for i := range out {
		if out[i] == "" {
			out[i] = "net" + strconv.Itoa(i+1)
		}
	}
	return out, nil
}

// endpoint resolves a name as steps write it (ProbeSpec.From).
func (d *directory) endpoint(ref string) (Endpoint, error) {
	kind, rest, hasKind := strings.Cut(ref, " ")
	if hasKind {
		switch EndpointKind(kind) {
		case EndpointPod:
			return d.podEndpoint(rest)
		case EndpointNode, EndpointHost:
			if d.machineKind(rest) == EndpointKind(kind) {
				return Endpoint{Kind: EndpointKind(kind), Name: rest}, nil
			}
		}
		return Endpoint{}, fmt.Errorf("unknown endpoint %q; expected pod, node or host and its name", ref)
	}
	machine := d.machineKind(ref)
	pod, err := d.podEndpoint(ref)
	switch {
	case machine != "" && err == nil:
		return Endpoint{}, fmt.Errorf("%q is a pod and a %s; expected \"pod %s\" or \"%s %s\"", ref, machine, ref, machine, ref)
	case machine != "":
		return Endpoint{Kind: machine, Name: ref}, nil
	case err != nil:
		return Endpoint{}, err
	}
	return pod, nil
}

func (d *directory) machineKind(name string) EndpointKind {
	for _, n := range d.bed.Nodes {
		if n.Name == name {
			return EndpointNode
		}
	}
	for _, h := range d.bed.Hosts {
		if h.Name == name {
			return EndpointHost
		}
	}
	return ""
}

// podEndpoint resolves POD, POD/INTERFACE, NAMESPACE/POD and NAMESPACE/POD/INTERFACE.
func (d *directory) podEndpoint(ref string) (Endpoint, error) {
	parts := strings.Split(ref, "/")
	iface := "eth0"
	var pod knownPod
	var found bool
	switch len(parts) {
	case 1:
		pod, found = d.pods["default/"+parts[0]]
	case 2:
		if pod, found = d.pods["default/"+parts[0]]; found {
			iface = parts[1]
		} else {
			pod, found = d.pods[ref]
		}
	case 3:
		pod, found = d.pods[parts[0]+"/"+parts[1]]
		iface = parts[2]
	}
	if !found {
		return Endpoint{}, fmt.Errorf("unknown endpoint %q; there are the pods %s, the nodes %s and the hosts %s", ref,
			d.podNames(), quoteNames(d.bed.Nodes, func(n Node) string { return n.Name }), quoteNames(d.bed.Hosts, func(h Host) string { return h.Name }))
	}
	if !slices.Contains(pod.interfaces, iface) {
		return Endpoint{}, fmt.Errorf("pod %q has no interface %q; it has %s", pod.name, iface, strings.Join(pod.interfaces, ", "))
	}
	return Endpoint{Kind: EndpointPod, Namespace: pod.namespace, Name: pod.name, Interface: iface}, nil
}

func (d *directory) podNames() string {
	var names []string
	for _, p := range d.pods {
		name := p.name
		if p.namespace != "default" {
			name = p.namespace + "/" + p.name
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return quoteNames(names, func(s string) string { return s })
}

// machine reports whether name is a node or a router, which forward packets.
func (d *directory) forwarder(name string) bool {
	return d.machineKind(name) == EndpointNode || slices.ContainsFunc(d.bed.Routers, func(r Router) bool { return r.Name == name })
}

// target resolves an endpoint or an address.
func (d *directory) target(ref string) (Endpoint, netip.Addr, error) {
	if a, err := netip.ParseAddr(ref); err == nil {
		return Endpoint{}, a, nil
	}
	e, err := d.endpoint(ref)
	if err != nil {
		err = fmt.Errorf("%w; or an address", err)
	}
	return e, netip.Addr{}, err
}

// machineOwning returns the node or host with this address; zero if none has it.
func (d *directory) machineOwning(a netip.Addr) Endpoint {
	for _, n := range d.bed.Nodes {
		if hasAddress(n.Uplinks, a) {
			return Endpoint{Kind: EndpointNode, Name: n.Name}
		}
	}
	for _, h := range d.bed.Hosts {
		if hasAddress(h.Links, a) {
			return Endpoint{Kind: EndpointHost, Name: h.Name}
		}
	}
	return Endpoint{}
}

func hasAddress(links []Attachment, a netip.Addr) bool {
	for _, l := range links {
		if slices.Contains(addrsOf(l.Addresses), a) {
			return true
		}
	}
	return false
}
