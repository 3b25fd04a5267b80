package cni

import (
	"strings"

	"github.com/containernetworking/cni/pkg/types"
)

// PodArgs are the arguments with which Kubernetes' runtimes say which pod a call is for.
type PodArgs struct {
	Namespace, Name, UID string
}

// Pod reads CNI_ARGS ("K8S_POD_NAMESPACE=default;K8S_POD_NAME=a;..."). Arguments it does not know are ignored; a pair without "=", or without
// a pod's namespace and name, gives ErrInvalidEnvironmentVariables.
func (r *Request) Pod() (PodArgs, error) {
	var p PodArgs
	for pair := range strings.SplitSeq(r.Args, ";") {
		if pair == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return p, types.NewError(types.ErrInvalidEnvironmentVariables, "CNI_ARGS is not valid", "no = in "+pair)
		}
		switch key {
		case "K8S_POD_NAMESPACE":
			p.Namespace = value
		case "K8S_POD_NAME":
			p.Name = value
		case "K8S_POD_UID":
			p.UID = value
		}
	}
	if p.Namespace == "" || p.Name == "" {
		return p, types.NewError(types.ErrInvalidEnvironmentVariables, "CNI_ARGS names no pod", "expected K8S_POD_NAMESPACE and K8S_POD_NAME in "+r.Args)
	}
	return p, nil
}
