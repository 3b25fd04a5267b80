package scenarios

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExpandAndSchedule(t *testing.T) {
	t.Parallel()
	text := `
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: x}, spec: {replicas: 3, template: {metadata: {labels: {app: web}, annotations: {k: v}}, spec: {containers: []}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: ds}, spec: {template: {spec: {nodeSelector: {}}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: one}, spec: {template: {spec: {nodeSelector: {kubernetes.io/hostname: n2}}}}}
---
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db}, spec: {template: {}}}
---
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: none}, spec: {replicas: 0, template: {}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: alone}}
`
	nodes := []string{"n1", "n2"}
	sched := &Scheduler{Nodes: nodes}
	var got string
	for _, doc := range splitDocuments(text) {
		objects, err := decodeObjects([]byte(doc.text))
		require.NoError(t, err)
		require.NoError(t, checkObject(objects[0]))
		pods, err := Expand(objects[0], nodes)
		require.NoError(t, err)
		require.Equal(t, IsWorkload(objects[0]), objects[0].GetKind() != "Pod")
		for _, p := range pods {
			require.NoError(t, sched.Assign(p))
			node := p.Object["spec"].(map[string]any)["nodeName"].(string)
			got += p.GetNamespace() + "/" + p.GetName() + " on " + node + " of " + p.GetOwnerReferences()[0].Kind + " " + p.GetLabels()["app"] + p.GetAnnotations()["k"] + "\n"
		}
	}
	require.Equal(t, `x/web-0 on n1 of Deployment webv
x/web-1 on n2 of Deployment webv
x/web-2 on n1 of Deployment webv
default/ds-n1 on n1 of DaemonSet 
default/ds-n2 on n2 of DaemonSet 
default/one-n2 on n2 of DaemonSet 
default/db-0 on n2 of StatefulSet 
`, got)
}

func TestExpandErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {}}":                             "Deployment web has no spec.template",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: -1, template: {}}}":   "Deployment web: spec.replicas is not a number from 0 to 10000",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: many, template: {}}}": "Deployment web: spec.replicas is not a number from 0 to 10000",
	} {
		objects, err := decodeObjects([]byte(text))
		require.NoError(t, err)
		_, err = Expand(objects[0], nil)
		require.EqualError(t, err, want)
	}
	objects, err := decodeObjects([]byte("{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: nowhere}}"))
	require.NoError(t, err)
	require.EqualError(t, (&Scheduler{Nodes: []string{"n1"}}).Assign(objects[0]), `Pod p: node "nowhere" does not exist`)
	require.EqualError(t, (&Scheduler{}).Assign(objects[0]), `Pod p: node "nowhere" does not exist`)
}
