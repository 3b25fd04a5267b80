// Package cni is the agent's side of the Container Network Interface (CNI spec 1.1): it reads network configurations, dispatches commands and
// forms results and errors as the spec wants them.
//
// Package agent implements Handler; container runtimes, or Multus, reach it through NewExec (in process, for libcni) or Serve. It knows
// nothing of VPP and Kubernetes objects.
package cni

import (
	"context"

	types100 "github.com/containernetworking/cni/pkg/types/100"
)

// Request is one CNI call: the environment variables of the same name and the configuration from stdin (CNI spec 1.1, section 2).
type Request struct {
	ContainerID string
	NetNS       string
	IfName      string
	Args        string
	Config      Config
}

// Handler carries out CNI calls. Errors are *types.Error of the CNI library with the spec's codes, or any error, which then gets
// ErrInternal's code. Calls may come concurrently.
type Handler interface {
	// CNIAdd attaches the container to the network. Called again with the same request it returns the same result.
	CNIAdd(ctx context.Context, req *Request) (*types100.Result, error)
	// CNIDel undoes CNIAdd; what does not exist is no error.
	CNIDel(ctx context.Context, req *Request) error
	// CNICheck says whether the attachment is as CNIAdd left it.
	CNICheck(ctx context.Context, req *Request) error
	// CNIGC removes attachments of the network that are not in Config.ValidAttachments.
	CNIGC(ctx context.Context, req *Request) error
	// CNIStatus says whether CNIAdd can be served now.
	CNIStatus(ctx context.Context, req *Request) error
}
