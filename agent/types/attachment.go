package types

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Attachment is what a NetworkAttachmentDefinition says about Networks.
type Attachment struct {
	// Key is "NAMESPACE/NAME", the name under which network-status annotations list it.
	Key string
	// Network is the name of a Network; "" for the default pod network.
	Network string
	// Served says whether the configuration's plugin is the agent's (type calico). Others are none of its business.
	Served bool
}

// pluginType is the type of plugin configurations that are for the agent.
const pluginType = "calico"

// plugin is what matters of one plugin's configuration.
type plugin struct {
	Type             string `json:"type"`
	DataplaneOptions struct {
		NetworkName string `json:"network_name"`
	} `json:"dataplane_options"`
}

// ParseAttachment reads a NetworkAttachmentDefinition. Its config may be that of one plugin or a list.
func ParseAttachment(o *unstructured.Unstructured) (Attachment, error) {
	a := Attachment{Key: o.GetNamespace() + "/" + o.GetName()}
	config, _, err := unstructured.NestedString(o.Object, "spec", "config")
	if err != nil {
		return a, fmt.Errorf("network attachment %s: spec.config: %w", a.Key, err)
	}
	if config == "" {
		return a, nil // Multus then looks for a file on the node
	}
	var list struct {
		plugin
		Plugins []plugin `json:"plugins"`
	}
	if err := json.Unmarshal([]byte(config), &list); err != nil {
		return a, fmt.Errorf("network attachment %s: spec.config is not a JSON object of a CNI configuration: %w", a.Key, err)
	}
	for _, p := range append(list.Plugins, list.plugin) {
		if p.Type == pluginType {
			a.Served, a.Network = true, p.DataplaneOptions.NetworkName
			return a, nil
		}
	}
	return a, nil
}

// StatusAnnotation is where Multus records the interfaces of a pod (Network Plumbing Working Group's specification, section 5).
const StatusAnnotation = "k8s.v1.cni.cncf.io/network-status"

// InterfaceStatus is one interface of a pod as recorded in StatusAnnotation.
type InterfaceStatus struct {
	// Name is "NAMESPACE/NAME" of the attachment definition; the default network's is its configuration's name.
	Name string `json:"name"`
	// Interface is the device's name in the pod.
	Interface string `json:"interface"`
	// IPs are the addresses, without prefix length.
	IPs []netip.Addr `json:"ips"`
	// Default marks the default network's.
	Default bool `json:"default"`
}

// ParseStatus reads the value of a StatusAnnotation; an empty value is an empty list.
func ParseStatus(annotation string) ([]InterfaceStatus, error) {
	if annotation == "" {
		return nil, nil
	}
	var list []InterfaceStatus
	if err := json.Unmarshal([]byte(annotation), &list); err != nil {
		return nil, fmt.Errorf("annotation %s: %w", StatusAnnotation, err)
	}
	return list, nil
}
