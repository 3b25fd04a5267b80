package scenarios

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// pod judges what became of a pod.
func (r *run) pod(ctx context.Context, spec *PodSpec) (o outcome) {
	st, err := r.look(ctx)
	if err != nil {
		o.fail(err.Error())
		return o
	}
	e := spec.endpoint
	i := slices.IndexFunc(st.pods, func(p PodStatus) bool { return p.Namespace == e.Namespace && p.Name == e.Name })
	wantPhase := orText(spec.Phase, "Running")
	if i < 0 {
		if wantPhase != "Absent" {
			o.fail(fmt.Sprintf("pod %s does not exist; expected %s", e.Name, wantPhase))
		}
		return o
	}
	p := st.pods[i]
	o.summary = fmt.Sprintf("%s on %s", p.Phase, orText(p.Node, "no node"))
	if p.Phase != wantPhase {
		o.fail(fmt.Sprintf("pod %s is %s%s; expected %s", p.Name, p.Phase, prefixed(": ", p.Message), wantPhase))
		return o
	}
	spec.judge(&o, p)
	if spec.SameAs != "" {
		spec.judgeSame(&o, st)
	}
	return o
}

// judgeSame compares the interface's addresses with those of another one.
func (spec *PodSpec) judgeSame(o *outcome, st *state) {
	mine, err := st.addresses(spec.endpoint)
	if err != nil {
		o.fail(err.Error())
		return
	}
	theirs, err := st.addresses(spec.same)
	if err != nil {
		o.fail(err.Error())
		return
	}
	mine, theirs = slices.SortedFunc(slices.Values(mine), compareAddr), slices.SortedFunc(slices.Values(theirs), compareAddr)
	if !slices.Equal(mine, theirs) {
		o.fail(fmt.Sprintf("%s has the addresses %v, %s has %v; expected the same", spec.endpoint, mine, spec.same, theirs))
	}
}

// judge compares a pod with the spec.
func (spec *PodSpec) judge(o *outcome, p PodStatus) {
	if spec.Node != "" && p.Node != spec.Node {
		o.fail(fmt.Sprintf("pod %s is on %s; expected %s", p.Name, p.Node, spec.Node))
	}
	if !strings.Contains(p.Message, spec.Message) {
		o.fail(fmt.Sprintf("pod %s says %q; expected %q in it", p.Name, p.Message, spec.Message))
	}
	var names []string
	for _, i := range p.Interfaces {
		names = append(names, i.Name)
	}
	if want := slices.Sorted(slices.Values(spec.Interfaces)); len(want) > 0 && !slices.Equal(slices.Sorted(slices.Values(names)), want) {
		o.fail(fmt.Sprintf("pod %s has the interfaces %s; expected %s", p.Name, strings.Join(names, ", "), strings.Join(want, ", ")))
	}
	if spec.Network == nil && len(spec.Addresses)+len(spec.Within) == 0 {
		return
	}
	i := slices.IndexFunc(p.Interfaces, func(i PodInterface) bool { return i.Name == spec.endpoint.Interface })
	if i < 0 {
		o.fail(fmt.Sprintf("%s does not exist; the pod has %s", spec.endpoint, strings.Join(names, ", ")))
		return
	}
	spec.judgeInterface(o, p.Interfaces[i])
}

func (spec *PodSpec) judgeInterface(o *outcome, i PodInterface) {
	if got := orText(i.Network, defaultNetwork); spec.Network != nil && got != *spec.Network {
		o.fail(fmt.Sprintf("%s is in network %s; expected %s", spec.endpoint, got, *spec.Network))
	}
	got := slices.SortedFunc(slices.Values(i.Addresses), compareAddr)
	if want := slices.SortedFunc(slices.Values(spec.Addresses), compareAddr); len(want) > 0 && !slices.Equal(got, want) {
		o.fail(fmt.Sprintf("%s has the addresses %v; expected %v", spec.endpoint, got, want))
	}
	if len(spec.Within) > 0 && len(got) == 0 {
		o.fail(fmt.Sprintf("%s has no address; expected one within %v", spec.endpoint, spec.Within))
	}
	for _, a := range got {
		if len(spec.Within) > 0 && !slices.ContainsFunc(spec.Within, containing(a)) {
			o.fail(fmt.Sprintf("%s has the address %s; expected one within %v", spec.endpoint, a, spec.Within))
		}
	}
}
