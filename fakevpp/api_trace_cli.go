package fakevpp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/vpptwin/vpptwin/fakevpp/apitrace"
	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// traceDir is where VPP puts its traces, and the only place.
const traceDir = "/tmp"

// apiTraceCommands is "api trace" (src/vlibmemory/vlib_api_cli.c).
func apiTraceCommands() []cliCommand {
	return []cliCommand{
		command("api trace", "api trace [tx][on|off][first <n>][last <n>][status][free][post-mortem-on]"+
			"[dump|dump-file|dump-json|save|tojson|save-json|replay <file>|replay-json <file>][nitems <n>][initializers <file>]",
			(*VPP).cliAPITrace),
	}
}

// traceCLI is one line of "api trace" under way.
type traceCLI struct {
	v           *VPP
	buffer      *traceBuffer
	name        string // "RX" or "TX"
	first, last uint32
	out         strings.Builder
	// replay are messages to run when the trace is not locked any more.
	replay [][]byte
}

// cliAPITrace reads the whole line. Words take effect one after the other.
func (v *VPP) cliAPITrace(a *cliArgs) (string, error) {
	t := &traceCLI{v: v, buffer: &v.traces.rx, name: "RX", last: ^uint32(0)}
	v.traces.mu.Lock()
	err := t.line(a)
	v.traces.on.Store(v.traces.rx.enabled)
	v.traces.mu.Unlock()
	for _, msg := range t.replay {
		v.replayMessage(msg)
	}
	a.words = nil
	return t.out.String(), err
}

func (t *traceCLI) line(a *cliArgs) error {
	for a.more() {
		var file string
		switch {
		case a.is("on"), a.is("enable"):
			items := uint32(defaultTraceItems)
			a.number("nitems", &items)
			t.buffer.configure(int(items))
			t.buffer.enable(true)
		case a.is("off"):
			t.buffer.enable(false)
		case a.text("save-json", &file):
			t.save(file, t.writeJSON)
			return nil
		case a.text("save", &file):
			t.save(file, t.writeBinary)
			return nil
		case a.text("tojson", &file):
			t.file(file, func(_ int, msg []byte) { t.print(msg, true) })
		case a.text("dump-file-json", &file):
			t.dumpText(file)
		case a.text("dump-file", &file):
			t.file(file, func(i int, msg []byte) {
				fmt.Fprintf(&t.out, "---------- trace %d -----------\n", i)
				t.print(msg, false)
			})
		case a.text("replay", &file):
			t.file(file, func(_ int, msg []byte) { t.replay = append(t.replay, msg) })
		case a.is("dump-json"):
			t.dump(true)
		case a.is("dump"):
			t.dump(false)
		case a.is("tx"):
			t.buffer, t.name = &t.v.traces.tx, "TX"
		case a.number("first", &t.first), a.number("last", &t.last):
		case a.is("status"):
			t.status()
		case a.is("free"):
			t.buffer.enable(false)
			t.buffer.free()
		case a.is("post-mortem-on"), a.is("post-mortem-off"):
		default:
			return a.unknown()
		}
	}
	return nil
}

func (t *traceCLI) status() {
	if !t.buffer.configured {
		fmt.Fprintf(&t.out, "%s trace: not yet configured.\n", t.name)
		return
	}
	enabled, wrapped := "is not", "has not"
	if t.buffer.enabled {
		enabled = "is"
	}
	if t.buffer.wrapped {
		wrapped = "has"
	}
	fmt.Fprintf(&t.out, "%s trace: used %d of %d items, %s enabled, %s wrapped\n",
		t.name, len(t.buffer.messages), t.buffer.items, enabled, wrapped)
}

// save writes a new file in /tmp.
func (t *traceCLI) save(name string, write func(*os.File) error) {
	if strings.Contains(name, "..") || strings.Contains(name, "/") {
		fmt.Fprintf(&t.out, "illegal characters in filename '%s'\n", name)
		return
	}
	path := filepath.Join(traceDir, name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	switch {
	case errors.Is(err, os.ErrExist):
		fmt.Fprintf(&t.out, "file exists: %s\n", path)
		return
	case err != nil:
		fmt.Fprintf(&t.out, "Couldn't create %s\n", path)
		return
	}
	err = write(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	switch {
	case errors.Is(err, errNoTrace):
		t.out.WriteString("API Trace data not present\n")
	case err != nil:
		t.out.WriteString("Error while writing trace to file\n")
	default:
		fmt.Fprintf(&t.out, "API trace saved to %s\n", path)
	}
}

// errNoTrace says that there is nothing to save; VPP leaves the empty file.
var errNoTrace = errors.New("no trace")

func (t *traceCLI) writeBinary(f *os.File) error {
	if len(t.buffer.messages) == 0 {
		return errNoTrace
	}
	return t.v.traceFile(t.buffer).Write(f)
}

func (t *traceCLI) writeJSON(f *os.File) error {
	if len(t.buffer.messages) == 0 {
		return errNoTrace
	}
	text := []byte("[\n")
	for i, msg := range t.buffer.ordered() {
		if i > 0 {
			text = append(text, ",\n"...)
		}
		if e := t.v.table.lookup(binary.BigEndian.Uint16(msg)); e != nil {
			text = (&schema.View{Message: e.Message, Data: msg}).AppendJSON(text)
		}
	}
	_, err := f.Write(append(text, ']'))
	return err
}

// dump prints the buffer.
func (t *traceCLI) dump(json bool) {
	for _, msg := range t.buffer.ordered() {
		t.print(msg, json)
	}
}

// print renders one message in the words of VPP's own printers.
func (t *traceCLI) print(msg []byte, json bool) {
	e := t.v.table.lookup(binary.BigEndian.Uint16(msg))
	if e == nil {
		fmt.Fprintf(&t.out, "Unknown msg id %d\n", binary.BigEndian.Uint16(msg))
		return
	}
	view := &schema.View{Message: e.Message, Data: msg}
	var text []byte
	if json {
		text = view.AppendJSON(nil)
	} else {
		text = view.AppendVPPText(nil)
	}
	t.out.Write(text)
	if !bytes.HasSuffix(text, []byte("\n")) { // as vlib_cli_output ends lines
		t.out.WriteByte('\n')
	}
}

// dumpText prints a file as it is.
func (t *traceCLI) dumpText(name string) {
	data, err := os.ReadFile(name)
	switch {
	case err != nil:
		fmt.Fprintf(&t.out, "failed to open %s!\n", name)
	case len(data) == 0:
		fmt.Fprintf(&t.out, "no content in %s!\n", name)
	default:
		t.out.Write(append(data, '\n'))
	}
}

// file calls each for the messages of a trace file, with this VPP's ids
// (vl_msg_api_process_file).
func (t *traceCLI) file(name string, each func(i int, msg []byte)) {
	f, err := os.Open(name)
	if err != nil {
		fmt.Fprintf(&t.out, "Couldn't open %s\n", name)
		return
	}
	defer f.Close()
	trace, err := apitrace.Read(f)
	if err != nil {
		fmt.Fprintf(&t.out, "File not plausible: %s\n", name)
		return
	}
	last := int(t.last)
	if t.last == ^uint32(0) {
		last = len(trace.Messages) - 1
	}
	if int(t.first) >= len(trace.Messages) || last >= len(trace.Messages) {
		fmt.Fprintf(&t.out, "Range (%d, %d) outside file range (0, %d)\n", t.first, int32(last), len(trace.Messages)-1)
		return
	}
	if trace.Wrapped {
		t.out.WriteString("Note: wrapped/incomplete trace, results may vary\n")
	}
	ids := t.ids(trace.Table)
	for i := int(t.first); i <= last; i++ {
		msg := trace.Messages[i]
		id, ok := ids[binary.BigEndian.Uint16(msg)]
		if !ok {
			fmt.Fprintf(&t.out, "warning: unknown msg id %d for msg number %d, skipping\n", binary.BigEndian.Uint16(msg), i)
			continue
		}
		binary.BigEndian.PutUint16(msg, id)
		each(i, msg)
	}
}

// ids maps a file's ids to those of this VPP.
func (t *traceCLI) ids(table []apitrace.Entry) map[uint16]uint16 {
	ids := make(map[uint16]uint16, len(table))
	for _, e := range table {
		name, crc, ok := schema.CutKey(e.Key)
		if known := t.v.table.byKey[messageKey{name, crc}]; ok && known != nil {
			ids[e.ID] = known.id
		} else {
			fmt.Fprintf(&t.out, "warning: can't find msg index for id %d\n", e.ID)
		}
	}
	return ids
}

// notReplayed are messages that VPP does not run again: those about connections
// (vl_api_allow_msg_replay, .replay = 0 in src/vlibmemory).
func notReplayed(name string) bool {
	return strings.HasPrefix(name, "memclnt_") || strings.HasPrefix(name, "sockclnt_") || strings.HasPrefix(name, "sock_init") ||
		name == "control_ping" || name == "get_first_msg_id" || name == "api_versions" || name == "get_api_json" ||
		name == "trace_plugin_msg_ids" || strings.HasPrefix(name, "rpc_")
}

// replayMessage gives a traced message its effect; answers go to nobody, because
// its client is gone. The caller owns the data plane.
func (v *VPP) replayMessage(msg []byte) {
	e := v.table.lookup(binary.BigEndian.Uint16(msg))
	if e == nil || notReplayed(e.Name) {
		return
	}
	e = v.table.bound(e)
	if e.run == nil || len(msg) < e.Kind.HeaderSize() {
		return
	}
	c := newCall(replayClient(v), e, msg)
	defer c.free()
	_ = e.run(v, c) // nobody hears of its failure
}

// replayClient stands for the client that a trace does not have.
func replayClient(v *VPP) *client {
	cl := &client{v: v, gone: make(chan struct{})}
	cl.closed.Store(true)
	return cl
}
