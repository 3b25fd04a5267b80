package fidelity

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.fd.io/govpp/adapter"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// answerTimeout is how long a VPP may take for one message.
const answerTimeout = 20 * time.Second

// Twin is what an observation is made on: a fresh double, or a VPP when an entry
// is compared with one. Everything goes through the API, so that both see the
// same bytes.
type Twin struct {
	// VPP is the double; it is nil if the twin is a VPP in another process.
	VPP *fakevpp.VPP

	api     adapter.VppAPI
	known   map[string]*schema.Message // requests by name
	names   map[uint16]*schema.Message // answers by id
	answers chan answer
	context uint32
}

// answer is a message that came, its id in front.
type answer struct {
	id      uint16
	context uint32
	data    []byte
}

// newDouble starts a double that speaks VPP 26.06's API.
func newDouble() (*Twin, error) {
	v, err := fakevpp.New(fakevpp.Name("fidelity"), fakevpp.API2606())
	if err != nil {
		return nil, err
	}
	t, err := newTwin(v.Adapter())
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	t.VPP = v
	return t, nil
}

// newTwin connects to a double or a VPP.
func newTwin(api adapter.VppAPI) (*Twin, error) {
	t := &Twin{api: api, known: make(map[string]*schema.Message), names: make(map[uint16]*schema.Message), answers: make(chan answer, 4096)}
	api.SetMsgCallback(func(id uint16, data []byte) {
		a := answer{id: id, data: bytes.Clone(data)} // the buffer is the adapter's
		if m := t.names[id]; m != nil && m.Kind == schema.Reply && len(data) >= m.Kind.HeaderSize() {
			a.context = binary.BigEndian.Uint32(data[2:])
			t.answers <- a
		}
	})
	for _, m := range schema.VPP2606().Source().Messages {
		t.known[m.Name] = m
	}
	if err := api.Connect(); err != nil {
		return nil, err
	}
	for _, m := range t.known {
		if id, err := api.GetMsgID(m.Name, m.CRC); err == nil {
			t.names[id] = m
		}
	}
	return t, nil
}

func (t *Twin) close() {
	_ = t.api.Disconnect()
	if t.VPP != nil {
		_ = t.VPP.Close()
	}
}

// Send sends a request, its fields as the double's history prints them, such as
// "{sw_if_index: 1}", and returns the answers in the same form, without names;
// "no answer" if there is none.
func (t *Twin) Send(name, fields string) (string, error) {
	views, err := t.exchange(name, fields)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, v := range views {
		text, _ := v.FieldText()
		texts = append(texts, text)
	}
	if texts == nil {
		return "no answer", nil
	}
	return strings.Join(texts, " "), nil
}

// exchange sends a request and a control_ping behind it, and collects what comes
// before the answer to that.
func (t *Twin) exchange(name, fields string) ([]*schema.View, error) {
	request, err := t.send(name, fields)
	if err != nil {
		return nil, err
	}
	ping, err := t.send("control_ping", "{}")
	if err != nil {
		return nil, err
	}
	timeout := time.NewTimer(answerTimeout)
	defer timeout.Stop()
	var views []*schema.View
	for {
		select {
		case a := <-t.answers:
			switch a.context {
			case ping:
				return views, nil
			case request:
				views = append(views, &schema.View{Message: t.names[a.id], Data: a.data})
			}
		case <-timeout.C:
			return nil, fmt.Errorf("%s: no answer within %v", name, answerTimeout)
		}
	}
}

func (t *Twin) send(name, fields string) (context uint32, err error) {
	m := t.known[name]
	if m == nil {
		return 0, fmt.Errorf("message %s is unknown", name)
	}
	msg, err := schema.ParseFieldText(m, fields)
	if err != nil {
		return 0, err
	}
	id, err := t.api.GetMsgID(m.Name, m.CRC)
	if err != nil {
		return 0, err
	}
	binary.BigEndian.PutUint16(msg, id)
	t.context++
	return t.context, t.api.SendMsg(t.context, msg)
}

// CLI runs commands, one by one, and returns what the last one prints, an
// error's text included.
func (t *Twin) CLI(commands ...string) (string, error) {
	var out string
	for _, c := range commands {
		views, err := t.exchange("cli_inband", fmt.Sprintf("{cmd: %q}", c))
		if err != nil {
			return "", err
		}
		if len(views) != 1 {
			return "", fmt.Errorf("%s: %d answers", c, len(views))
		}
		out, err = views[0].Text("reply")
		if err != nil {
			return "", err
		}
		out = strings.TrimSpace(out)
	}
	return out, nil
}

// Line is CLI for the first line of the output that contains the text, with
// single spaces; it is empty if there is none.
func (t *Twin) Line(contains string, commands ...string) (string, error) {
	out, err := t.CLI(commands...)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, contains) {
			return strings.Join(strings.Fields(line), " "), nil
		}
	}
	return "", nil
}

// Text is CLI with every run of white space as one space.
func (t *Twin) Text(commands ...string) (string, error) {
	out, err := t.CLI(commands...)
	return strings.Join(strings.Fields(out), " "), err
}
