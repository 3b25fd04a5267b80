package scenarios

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// A Manifest is one Kubernetes object with the place it was read from.
type Manifest struct {
	Object *unstructured.Unstructured
	File   string
	Line   int // of the document's first line
}

// String returns "Kind namespace/name", without the namespace when it is default or there is none.
func (m Manifest) String() string { return objectName(m.Object) }

func objectName(o *unstructured.Unstructured) string {
	if ns := o.GetNamespace(); ns != "" && ns != "default" {
		return fmt.Sprintf("%s %s/%s", o.GetKind(), ns, o.GetName())
	}
	return fmt.Sprintf("%s %s", o.GetKind(), o.GetName())
}

// clusterScoped are the kinds that have no namespace, by API group and kind. Objects of all other kinds get namespace default when they name none.
// The list is Kubernetes' (kubectl api-resources --namespaced=false) and Calico's; Calico/VPP's Network counts as cluster-wide, its samples give it no namespace.
var clusterScoped = map[string]bool{
	"/Namespace": true, "/Node": true, "/PersistentVolume": true,
	"apiextensions.k8s.io/CustomResourceDefinition": true,
	"rbac.authorization.k8s.io/ClusterRole":         true, "rbac.authorization.k8s.io/ClusterRoleBinding": true,
	"storage.k8s.io/StorageClass": true, "storage.k8s.io/CSIDriver": true,
	"scheduling.k8s.io/PriorityClass": true, "node.k8s.io/RuntimeClass": true,
	"networking.k8s.io/IngressClass": true, "networking.k8s.io/ServiceCIDR": true, "networking.k8s.io/IPAddress": true,
	"apiregistration.k8s.io/APIService":                           true,
	"admissionregistration.k8s.io/MutatingWebhookConfiguration":   true,
	"admissionregistration.k8s.io/ValidatingWebhookConfiguration": true,
	"projectcalico.org/Network":                                   true, "projectcalico.org/IPPool": true,
	"projectcalico.org/GlobalNetworkPolicy": true, "projectcalico.org/GlobalNetworkSet": true,
	"projectcalico.org/BGPConfiguration": true, "projectcalico.org/BGPPeer": true,
	"projectcalico.org/FelixConfiguration": true, "projectcalico.org/HostEndpoint": true,
	"operator.tigera.io/Installation": true,
}

func groupKind(o *unstructured.Unstructured) string {
	gvk := o.GroupVersionKind()
	return gvk.Group + "/" + gvk.Kind
}

// manifestReader reads manifest sources of one scenario file.
type manifestReader struct {
	*collector
	fsys fs.FS
	dir  string // of the scenario file
}

// read returns the objects of the sources in order and reports what cannot be read. at is the path of the list in the scenario file.
func (r *manifestReader) read(at string, sources []ManifestSource) []Manifest {
	var out []Manifest
	for i, s := range sources {
		out = append(out, r.source(fmt.Sprintf("%s[%d]", at, i), s)...)
	}
	return out
}

// source reads one source.
func (r *manifestReader) source(at string, s ManifestSource) []Manifest {
	switch {
	case s.File != "" && s.Inline != "":
		r.field(at, "has file and inline; expected one of them")
	case s.Inline != "":
		// The text of a literal block begins on the line after its "|".
		return r.documents(at, r.file, r.positions.of(at+".inline").line, s.Inline)
	case s.File == "":
		r.field(at, "has neither file nor inline")
	default:
		name := path.Join(r.dir, s.File)
		if r.fsys == nil || path.IsAbs(s.File) {
			r.field(at+".file", "%q cannot be read: expected a path relative to the scenario file", s.File)
			return nil
		}
		text, err := fs.ReadFile(r.fsys, name)
		if err != nil {
			r.field(at+".file", "cannot be read: %v", err)
			return nil
		}
		return r.documents(at+".file", name, 0, string(text))
	}
	return nil
}

// documents reads a multi-document text whose first line is line offset+1 of file.
func (r *manifestReader) documents(at, file string, offset int, text string) []Manifest {
	var out []Manifest
	for _, doc := range splitDocuments(text) {
		line := offset + doc.line
		objects, err := decodeObjects([]byte(doc.text))
		if err != nil {
			r.manifestProblem(at, file, line, err)
			continue
		}
		for _, o := range objects {
			if err := checkObject(o); err != nil {
				r.manifestProblem(at, file, line, err)
				continue
			}
			out = append(out, Manifest{Object: o, File: file, Line: line})
		}
	}
	if len(out) == 0 && len(r.problems) == 0 {
		r.field(at, "holds no Kubernetes object")
	}
	return out
}

func (r *manifestReader) manifestProblem(at, file string, line int, err error) {
	r.problems = append(r.problems, Problem{File: file, Line: line, Column: 1, Field: at, Message: "not a Kubernetes object: " + err.Error()})
}

type document struct {
	text string
	line int // of its first line, from 1
}

// splitDocuments cuts a text at lines that begin with "---", as kubectl does, and leaves out documents of blanks and comments.
func splitDocuments(text string) []document {
	var out []document
	cur := document{line: 1}
	blank := true
	flush := func(next int) {
		if !blank {
			out = append(out, cur)
		}
		cur, blank = document{line: next}, true
	}
	for i, line := range strings.SplitAfter(text, "\n") {
		if strings.HasPrefix(line, "---") {
			flush(i + 2)
			continue
		}
		trimmed := strings.TrimSpace(line)
		if trimmed != "" && trimmed[0] != '#' {
			if blank {
				cur = document{line: i + 1} // drop leading comments, so that the line is the object's
			}
			blank = false
		}
		cur.text += line
	}
	flush(0)
	return out
}

// decodeObjects reads one document: an object, or a List of them.
func decodeObjects(doc []byte) ([]*unstructured.Unstructured, error) {
	js, err := yaml.YAMLToJSON(doc)
	if err != nil {
		return nil, err
	}
	var o unstructured.Unstructured
	if err := o.UnmarshalJSON(js); err != nil {
		return nil, err
	}
	if !o.IsList() {
		return []*unstructured.Unstructured{&o}, nil
	}
	list, err := o.ToList()
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for i := range list.Items {
		out = append(out, &list.Items[i])
	}
	return out, nil
}

// checkObject checks what every object needs and fills in the default namespace.
func checkObject(o *unstructured.Unstructured) error {
	if o.GetAPIVersion() == "" || o.GetKind() == "" {
		return fmt.Errorf("apiVersion or kind is missing")
	}
	if o.GetName() == "" {
		if name, there, _ := unstructured.NestedFieldNoCopy(o.Object, "metadata", "name"); there && name != "" {
			return fmt.Errorf("metadata.name of the %s is %v of type %T; expected a text (YAML takes words such as y, n, on, off for true and false: put them in quotes)",
				o.GetKind(), name, name)
		}
		return fmt.Errorf("%s has no metadata.name", o.GetKind())
	}
	if o.GetNamespace() == "" && !clusterScoped[groupKind(o)] {
		o.SetNamespace("default")
	}
	return nil
}
