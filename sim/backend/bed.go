package backend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/containernetworking/cni/libcni"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/vpptwin/vpptwin/agent"
	"github.com/vpptwin/vpptwin/scenarios"
	"github.com/vpptwin/vpptwin/sim/world"
)

// settleLimit is how long, in virtual time, Settle waits before it says what
// does not settle. It is longer than a pod's last try to start.
const settleLimit = 5 * time.Minute

// bed is one cluster.
type bed struct {
	scenarios.BaseBed
	spec    scenarios.TestBed
	world   *world.World
	api     *apiServer
	cluster *agent.Cluster
	mutate  Mutation
	log     *logBook
	rec     *recorder
	tmp     string // CNI cache

	ctx    context.Context
	cancel context.CancelFunc
	wait   sync.WaitGroup

	nodes       map[string]*node
	nodeNames   []string
	hosts       map[string]*world.Host    // outside hosts and routers
	links       map[linkKey][]*world.Link // attachments of nodes, hosts and routers
	segments    map[string]*world.Segment
	cards       map[string]string // segments by card, "OWNER/INTERFACE"
	scheduler   scenarios.Scheduler
	pods        map[string]*pod
	terminating []*pod              // deleted, but their network is still there
	nextPod     time.Time           // when the last pod started
	workloads   map[string][]string // keys of the pods that a workload made

	configMu sync.Mutex
	configs  map[string]*libcni.NetworkConfigList // CNI configurations by their text
}

// linkKey names the links of an owner to a segment.
type linkKey struct{ owner, segment string }

// open builds the world, the cluster and its nodes.
func open(ctx context.Context, spec scenarios.TestBed, mutate Mutation) (scenarios.Bed, error) {
	b := &bed{spec: spec, world: world.New(spec.Seed), api: newAPIServer(), mutate: mutate, log: newLogBook(),
		nodes: map[string]*node{}, hosts: map[string]*world.Host{}, links: map[linkKey][]*world.Link{},
		segments: map[string]*world.Segment{}, cards: map[string]string{}, pods: map[string]*pod{}, workloads: map[string][]string{}, configs: map[string]*libcni.NetworkConfigList{}}
	b.BackendName = "sim"
	b.tmp = filepath.Join(cacheRoot(), fmt.Sprintf("vpptwin-cni-%d-%p", os.Getpid(), b))
	b.rec = newRecorder(b)
	b.world.AddObserver(b.rec)
	b.ctx, b.cancel = context.WithCancel(ctx)
	if err := b.build(); err != nil {
		return nil, errors.Join(fmt.Errorf("build test bed %s: %w", spec.Name, err), b.Close(ctx))
	}
	return b, nil
}

func (b *bed) build() error {
	for _, s := range b.spec.Segments {
		seg, err := b.world.NewSegment(s.Name, s.MTU)
		if err != nil {
			return err
		}
		b.segments[s.Name] = seg
	}
	for _, r := range b.spec.Routers {
		if err := b.newMachine(r.Name, r.Links, r.Routes, true); err != nil {
			return err
		}
	}
	for _, h := range b.spec.Hosts {
		if err := b.newMachine(h.Name, h.Links, h.Routes, false); err != nil {
			return err
		}
	}
	for _, spec := range b.spec.Nodes {
		n, err := b.newNode(spec)
		if err != nil {
			return fmt.Errorf("node %s: %w", spec.Name, err)
		}
		b.nodes[spec.Name] = n
		b.nodeNames = append(b.nodeNames, spec.Name)
	}
	b.scheduler.Nodes = b.nodeNames
	b.cluster = agent.NewCluster(agent.ClusterConfig{Kube: b.api.kube, Dynamic: b.api.dynamic})
	// The nodes are there before the watches: the trackers lose what happens
	// between a list and the watch that follows it.
	b.wait.Go(func() {
		if err := b.cluster.Run(b.ctx); err != nil {
			b.log.fail(fmt.Errorf("cluster watch: %w", err))
		}
	})
	for _, name := range b.nodeNames {
		if err := b.nodes[name].startAgent(b.ctx); err != nil {
			return fmt.Errorf("node %s: %w", name, err)
		}
	}
	return b.Settle(b.ctx)
}

// newMachine makes an outside host or a router.
func (b *bed) newMachine(name string, links []scenarios.Attachment, routes []scenarios.Route, forwarding bool) error {
	h, err := b.world.NewHost(world.HostConfig{Name: name, Forwarding: forwarding})
	if err != nil {
		return err
	}
	b.hosts[name] = h
	for _, a := range links {
		i, err := h.AddInterface(world.InterfaceConfig{Name: a.Interface, MTU: a.MTU})
		if err != nil {
			return err
		}
		for _, p := range a.Addresses {
			if err := i.AddAddress(p); err != nil {
				return err
			}
		}
		if err := b.attach(name, i.NIC(), a); err != nil {
			return err
		}
	}
	for _, r := range routes {
		if err := h.AddRoute(world.Route{Dst: r.To, Via: r.Via}); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// attach joins a card to its segment.
func (b *bed) attach(owner string, nic *world.NIC, a scenarios.Attachment) error {
	link, err := b.segments[a.Segment].Attach(nic, world.LinkConfig{
		Name: owner + "/" + a.Interface + "--" + a.Segment, Impairment: impairment(a.Quality)})
	if err != nil {
		return err
	}
	b.cards[nic.String()] = a.Segment
	key := linkKey{owner, a.Segment}
	b.links[key] = append(b.links[key], link)
	return nil
}

// impairment is a quality in the world's words.
func impairment(q scenarios.Quality) world.Impairment {
	return world.Impairment{Delay: q.Delay, Jitter: q.Jitter, Loss: q.Loss, Duplicate: q.Duplicate}
}

// cacheRoot is where caches are: in memory where the system has a directory for
// that.
func cacheRoot() string {
	const memory = "/dev/shm"
	if dir, err := os.MkdirTemp(memory, "vpptwin-"); err == nil && os.Remove(dir) == nil {
		return memory
	}
	return os.TempDir()
}

// cniCache is the directory in which the CNI library keeps a node's results.
func (b *bed) cniCache(node string) string {
	return filepath.Join(b.tmp, node)
}

// Apply creates or updates objects. Pods start and stop in the background.
func (b *bed) Apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		if err := b.applyOne(ctx, o); err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

func (b *bed) applyOne(ctx context.Context, o *unstructured.Unstructured) error {
	switch {
	case o.GetKind() == "Pod" && o.GetAPIVersion() == "v1":
		return b.applyPod(ctx, o)
	case o.GetKind() == "Node" && o.GetAPIVersion() == "v1":
		return errors.New("nodes come from the scenario's topology")
	}
	if err := b.api.put(o); err != nil {
		return err
	}
	if !scenarios.IsWorkload(o) {
		return nil
	}
	return b.applyWorkload(ctx, o)
}

// applyWorkload makes the pods of a Deployment and its like, and stops those
// that are too many.
func (b *bed) applyWorkload(ctx context.Context, o *unstructured.Unstructured) error {
	pods, err := scenarios.Expand(o, b.nodeNames)
	if err != nil {
		return err
	}
	key := workloadKey(o)
	var want []string
	for _, p := range pods {
		want = append(want, podKey(p))
		if err := b.applyPod(ctx, p); err != nil {
			return err
		}
	}
	for _, old := range b.workloads[key] {
		if p := b.pods[old]; p != nil && !slices.Contains(want, old) {
			if err := b.stopPod(ctx, p); err != nil {
				return err
			}
		}
	}
	b.workloads[key] = want
	return nil
}

func workloadKey(o *unstructured.Unstructured) string {
	return o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName()
}

func podKey(o *unstructured.Unstructured) string { return namespaceOf(o) + "/" + o.GetName() }

func namespaceOf(o *unstructured.Unstructured) string {
	if ns := o.GetNamespace(); ns != "" {
		return ns
	}
	return corev1.NamespaceDefault
}

// applyPod starts a new pod. One that runs takes on new labels and
// annotations; its network stays, as in Kubernetes.
func (b *bed) applyPod(_ context.Context, o *unstructured.Unstructured) error {
	var typed corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &typed); err != nil {
		return fmt.Errorf("not a valid pod: %w", err)
	}
	typed.Namespace = namespaceOf(o)
	if p := b.pods[podKey(o)]; p != nil {
		return b.relabel(p, &typed)
	}
	if slices.ContainsFunc(b.leaving(), func(p *pod) bool { return p.key() == podKey(o) }) {
		return errors.New("a pod of this name is still being deleted")
	}
	o = o.DeepCopy()
	_ = b.scheduler.Assign(o) // a pod that fits no node stays pending, its status says so
	nodeName, _, _ := unstructured.NestedString(o.Object, "spec", "nodeName")
	typed.Spec.NodeName = nodeName
	typed.Status.Phase = corev1.PodPending
	if err := b.api.createPod(&typed); err != nil {
		return err
	}
	return b.startPod(&typed)
}

func (b *bed) relabel(p *pod, o *corev1.Pod) error {
	current, err := b.api.pod(p.namespace, p.name)
	if err != nil {
		return err
	}
	current = current.DeepCopy()
	current.Labels = o.Labels
	for k, v := range o.Annotations {
		if current.Annotations == nil {
			current.Annotations = map[string]string{}
		}
		current.Annotations[k] = v
	}
	return b.api.updatePod(current)
}

// Delete removes objects and what they own.
func (b *bed) Delete(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		if err := b.deleteOne(ctx, o); err != nil {
			return fmt.Errorf("delete %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

func (b *bed) deleteOne(ctx context.Context, o *unstructured.Unstructured) error {
	if o.GetKind() == "Pod" && o.GetAPIVersion() == "v1" {
		p := b.pods[podKey(o)]
		if p == nil {
			return errors.New("no such pod")
		}
		return b.stopPod(ctx, p)
	}
	if err := b.api.remove(o); err != nil {
		return err
	}
	key := workloadKey(o)
	for _, name := range b.workloads[key] {
		if p := b.pods[name]; p != nil {
			if err := b.stopPod(ctx, p); err != nil {
				return err
			}
		}
	}
	delete(b.workloads, key)
	return nil
}

// Settle waits in virtual time until pods and agents have nothing left to do.
func (b *bed) Settle(ctx context.Context) error {
	deadline := time.Now().Add(settleLimit)
	for pause := time.Millisecond; ; pause = min(2*pause, time.Second) {
		synctest.Wait()
		unsettled := b.unsettled()
		if unsettled == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not settled after %v: %w", settleLimit, unsettled)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		time.Sleep(pause)
	}
}

// unsettled names what is still at work, nil when nothing is.
func (b *bed) unsettled() error {
	for _, key := range slices.Sorted(maps.Keys(b.pods)) {
		p := b.pods[key]
		p.mu.Lock()
		busy, message := p.busy, p.status.Message
		p.mu.Unlock()
		if busy {
			return fmt.Errorf("pod %s on %s: %s", key, p.node.name, cmp.Or(message, "starting"))
		}
	}
	for _, p := range b.leaving() {
		p.mu.Lock()
		message := p.status.Message
		p.mu.Unlock()
		return fmt.Errorf("pod %s on %s is being deleted: %s", p.key(), p.node.name, message)
	}
	for _, name := range b.nodeNames {
		n := b.nodes[name]
		ag := n.runningAgent()
		if ag == nil || n.vpp.DataPlane() == nil {
			continue // down on purpose
		}
		if n.met.Load() != n.life.Load() {
			return fmt.Errorf("agent of %s: has not met its restarted VPP", name)
		}
		if settled, err := ag.Settled(); !settled {
			return fmt.Errorf("agent of %s: %w", name, orError(err, "programming"))
		}
	}
	return nil
}

// leaving returns the pods that were deleted and are still there, and forgets
// those that have gone.
func (b *bed) leaving() []*pod {
	b.terminating = slices.DeleteFunc(b.terminating, func(p *pod) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return !p.busy
	})
	return b.terminating
}

func orError(err error, text string) error {
	if err == nil {
		return errors.New(text)
	}
	return err
}

// Pods lists the pods by namespace and name.
func (b *bed) Pods(context.Context) ([]scenarios.PodStatus, error) {
	var out []scenarios.PodStatus
	for _, p := range slices.Concat(slices.Collect(maps.Values(b.pods)), b.leaving()) {
		p.mu.Lock()
		s := p.status
		s.Interfaces = slices.Clone(s.Interfaces)
		p.mu.Unlock()
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y scenarios.PodStatus) int {
		return cmp.Or(strings.Compare(x.Namespace, y.Namespace), strings.Compare(x.Name, y.Name))
	})
	return out, nil
}

// Close ends everything and reports disorder.
func (b *bed) Close(context.Context) error {
	var errs []error
	b.cancel()
	for _, p := range b.pods {
		<-p.done
	}
	for _, name := range b.nodeNames {
		errs = append(errs, b.nodes[name].close())
	}
	errs = append(errs, b.world.Close())
	b.wait.Wait()
	errs = append(errs, os.RemoveAll(b.tmp))
	return errors.Join(append(errs, b.log.err())...)
}
