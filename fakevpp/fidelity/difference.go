package fidelity

import (
	"fmt"

	"go.fd.io/govpp/adapter/socketclient"
)

// Kind says what sort of thing differs.
type Kind string

// Kinds of things, and their headings.
const (
	Message Kind = "message"
	Command Kind = "command"
	Feature Kind = "feature"
	Process Kind = "process"
)

// Difference is one way in which the double does not behave as VPP.
type Difference struct {
	Kind Kind
	// On is the name of what differs: a request, a CLI command's path, a feature
	// arc and node as "arc/node", or a word for the data plane or the process.
	On string
	// Since is the VPP version that was compared with.
	Since string
	// What says in a sentence what the double does and when.
	What string
	// Why is the reason for keeping the difference.
	Why string
	// VPP is what Observe would return on VPP.
	VPP string
	// Unsafe says that VPP crashes, hangs or reads what is not its own.
	Unsafe bool
	// Observe does on a fresh double what shows the difference and returns what
	// is seen, as one line of text.
	Observe func(t *Twin) (string, error)
}

// Differences lists all of them.
func Differences() []Difference {
	var all []Difference
	for _, a := range areas {
		all = append(all, a.list...)
	}
	return all
}

// Check starts a double and observes the difference. It returns what was seen;
// the error says that the difference is gone, or that it could not be observed.
func (d *Difference) Check() (string, error) {
	t, err := newDouble()
	if err != nil {
		return "", err
	}
	defer t.close()
	got, err := d.Observe(t)
	if err != nil {
		return "", fmt.Errorf("%s %s: observe: %w", d.Kind, d.On, err)
	}
	if got == d.VPP {
		return got, fmt.Errorf("%s %s: the double answers %q as VPP does: the difference is gone, remove it from the list", d.Kind, d.On, got)
	}
	return got, nil
}

// Compare does the observation on a VPP that was just started, given its API
// socket, and returns what is seen. What leads to a crash or a hang of VPP is
// marked as Unsafe and refused.
func (d *Difference) Compare(socket string) (string, error) {
	if d.Unsafe {
		return "", fmt.Errorf("%s %s: not done on a VPP: %s", d.Kind, d.On, d.VPP)
	}
	t, err := newTwin(socketclient.NewVppClient(socket))
	if err != nil {
		return "", err
	}
	defer t.close()
	return d.Observe(t)
}
