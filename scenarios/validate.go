package scenarios

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// validator checks what the decoder cannot: that names in steps name something, and that what is expected makes sense together.
type validator struct {
	*collector
	s      *Scenario
	reader *manifestReader
	dir    *directory
	saved  map[string]bool // names saved by earlier steps
	known  map[string]bool // objects applied so far or later, as objectKey
}

func newValidator(c *collector, s *Scenario, r *manifestReader) *validator {
	return &validator{collector: c, s: s, reader: r, dir: newDirectory(s.bed), saved: map[string]bool{}, known: map[string]bool{}}
}

func (v *validator) validate() {
	v.learn("manifests", v.s.objects)
	for i := range v.s.Steps {
		v.eachChange(fmt.Sprintf("steps[%d]", i), &v.s.Steps[i], func(path string, c *Change) {
			c.objects = v.reader.read(path+".apply", c.Apply)
			v.learn(path+".apply", c.objects)
		})
	}
	if v.s.Steps != nil && len(v.s.Steps) == 0 {
		v.field("steps", "is empty; expected at least one step")
	}
	names := map[string]bool{}
	for i := range v.s.Steps {
		path := fmt.Sprintf("steps[%d]", i)
		if name := v.s.Steps[i].Name; names[name] {
			v.field(path+".name", "another step is named %q too", name)
		} else {
			names[name] = true
		}
		v.step(path, &v.s.Steps[i])
	}
	v.s.dir = v.dir
}

// eachChange calls f for a step's own change and for those within its probes.
func (v *validator) eachChange(path string, st *Step, f func(path string, c *Change)) {
	f(path, &st.Change)
	for _, p := range st.Check.probes() {
		if p.spec.While != nil {
			f(path+"."+string(p.kind)+".while", p.spec.While)
		}
	}
}

// learn adds objects' names to the directory and reviews what of them has effect.
func (v *validator) learn(path string, objects []Manifest) {
	for _, m := range objects {
		v.known[objectKey(m.Object.GetKind(), m.Object.GetNamespace(), m.Object.GetName())] = true
		if err := v.dir.add(m.Object); err != nil {
			v.manifestErr(path, m, err)
			continue
		}
		notices, err := review(m, v.dir)
		if err != nil {
			v.manifestErr(path, m, err)
		}
		v.s.notices = append(v.s.notices, notices...)
	}
}

func (v *validator) manifestErr(path string, m Manifest, err error) {
	v.problems = append(v.problems, Problem{File: m.File, Line: m.Line, Column: 1, Field: path, Message: err.Error()})
}

func objectKey(kind, namespace, name string) string {
	if namespace == "" {
		namespace = "default"
	}
	return kind + " " + namespace + "/" + name
}

// step checks one step.
func (v *validator) step(path string, st *Step) {
	actions := append(st.Check.actions(), st.Change.actions()...)
	if st.Wait != nil {
		actions = append(actions, "wait")
	}
	if !v.one(path, actions, "action", slices.Concat(checkActions, changeActions, []string{"wait"})) {
		return
	}
	v.check(path, &st.Check)
	v.change(path, &st.Change)
	if st.Wait != nil {
		v.wait(path+".wait", st.Wait)
	}
}

// one reports whether exactly one of several things is there.
func (v *validator) one(path string, have []string, what string, of []string) bool {
	switch len(have) {
	case 1:
		return true
	case 0:
		v.field(path, "has no %s; expected one of %s", what, strings.Join(of, ", "))
	default:
		v.field(path, "has the %ss %s; expected one", what, strings.Join(have, " and "))
	}
	return false
}

func (v *validator) wait(path string, w *WaitSpec) {
	var have []string
	if w.For > 0 {
		have = append(have, "for")
	}
	if w.Settled {
		have = append(have, "settled")
	}
	if w.Until != nil {
		have = append(have, "until")
	}
	if !v.one(path, have, "condition", []string{"for", "settled", "until"}) {
		return
	}
	if w.Until == nil {
		if w.Within > 0 || w.Every > 0 {
			v.field(path, "within and every go with until only")
		}
		return
	}
	if v.one(path+".until", w.Until.actions(), "condition", checkActions) {
		v.check(path+".until", w.Until)
	}
}

// check validates the one action of c.
func (v *validator) check(path string, c *Check) {
	for _, p := range c.probes() {
		v.probe(path+"."+string(p.kind), p.kind, p.spec)
	}
	if c.Matrix != nil {
		v.matrix(path+".matrix", c.Matrix)
	}
	if c.Pod != nil {
		v.pod(path+".pod", c.Pod)
	}
	if c.Dump != nil {
		v.node(path+".dump.node", c.Dump.Node)
		v.text(path+".dump", &c.Dump.TextSpec)
	}
	if c.CLI != nil {
		v.node(path+".cli.node", c.CLI.Node)
		v.text(path+".cli", &c.CLI.TextSpec)
	}
	if c.API != nil {
		v.api(path+".api", c.API)
	}
}

func (v *validator) matrix(path string, m *MatrixSpec) {
	for i, ref := range m.Among {
		v.endpoint(fmt.Sprintf("%s.among[%d]", path, i), ref)
	}
	if len(m.Among) == 1 {
		v.field(path+".among", "has one endpoint; expected at least two")
	}
	for i, n := range m.Network {
		v.network(fmt.Sprintf("%s.networks[%d]", path, i), n)
	}
}

func (v *validator) pod(path string, p *PodSpec) {
	e, err := v.dir.podEndpoint(p.Name)
	if err != nil {
		v.field(path+".name", "%v", err)
	}
	p.endpoint = e
	if phases := []string{"", "Running", "Pending", "Failed", "Succeeded", "Absent"}; !slices.Contains(phases, p.Phase) {
		v.field(path+".phase", "is %q; expected Running, Pending, Failed, Succeeded or Absent", p.Phase)
	}
	if p.SameAs != "" {
		if p.same, err = v.dir.podEndpoint(p.SameAs); err != nil {
			v.field(path+".sameAs", "%v", err)
		} else if p.same == p.endpoint {
			v.field(path+".sameAs", "is the interface itself")
		}
	}
	v.node(path+".node", p.Node)
	if p.Network != nil {
		v.network(path+".network", *p.Network)
	}
}

func (v *validator) text(path string, t *TextSpec) {
	if len(t.Contains)+len(t.Excludes)+len(t.Matches) == 0 && t.Equals == nil && t.Count == nil && t.Save == "" && t.Same == "" && t.Differs == "" {
		v.field(path, "expects nothing; expected one or more of contains, excludes, matches, equals, count, save, same, differs")
	}
	for i, m := range t.Matches {
		re, err := regexp.Compile("(?m)" + m)
		if err != nil {
			v.field(fmt.Sprintf("%s.matches[%d]", path, i), "is not a regular expression: %v", err)
		}
		t.compiled = append(t.compiled, re)
	}
	for _, list := range [][]string{t.Contains, t.Excludes} {
		if slices.ContainsFunc(list, func(s string) bool { return strings.TrimSpace(s) == "" }) {
			v.field(path, "has an empty text in contains or excludes, which every text contains")
		}
	}
	v.savedBefore(path+".same", t.Same)
	v.savedBefore(path+".differs", t.Differs)
	v.saves(t.Save)
}

func (v *validator) api(path string, a *APISpec) {
	v.node(path+".node", a.Node)
	if a.Count == nil && a.Errors == nil && a.Save == "" {
		v.field(path, "expects nothing; expected count, errors or save")
	}
	v.savedBefore(path+".since", a.Since)
	v.saves(a.Save)
}

func (v *validator) saves(name string) {
	if name != "" {
		v.saved[name] = true
	}
}

func (v *validator) savedBefore(path, name string) {
	if name != "" && !v.saved[name] {
		v.field(path, "nothing was saved as %q by an earlier step", name)
	}
}

// endpoint checks a reference and returns what it means.
func (v *validator) endpoint(path, ref string) Endpoint {
	e, err := v.dir.endpoint(ref)
	if err != nil {
		v.field(path, "%v", err)
	}
	return e
}

func (v *validator) node(path, name string) {
	if name != "" && v.dir.machineKind(name) != EndpointNode {
		v.field(path, "unknown node %q; expected one of %s", name, quoteNames(v.s.bed.Nodes, func(n Node) string { return n.Name }))
	}
}

func (v *validator) network(path, name string) {
	if _, ok := v.dir.networks[name]; !ok && name != defaultNetwork {
		v.field(path, "unknown network %q; no manifest has a Network of this name", name)
	}
}

func (v *validator) segment(path, name string) {
	if name != "" && !slices.ContainsFunc(v.s.bed.Segments, func(s Segment) bool { return s.Name == name }) {
		v.field(path, "unknown segment %q; expected one of %s", name, quoteNames(v.s.bed.Segments, func(s Segment) string { return s.Name }))
	}
}

// addressee checks an address or the name of something that has addresses.
func (v *validator) addressee(path, ref string) {
	if ref == "" {
		return
	}
	if _, err := netip.ParseAddr(ref); err == nil || v.s.bed.links(ref) != nil {
		return
	}
	v.endpoint(path, ref)
}
