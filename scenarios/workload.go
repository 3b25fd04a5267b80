package scenarios

import (
	"fmt"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// hostnameLabel is the label by which a nodeSelector can name one node (Kubernetes: well-known labels).
const hostnameLabel = "kubernetes.io/hostname"

// maxReplicas bounds what a typing error can cost.
const maxReplicas = 10000

// IsWorkload reports whether Expand makes pods out of an object of this kind.
func IsWorkload(o *unstructured.Unstructured) bool {
	switch groupKind(o) {
	case "apps/Deployment", "apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "/ReplicationController":
		return true
	}
	return false
}

// Expand returns the pods that a workload (IsWorkload) stands for, in the state in which Kubernetes' controllers would create them, but with
// readable names: NAME-0 to NAME-(replicas-1); of a DaemonSet, NAME-NODE for each of nodes, with spec.nodeName set. A pod names its workload as
// controller in metadata.ownerReferences. Any other object gives no pods. The object is not changed.
func Expand(o *unstructured.Unstructured, nodes []string) ([]*unstructured.Unstructured, error) {
	if !IsWorkload(o) {
		return nil, nil
	}
	template, found, err := unstructured.NestedMap(o.Object, "spec", "template")
	if err != nil || !found {
		return nil, fmt.Errorf("%s has no spec.template", objectName(o))
	}
	var pods []*unstructured.Unstructured
	if o.GetKind() == "DaemonSet" {
		for _, node := range nodes {
			pod := podFromTemplate(o, template, node)
			if selected, ok := selectedNode(pod); ok && selected != node {
				continue
			}
			_ = unstructured.SetNestedField(pod.Object, node, "spec", "nodeName") // spec is a map: podFromTemplate made it
			pods = append(pods, pod)
		}
		return pods, nil
	}
	replicas, err := replicasOf(o)
	if err != nil {
		return nil, err
	}
	for i := range replicas {
		pods = append(pods, podFromTemplate(o, template, strconv.Itoa(i)))
	}
	return pods, nil
}

// replicasOf returns spec.replicas, 1 if absent as in Kubernetes.
func replicasOf(o *unstructured.Unstructured) (int, error) {
	n, found, err := unstructured.NestedInt64(o.Object, "spec", "replicas")
	if err != nil || n < 0 || n > maxReplicas {
		return 0, fmt.Errorf("%s: spec.replicas is not a number from 0 to %d", objectName(o), maxReplicas)
	}
	if !found {
		return 1, nil
	}
	return int(n), nil
}

// setReplicas sets spec.replicas.
func setReplicas(o *unstructured.Unstructured, n int) error {
	if err := unstructured.SetNestedField(o.Object, int64(n), "spec", "replicas"); err != nil {
		return fmt.Errorf("%s: setting spec.replicas: %w", objectName(o), err)
	}
	return nil
}

func podFromTemplate(owner *unstructured.Unstructured, template map[string]any, suffix string) *unstructured.Unstructured {
	t := (&unstructured.Unstructured{Object: template}).DeepCopy()
	pod := &unstructured.Unstructured{Object: map[string]any{}}
	pod.SetAPIVersion("v1")
	pod.SetKind("Pod")
	pod.SetNamespace(owner.GetNamespace())
	pod.SetName(owner.GetName() + "-" + suffix)
	pod.SetLabels(t.GetLabels())
	pod.SetAnnotations(t.GetAnnotations())
	spec, _, _ := unstructured.NestedMap(t.Object, "spec")
	if spec == nil {
		spec = map[string]any{}
	}
	pod.Object["spec"] = spec
	_ = unstructured.SetNestedSlice(pod.Object, []any{map[string]any{ // metadata is a map: SetName made it
		"apiVersion": owner.GetAPIVersion(), "kind": owner.GetKind(), "name": owner.GetName(),
		"uid": string(owner.GetUID()), "controller": true,
	}}, "metadata", "ownerReferences")
	return pod
}

// selectedNode returns the node that a pod's nodeSelector names by the hostname label.
func selectedNode(pod *unstructured.Unstructured) (string, bool) {
	node, found, _ := unstructured.NestedString(pod.Object, "spec", "nodeSelector", hostnameLabel)
	return node, found
}

// A Scheduler gives pods to nodes: where spec.nodeName or a nodeSelector by hostname says, all others round robin in the order
// they come. The zero value with Nodes set is ready; it is not safe for concurrent use.
type Scheduler struct {
	Nodes []string
	next  int
}

// Assign sets spec.nodeName of a pod that has none. An error means that the pod asks for a node that does not exist; the pod stays without one.
func (s *Scheduler) Assign(pod *unstructured.Unstructured) error {
	node, _, _ := unstructured.NestedString(pod.Object, "spec", "nodeName")
	if node == "" {
		if selected, ok := selectedNode(pod); ok {
			node = selected
		}
	}
	if node == "" {
		if len(s.Nodes) == 0 {
			return fmt.Errorf("%s: there is no node to run on", objectName(pod))
		}
		node = s.Nodes[s.next%len(s.Nodes)]
		s.next++
	}
	if !slices.Contains(s.Nodes, node) {
		return fmt.Errorf("%s: node %q does not exist", objectName(pod), node)
	}
	if err := unstructured.SetNestedField(pod.Object, node, "spec", "nodeName"); err != nil {
		return fmt.Errorf("%s: setting spec.nodeName: %w", objectName(pod), err)
	}
	return nil
}
