package scenarios

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// change makes a change and, unless told otherwise, waits until the cluster has settled after it. settle is the step's own wish, nil for the default.
func (r *run) change(ctx context.Context, c *Change, settle *bool) (o outcome) {
	if err := r.alter(ctx, c); err != nil {
		o.fail(err.Error())
		return o
	}
	if wants := c.settles(); settle != nil && *settle || settle == nil && wants {
		if err := r.bed.Settle(ctx); err != nil {
			o.fail("not settled: " + err.Error())
		}
	}
	return o
}

// settles reports whether the change is followed by waiting until settled if the step does not say.
func (c *Change) settles() bool {
	return len(c.Apply) > 0 || c.Delete != nil || c.Scale != nil || c.Start != nil || c.Restart != nil
}

// alter makes a change.
func (r *run) alter(ctx context.Context, c *Change) error {
	switch {
	case len(c.Apply) > 0:
		return r.apply(ctx, c.objects)
	case c.Delete != nil:
		return r.delete(ctx, c.Delete)
	case c.Scale != nil:
		return r.scale(ctx, c.Scale)
	}
	for _, f := range c.faults(r.nodes) {
		if err := r.bed.Inject(ctx, f); err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
	}
	return nil
}

// String names the fault and what it hits.
func (f Fault) String() string {
	s := string(f.Kind)
	if f.Node != "" {
		s += " on " + f.Node
	}
	if f.Owner != "" {
		s += " of " + f.Owner
	}
	if f.Segment != "" {
		s += " to " + f.Segment
	}
	return s
}

// faults returns what a change does to links and processes. nodes expands a node's name or allNodes.
func (c *Change) faults(nodes func(string) []string) []Fault {
	switch {
	case c.Cut != nil:
		return []Fault{{Kind: FaultCut, Owner: c.Cut.Of, Segment: c.Cut.Segment}}
	case c.Restore != nil:
		return []Fault{{Kind: FaultRestore, Owner: c.Restore.Of, Segment: c.Restore.Segment}}
	case c.Quality != nil:
		return []Fault{{Kind: FaultQuality, Owner: c.Quality.Of, Segment: c.Quality.Segment, Quality: c.Quality.quality()}}
	case c.Crash != nil:
		return c.Crash.faults(FaultVPPCrash, FaultAgentCrash, nodes)
	case c.Start != nil:
		return c.Start.faults(FaultVPPStart, FaultAgentStart, nodes)
	case c.Restart != nil:
		return c.Restart.faults(FaultVPPRestart, FaultAgentRestart, nodes)
	}
	return nil
}

func (p *ProcessRef) faults(vpp, agent FaultKind, nodes func(string) []string) []Fault {
	kind, name := vpp, p.VPP
	if p.Agent != "" {
		kind, name = agent, p.Agent
	}
	var out []Fault
	for _, n := range nodes(name) {
		out = append(out, Fault{Kind: kind, Node: n})
	}
	return out
}

// apply applies manifests and remembers the objects.
func (r *run) apply(ctx context.Context, manifests []Manifest) error {
	var objects []*unstructured.Unstructured
	for _, m := range manifests {
		objects = append(objects, m.Object.DeepCopy()) // the scenario may run again
	}
	return r.applyObjects(ctx, objects)
}

func (r *run) applyObjects(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		r.applied[objectKey(o.GetKind(), o.GetNamespace(), o.GetName())] = o.DeepCopy()
	}
	if len(objects) == 0 {
		return nil
	}
	if err := r.bed.Apply(ctx, objects); err != nil {
		return fmt.Errorf("applying manifests: %w", err)
	}
	return nil
}

func (r *run) delete(ctx context.Context, d *DeleteSpec) error {
	var objects []*unstructured.Unstructured
	for _, m := range d.objects {
		objects = append(objects, m.Object.DeepCopy())
	}
	if d.Kind != "" {
		key := objectKey(d.Kind, d.Namespace, d.Name)
		o := r.applied[key]
		if o == nil {
			return fmt.Errorf("deleting %s: it is not there", key)
		}
		objects = append(objects, o)
	}
	for _, o := range objects {
		delete(r.applied, objectKey(o.GetKind(), o.GetNamespace(), o.GetName()))
	}
	if err := r.bed.Delete(ctx, objects); err != nil {
		return fmt.Errorf("deleting: %w", err)
	}
	return nil
}

func (r *run) scale(ctx context.Context, s *ScaleSpec) error {
	key := objectKey(s.Kind, s.Namespace, s.Name)
	o := r.applied[key]
	if o == nil {
		return fmt.Errorf("scaling %s: it is not there", key)
	}
	o = o.DeepCopy()
	if err := setReplicas(o, s.Replicas); err != nil {
		return err
	}
	return r.applyObjects(ctx, []*unstructured.Unstructured{o})
}

// meanwhile starts a change after a delay and returns a function that waits for it and returns what went wrong.
func (r *run) meanwhile(ctx context.Context, delay time.Duration, c *Change) func() error {
	if c == nil {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() {
		sleep(ctx, delay)
		done <- r.alter(ctx, c)
	}()
	return func() error {
		if err := <-done; err != nil {
			return fmt.Errorf("change during the probe: %w", err)
		}
		if !c.settles() {
			return nil
		}
		if err := r.bed.Settle(ctx); err != nil {
			return fmt.Errorf("not settled after the change during the probe: %w", err)
		}
		return nil
	}
}
