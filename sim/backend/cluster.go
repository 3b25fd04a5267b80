package backend

import (
	"fmt"
	"strconv"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes"
	kubefake "k8s.io/client-go/kubernetes/fake"
	kubescheme "k8s.io/client-go/kubernetes/scheme"
	clienttesting "k8s.io/client-go/testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/vpptwin/vpptwin/agent"
)

// apiServer is the cluster's API server: client-go's object trackers behind
// fake clients. Typed kinds (Node, Pod, Event) live in one tracker, everything
// else in the other, as unstructured objects.
type apiServer struct {
	kube    kubernetes.Interface
	dynamic dynamic.Interface
	typed   clienttesting.ObjectTracker
	loose   clienttesting.ObjectTracker

	mu      sync.Mutex
	version uint64 // resourceVersion and UID counter
}

func newAPIServer() *apiServer {
	s := &apiServer{}
	typed := newTracker(clienttesting.NewObjectTracker(kubescheme.Scheme, kubescheme.Codecs.UniversalDecoder()))
	// kubefake.NewClientset tracks managed fields at a cost of a millisecond per
	// object; the reactors below are all that the agent needs of it.
	client := &kubefake.Clientset{}
	client.AddReactor("*", "*", clienttesting.ObjectReaction(typed))
	client.AddWatchReactor("*", typed.reaction)
	s.kube, s.typed = client, typed
	dyn := dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), agent.ListKinds())
	loose := newTracker(dyn.Tracker())
	dyn.PrependReactor("*", "*", clienttesting.ObjectReaction(loose))
	dyn.PrependWatchReactor("*", loose.reaction)
	s.dynamic, s.loose = dyn, loose
	return s
}

// resourceOf guesses the resource of a kind as Kubernetes' discovery would
// answer it; the trackers use the same rule.
func resourceOf(o *unstructured.Unstructured) schema.GroupVersionResource {
	if o.GetKind() == "NetworkAttachmentDefinition" {
		return agent.AttachmentResource // its plural has hyphens
	}
	gvr, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	return gvr
}

// stamp gives a new object what the API server gives it.
func (s *apiServer) stamp(o metav1.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	o.SetResourceVersion(strconv.FormatUint(s.version, 10))
	if o.GetUID() == "" {
		o.SetUID(types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", s.version)))
	}
	if o.GetGeneration() == 0 {
		o.SetGeneration(1)
	}
}

// put creates or replaces an object of a kind that is not typed.
func (s *apiServer) put(o *unstructured.Unstructured) error {
	o = o.DeepCopy()
	gvr := resourceOf(o)
	old, err := s.loose.Get(gvr, o.GetNamespace(), o.GetName())
	if err == nil {
		if m, ok := old.(metav1.Object); ok {
			o.SetUID(m.GetUID())
		}
		s.stamp(o)
		return s.loose.Update(gvr, o, o.GetNamespace())
	}
	s.stamp(o)
	return s.loose.Create(gvr, o, o.GetNamespace())
}

// remove deletes an object of a kind that is not typed.
func (s *apiServer) remove(o *unstructured.Unstructured) error {
	return s.loose.Delete(resourceOf(o), o.GetNamespace(), o.GetName())
}

// get reads an object of a kind that is not typed.
func (s *apiServer) get(gvr schema.GroupVersionResource, namespace, name string) (*unstructured.Unstructured, error) {
	o, err := s.loose.Get(gvr, namespace, name)
	if err != nil {
		return nil, err
	}
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return nil, fmt.Errorf("%s %s/%s: stored as %T", gvr.Resource, namespace, name, o)
	}
	return u, nil
}

var (
	podResource  = corev1.SchemeGroupVersion.WithResource("pods")
	nodeResource = corev1.SchemeGroupVersion.WithResource("nodes")
)

func (s *apiServer) createPod(p *corev1.Pod) error {
	s.stamp(p)
	return s.typed.Create(podResource, p, p.Namespace)
}

func (s *apiServer) pod(namespace, name string) (*corev1.Pod, error) {
	o, err := s.typed.Get(podResource, namespace, name)
	if err != nil {
		return nil, err
	}
	return o.(*corev1.Pod), nil
}

// updatePod replaces a pod; p is the caller's own copy.
func (s *apiServer) updatePod(p *corev1.Pod) error {
	s.stamp(p)
	return s.typed.Update(podResource, p, p.Namespace)
}

func (s *apiServer) deletePod(namespace, name string) error {
	return s.typed.Delete(podResource, namespace, name)
}

func (s *apiServer) createNode(n *corev1.Node) error {
	s.stamp(n)
	return s.typed.Create(nodeResource, n, "")
}
