package agent

import (
	"context"
	"errors"

	types100 "github.com/containernetworking/cni/pkg/types/100"

	"github.com/vpptwin/vpptwin/agent/cni"
)

// Agent is the control plane of one node. It implements cni.Handler.
type Agent struct {
	config Config
}

// New returns an agent that does nothing until Run. The error says what is wrong with config.
func New(config Config) (*Agent, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	return &Agent{config: config}, nil
}

// Run works until ctx is done, then returns nil; it leaves no goroutine behind and does not touch VPP at the end: pods keep their
// network while no agent runs. An error says why it cannot work at all (an unreadable store). Run is called once.
func (a *Agent) Run(ctx context.Context) error { return errors.ErrUnsupported }

// Settled says whether the agent is connected to VPP and has programmed everything it knows of: nothing failed, nothing is waiting (for
// the debounce time, or to be tried again). err names what failed last, nil if nothing did.
func (a *Agent) Settled() (settled bool, err error) { return false, errors.ErrUnsupported }

// CNIAdd implements cni.Handler.
func (a *Agent) CNIAdd(ctx context.Context, req *cni.Request) (*types100.Result, error) {
	return nil, errors.ErrUnsupported
}

// CNIDel implements cni.Handler.
func (a *Agent) CNIDel(ctx context.Context, req *cni.Request) error { return errors.ErrUnsupported }

// CNICheck implements cni.Handler.
func (a *Agent) CNICheck(ctx context.Context, req *cni.Request) error { return errors.ErrUnsupported }

// CNIGC implements cni.Handler.
func (a *Agent) CNIGC(ctx context.Context, req *cni.Request) error { return errors.ErrUnsupported }

// CNIStatus implements cni.Handler.
func (a *Agent) CNIStatus(ctx context.Context, req *cni.Request) error { return errors.ErrUnsupported }
