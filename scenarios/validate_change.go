package scenarios

import "slices"

var (
	checkActions  = []string{"ping", "udp", "tcp", "traceroute", "matrix", "pod", "dump", "cli", "api"}
	changeActions = []string{"apply", "delete", "scale", "cut", "restore", "quality", "crash", "start", "restart"}
)

// present returns those of names whose flag is set.
func present(names []string, flags ...bool) []string {
	var out []string
	for i, f := range flags {
		if f {
			out = append(out, names[i])
		}
	}
	return out
}

// actions returns the names of the actions that are set.
func (c *Check) actions() []string {
	return present(checkActions, c.Ping != nil, c.UDP != nil, c.TCP != nil, c.Traceroute != nil, c.Matrix != nil, c.Pod != nil,
		c.Dump != nil, c.CLI != nil, c.API != nil)
}

// kindProbe is a probe with the word it stands under.
type kindProbe struct {
	kind ProbeKind
	spec *ProbeSpec
}

// probes returns the probes that are set.
func (c *Check) probes() []kindProbe {
	var out []kindProbe
	for _, p := range []kindProbe{{ProbePing, c.Ping}, {ProbeUDP, c.UDP}, {ProbeTCP, c.TCP}, {ProbeTraceroute, c.Traceroute}} {
		if p.spec != nil {
			out = append(out, p)
		}
	}
	return out
}

// actions returns the names of the actions that are set.
func (c *Change) actions() []string {
	return present(changeActions, len(c.Apply) > 0, c.Delete != nil, c.Scale != nil, c.Cut != nil, c.Restore != nil, c.Quality != nil,
		c.Crash != nil, c.Start != nil, c.Restart != nil)
}

// change validates the one action of c; its manifests have been read.
func (v *validator) change(path string, c *Change) {
	if c.Delete != nil {
		v.delete(path+".delete", c.Delete)
	}
	if c.Scale != nil {
		v.scale(path+".scale", c.Scale)
	}
	if c.Cut != nil {
		v.link(path+".cut", *c.Cut)
	}
	if c.Restore != nil {
		v.link(path+".restore", *c.Restore)
	}
	if c.Quality != nil {
		v.link(path+".quality", c.Quality.LinkRef)
	}
	for name, p := range map[string]*ProcessRef{"crash": c.Crash, "start": c.Start, "restart": c.Restart} {
		if p != nil {
			v.process(path+"."+name, *p)
		}
	}
}

func (v *validator) delete(path string, d *DeleteSpec) {
	if d.Kind == "" && d.Name == "" {
		d.objects = v.reader.source(path, d.ManifestSource)
		return
	}
	if d.File != "" || d.Inline != "" {
		v.field(path, "has a manifest and a name; expected kind and name, or file, or inline")
		return
	}
	if !v.known[objectKey(d.Kind, d.Namespace, d.Name)] {
		v.field(path, "no manifest has a %s %q", d.Kind, d.Name)
	}
}

func (v *validator) scale(path string, s *ScaleSpec) {
	if s.Kind == "" {
		s.Kind = "Deployment"
	}
	kinds := []string{"Deployment", "ReplicaSet", "StatefulSet"}
	if !slices.Contains(kinds, s.Kind) {
		v.field(path+".kind", "is %q; expected Deployment, ReplicaSet or StatefulSet", s.Kind)
		return
	}
	if !v.known[objectKey(s.Kind, s.Namespace, s.Name)] {
		v.field(path, "no manifest has a %s %q", s.Kind, s.Name)
		return
	}
	v.learnScaled(path, s)
}

func (v *validator) link(path string, l LinkRef) {
	if l.Of == "" && l.Segment == "" {
		v.field(path, "names no link; expected of, segment or both")
	}
	v.segment(path+".segment", l.Segment)
	links := v.s.bed.links(l.Of)
	if l.Of != "" && links == nil {
		v.field(path+".of", "unknown node, router or host %q", l.Of)
		return
	}
	if l.Of != "" && l.Segment != "" && !slices.ContainsFunc(links, func(a Attachment) bool { return a.Segment == l.Segment }) {
		v.field(path, "%q is not on segment %q", l.Of, l.Segment)
	}
}

func (v *validator) process(path string, p ProcessRef) {
	have := present([]string{"vpp", "agent"}, p.VPP != "", p.Agent != "")
	if !v.one(path, have, "process", []string{"vpp", "agent"}) {
		return
	}
	if p.VPP != allNodes {
		v.node(path+".vpp", p.VPP)
	}
	if p.Agent != allNodes {
		v.node(path+".agent", p.Agent)
	}
}

// allNodes stands for every node where a process's node is expected.
const allNodes = "all"

// learnScaled adds the pods that a scaled workload will have.
func (v *validator) learnScaled(path string, s *ScaleSpec) {
	for _, m := range v.allObjects() {
		if m.Object.GetKind() != s.Kind || m.Object.GetName() != s.Name || m.Object.GetNamespace() != orText(s.Namespace, "default") {
			continue
		}
		o := m.Object.DeepCopy()
		if err := setReplicas(o, s.Replicas); err != nil {
			v.field(path, "%v", err)
			return
		}
		if err := v.dir.add(o); err != nil {
			v.field(path, "%v", err)
		}
	}
}

// allObjects returns the objects of every manifest of the scenario.
func (v *validator) allObjects() []Manifest {
	all := slices.Clone(v.s.objects)
	for i := range v.s.Steps {
		v.eachChange("", &v.s.Steps[i], func(_ string, c *Change) { all = append(all, c.objects...) })
	}
	return all
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
