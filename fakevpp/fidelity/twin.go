package fidelity

import (
	"errors"
	"fmt"
	"strings"

	"go.fd.io/govpp/api"
	"go.fd.io/govpp/core"

	"github.com/vpptwin/vpptwin/fakevpp"
)

// Twin is a fresh double for one observation.
type Twin struct {
	// VPP is the double; DataPlane() gives its interfaces and graph.
	VPP *fakevpp.VPP

	conn *core.Connection
	ch   api.Channel
}

func (t *Twin) close() {
	if t.ch != nil {
		t.ch.Close()
		t.conn.Disconnect()
	}
	_ = t.VPP.Close()
}

// CLI runs commands, one by one, and returns what the last one prints: its
// output, or its error's text.
func (t *Twin) CLI(commands ...string) string {
	var out string
	for _, c := range commands {
		text, err := t.VPP.CLI(c)
		out = strings.TrimSpace(text)
		if err != nil {
			out = strings.TrimSpace(out + " " + err.Error())
		}
	}
	return out
}

// Line is CLI for the one line of the output that contains the text; it is empty
// if there is none.
func (t *Twin) Line(contains string, commands ...string) string {
	for line := range strings.Lines(t.CLI(commands...)) {
		if strings.Contains(line, contains) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// Call sends a request and returns "retval N". The reply is filled in.
func (t *Twin) Call(req, rep api.Message) (string, error) {
	if t.ch == nil {
		conn, err := t.VPP.Connect()
		if err != nil {
			return "", err
		}
		ch, err := conn.NewAPIChannel()
		if err != nil {
			conn.Disconnect()
			return "", err
		}
		t.conn, t.ch = conn, ch
	}
	err := t.ch.SendRequest(req).ReceiveReply(rep)
	var retval api.VPPApiError
	switch {
	case err == nil:
		return "retval 0", nil
	case errors.As(err, &retval):
		return fmt.Sprintf("retval %d", int32(retval)), nil
	}
	return "", err
}
