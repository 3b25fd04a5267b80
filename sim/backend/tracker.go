package backend

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"
)

// tracker is client-go's object tracker with watches of its own: the
// original's panic when a hundred events wait, which a Deployment of six hundred
// pods makes at one stroke.
type tracker struct {
	clienttesting.ObjectTracker

	mu      sync.Mutex // one change at a time, so that watchers see them in order
	watches []*watcher
}

func newTracker(t clienttesting.ObjectTracker) *tracker { return &tracker{ObjectTracker: t} }

// reaction serves clients from the tracker.
func (t *tracker) reaction(action clienttesting.Action) (bool, watch.Interface, error) {
	namespace := action.GetNamespace()
	w := &watcher{tracker: t, resource: action.GetResource(), namespace: namespace,
		result: make(chan watch.Event), wake: make(chan struct{}, 1), stopped: make(chan struct{})}
	t.mu.Lock()
	t.watches = append(t.watches, w)
	t.mu.Unlock()
	go w.run()
	return true, w, nil
}

// Create implements clienttesting.ObjectTracker.
func (t *tracker) Create(r schema.GroupVersionResource, o runtime.Object, ns string, opts ...metav1.CreateOptions) error {
	return t.change(watch.Added, r, o, ns, func() error { return t.ObjectTracker.Create(r, o, ns, opts...) })
}

// Update implements clienttesting.ObjectTracker.
func (t *tracker) Update(r schema.GroupVersionResource, o runtime.Object, ns string, opts ...metav1.UpdateOptions) error {
	return t.change(watch.Modified, r, o, ns, func() error { return t.ObjectTracker.Update(r, o, ns, opts...) })
}

// Patch implements clienttesting.ObjectTracker.
func (t *tracker) Patch(r schema.GroupVersionResource, o runtime.Object, ns string, opts ...metav1.PatchOptions) error {
	return t.change(watch.Modified, r, o, ns, func() error { return t.ObjectTracker.Patch(r, o, ns, opts...) })
}

// Apply implements clienttesting.ObjectTracker.
func (t *tracker) Apply(r schema.GroupVersionResource, o runtime.Object, ns string, opts ...metav1.PatchOptions) error {
	return t.change(watch.Modified, r, o, ns, func() error { return t.ObjectTracker.Apply(r, o, ns, opts...) })
}

// change carries out one change and tells the watchers what is stored then.
func (t *tracker) change(kind watch.EventType, r schema.GroupVersionResource, o runtime.Object, ns string, do func() error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	m, err := meta.Accessor(o)
	if err != nil {
		return err
	}
	stored, err := t.ObjectTracker.Get(r, ns, m.GetName())
	if err != nil {
		return err
	}
	t.tell(watch.Event{Type: kind, Object: stored}, r, ns)
	return nil
}

// Delete implements clienttesting.ObjectTracker.
func (t *tracker) Delete(r schema.GroupVersionResource, ns, name string, opts ...metav1.DeleteOptions) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, err := t.ObjectTracker.Get(r, ns, name)
	if err != nil {
		return err
	}
	if err := t.ObjectTracker.Delete(r, ns, name, opts...); err != nil {
		return err
	}
	t.tell(watch.Event{Type: watch.Deleted, Object: old}, r, ns)
	return nil
}

// tell hands an event to the watchers it is for; the caller has the lock.
func (t *tracker) tell(e watch.Event, r schema.GroupVersionResource, ns string) {
	for _, w := range t.watches {
		if w.resource == r && (w.namespace == metav1.NamespaceAll || w.namespace == ns) {
			w.put(e)
		}
	}
}

func (t *tracker) forget(w *watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watches = slices.DeleteFunc(t.watches, func(x *watcher) bool { return x == w })
}

// watcher is one watch; events wait without limit until they are read.
type watcher struct {
	tracker   *tracker
	resource  schema.GroupVersionResource
	namespace string
	result    chan watch.Event
	wake      chan struct{} // holds a token while there may be something to send
	stopped   chan struct{}
	stop      sync.Once

	mu    sync.Mutex
	queue []watch.Event
}

func (w *watcher) put(e watch.Event) {
	w.mu.Lock()
	w.queue = append(w.queue, e)
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run sends what waits until Stop.
func (w *watcher) run() {
	defer close(w.result)
	for {
		select {
		case <-w.stopped:
			return
		case <-w.wake:
		}
		w.mu.Lock()
		queue := w.queue
		w.queue = nil
		w.mu.Unlock()
		for _, e := range queue {
			select {
			case <-w.stopped:
				return
			case w.result <- e:
			}
		}
	}
}

// Stop implements watch.Interface.
func (w *watcher) Stop() {
	w.stop.Do(func() {
		w.tracker.forget(w)
		close(w.stopped)
	})
}

// ResultChan implements watch.Interface.
func (w *watcher) ResultChan() <-chan watch.Event { return w.result }
