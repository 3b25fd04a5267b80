package fakevpp

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// pcapHandlers are the captures of src/vnet/interface.api.
var pcapHandlers = []handler{
	reply("pcap_trace_on", (*VPP).pcapTraceOn),
	reply("pcap_trace_off", (*VPP).pcapTraceOff),
}

type pcapTraceOn struct {
	CaptureRx, CaptureTx, CaptureDrop bool
	Filter                            bool
	MaxPackets, MaxBytesPerPacket     uint32
	SwIfIndex                         uint32
	Error, Filename                   string
}

func (v *VPP) pcapTraceOn(_ *call, req *pcapTraceOn) error {
	file, ok := tmpFile(req.Filename)
	if !ok {
		return vnet.ErrIllegalName
	}
	if v.dp.Interface(req.SwIfIndex) == nil {
		return vnet.ErrInvalidSwIfIndex
	}
	c := vnet.PcapTrace{Rx: req.CaptureRx, Tx: req.CaptureTx, Drop: req.CaptureDrop, File: file, Max: req.MaxPackets,
		MaxBytes: req.MaxBytesPerPacket, SwIfIndex: req.SwIfIndex, Filter: req.Filter}
	c.Error, _ = v.errorNamed(req.Error)
	return v.configurePcap(c, nil)
}

func (v *VPP) pcapTraceOff(_ *call, _ *empty) error { return v.configurePcap(vnet.PcapTrace{}, nil) }

// configurePcap starts a capture, or ends the one under way if nothing is to be
// captured.
func (v *VPP) configurePcap(c vnet.PcapTrace, out *string) error {
	if c.Rx || c.Tx || c.Drop {
		return v.dp.StartPcapTrace(c)
	}
	file, n, err := v.dp.StopPcapTrace()
	if err == nil && out != nil {
		*out = fmt.Sprintf("Write %d packets to %s, and stop capture...\n", n, file)
	}
	return err
}

// tmpFile is the path in /tmp of a file that a client names; false says that
// the name is not one of a file there (unformat_vlib_tmpfile in
// src/vlib/format.c).
func tmpFile(name string) (string, bool) {
	if name == "" || strings.Contains(name, "..") || strings.Contains(name, "/") {
		return "", false
	}
	return filepath.Join("/tmp", name), true
}

// errorNamed finds a counter by "node.error", either in braces
// (unformat_vlib_error in src/vlib/error.c).
func (v *VPP) errorNamed(text string) (*vnet.ErrorID, bool) {
	node, name, ok := strings.Cut(strings.NewReplacer("{", "", "}", "").Replace(text), ".")
	n := v.dp.Graph.Node(node)
	if !ok || n == nil {
		return nil, false
	}
	for code, e := range n.Errors() {
		if e.Name == name {
			return &vnet.ErrorID{Node: n.Index, Code: uint16(code)}, true
		}
	}
	return nil, false
}

// pcapCommands capture what crosses interfaces (src/vnet/interface_cli.c).
func pcapCommands() []cliCommand {
	return []cliCommand{
		command("pcap trace", "pcap trace [rx] [tx] [drop] [off] [max <nn>] [intfc <interface>|any]\n"+
			"           [file <name>] [status] [max-bytes-per-pkt <nnnn>][filter]\n"+
			"           [preallocate-data][free-data]", cliPcapTrace),
	}
}

func cliPcapTrace(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", nil
	}
	c := vnet.PcapTrace{Max: 1000, MaxBytes: 512}
	status := false
	for a.more() {
		var word string
		switch {
		case a.is("rx"):
			c.Rx = true
		case a.is("tx"):
			c.Tx = true
		case a.is("drop"):
			c.Drop = true
		case a.is("off"):
			c.Rx, c.Tx, c.Drop = false, false, false
		case a.is("status"):
			status = true
		case a.is("filter"):
			c.Filter = true
		case a.is("preallocate-data"), a.is("free-data"):
		case a.number("max-bytes-per-pkt", &c.MaxBytes), a.number("max", &c.Max), a.number("packets-to-capture", &c.Max):
		case a.is("intfc", "any"), a.is("interface", "any"):
			c.SwIfIndex = 0
		case a.pgInterface("intfc", &c.SwIfIndex), a.pgInterface("interface", &c.SwIfIndex):
		case a.pcapWord("file", &word, func(s string) (ok bool) { c.File, ok = tmpFile(s); return ok }):
		case a.pcapWord("error", &word, func(s string) (ok bool) { c.Error, ok = v.errorNamed(s); return ok }):
		default:
			return "", a.unknown()
		}
	}
	if status {
		return v.pcapStatus(), nil
	}
	var out string
	return pcapResult(&out, v.configurePcap(c, &out))
}

// pcapWord takes a word behind the keyword if use accepts it.
func (a *cliArgs) pcapWord(keyword string, word *string, use func(string) bool) bool {
	before := a.words
	if a.text(keyword, word) && use(*word) {
		return true
	}
	a.words = before
	return false
}

// pcapResult turns the errors of a capture into the CLI's.
func pcapResult(out *string, err error) (string, error) {
	for _, e := range []struct {
		code vnet.APIError
		text string
	}{
		{vnet.ErrInvalidValue, "dispatch trace already enabled..."}, {vnet.ErrValueExist, "dispatch trace already disabled..."},
		{vnet.ErrInvalidValue2, "can't change number of records to capture while tracing..."},
		{vnet.ErrSyscall1, "I/O writing trace capture..."}, {vnet.ErrNoSuchEntry, "No packets captured..."},
		{vnet.ErrInvalidMemorySize, "Max bytes per pkt must be > 32, < 9000..."},
	} {
		if errors.Is(err, e.code) {
			return *out, cliText(e.text)
		}
	}
	return *out, err
}

func (v *VPP) pcapStatus() string {
	c, n, on := v.dp.PcapTraceStatus()
	if !on {
		return "pcap dispatch capture disabled\n"
	}
	return "pcap " + c.Kind() + " dispatch capture enabled: " + strconv.Itoa(int(n)) + " of " + strconv.Itoa(int(c.Max)) +
		" pkts...\ncapture to file " + c.File + "\n"
}
