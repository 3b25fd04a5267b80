// Package ipam reserves addresses for pods.
package ipam

import "k8s.io/apimachinery/pkg/runtime/schema"

// Resource is whereabouts' resource for single reserved addresses.
var Resource = schema.GroupVersionResource{Group: "whereabouts.cni.cncf.io", Version: "v1alpha1", Resource: "overlappingrangeipreservations"}

// Kind is the kind of Resource.
const Kind = "OverlappingRangeIPReservation"
