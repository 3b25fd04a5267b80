package fakevpp

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// pgCommands are the commands of the packet generator (src/vnet/pg/cli.c).
func pgCommands() []cliCommand {
	return []cliCommand{
		command("packet-generator new", "Create packet generator stream", cliPGNew),
		command("packet-generator delete", "Delete stream with given name", cliPGDelete),
		command("packet-generator configure", "Change packet generator stream parameters", cliPGConfigure),
		command("packet-generator enable-stream", "Enable packet generator streams", cliPGEnable(true)),
		command("packet-generator disable-stream", "Disable packet generator streams", cliPGEnable(false)),
		command("packet-generator capture",
			"packet-generator capture <interface name> pcap <filename> [count <n>]", cliPGCapture),
		command("show packet-generator", "show packet-generator [verbose]", cliShowPG),
		command("show packet-generator interface",
			"show packet-generator interface {<interface name> | sw_if_index <sw_idx>}", cliShowPGInterface),
		command("create packet-generator interface", "create packet-generator interface <interface name>"+
			" [hw-addr <addr>] [gso-enabled gso-size <size> [coalesce-enabled]]"+
			" [csum-offload-enabled] [mode <ethernet | ip4 | ip6>]", cliCreatePG),
		command("delete packet-generator interface",
			"delete packet-generator interface {<interface name> | sw_if_index <sw_idx>}", cliDeletePG),
	}
}

func cliCreatePG(v *VPP, a *cliArgs) (string, error) {
	c := vnet.PGConfig{ID: invalidIndex}
	for a.more() {
		switch {
		case a.pgName(&c.ID), a.mac("hw-addr", &c.MAC):
		case a.is("coalesce-enabled"):
			c.Coalesce = true
		case a.is("gso-enabled"):
			c.GSO = true
			if !a.number("gso-size", &c.GSOSize) {
				return "", cliText("gso enabled but gso size missing")
			}
		case a.is("csum-offload-enabled"):
			c.Checksum = true
		case a.is("mode", "ip4"):
			c.Mode = vnet.PGIP4
		case a.is("mode", "ip6"):
			c.Mode = vnet.PGIP6
		default:
			return "", a.unknown()
		}
	}
	_, err := v.dp.AddOrGetPG(c)
	return "", err
}

// pgName takes a name such as pg0.
func (a *cliArgs) pgName(id *uint32) bool {
	if !a.more() {
		return false
	}
	digits, ok := strings.CutPrefix(a.words[0], "pg")
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil {
		return false
	}
	*id, a.words = uint32(n), a.words[1:]
	return true
}

func cliDeletePG(v *VPP, a *cliArgs) (string, error) {
	return a.deleteDevice(v.dp.DeletePG, "not a pg interface")
}

// cliPGNew reads a stream; its words may stand in braces. The line belongs to
// the command.
func cliPGNew(v *VPP, a *cliArgs) (string, error) {
	a.unbrace()
	s := vnet.NewPGStream()
	var file, data string
	haveData := false
	for a.more() {
		switch {
		case a.text("name", &s.Name), a.text("pcap", &file), a.pgNode(s):
		case len(a.words) > 1 && a.words[0] == "source" && (&cliArgs{words: a.words[1:]}).pgName(&s.Interface):
			a.words = a.words[2:]
		case a.pgFlags(s), a.number("worker", &s.Worker), a.pgInterface("interface", &s.RxSwIf),
			a.pgInterface("tx-interface", &s.TxSwIf), a.pgParameter(s):
		case a.pgMaxFrame(s):
		case !haveData && a.is("data"):
			data, haveData = a.braced(), true
		default:
			return "", a.unknown()
		}
	}
	switch {
	case !haveData && file == "":
		return "", cliText("no packet data given")
	case s.Node == nil && file == "":
		return "", cliText("output interface or node not given")
	}
	if s.Worker >= uint32(v.opts.workers) {
		s.Worker = 0
	}
	if err := v.pgData(s, file, data); err != nil {
		return "", err
	}
	if err := validatePG(s); err != nil {
		return "", err
	}
	return "", v.dp.AddPGStream(s)
}

// pgData gives a stream its packets.
func (v *VPP) pgData(s *vnet.PGStream, file, data string) error {
	if file == "" {
		edits, err := vnet.ParsePGEdits(v.dp, s.Node.Name, data, s.MinBytes, s.MaxBytes)
		if err != nil {
			return fmt.Errorf("failed to parse packet data from `%s'", data)
		}
		s.Edits = edits
		return nil
	}
	packets, err := vnet.ReadPcap(file)
	if err != nil {
		return err
	}
	s.ReplayPackets(packets)
	return nil
}

// validatePG is validate_stream.
func validatePG(s *vnet.PGStream) error {
	switch {
	case s.MaxBytes < s.MinBytes:
		return cliText("max-size < min-size")
	case s.Edits != nil && int(s.MinBytes) < s.Edits.HeaderLen():
		return fmt.Errorf("min-size < total header size %d", s.Edits.HeaderLen())
	case s.BufferBytes == 0:
		return cliText("buffer-size must be positive")
	case s.Rate < 0:
		return cliText("negative rate")
	}
	return nil
}

// unbrace takes off the braces around all words.
func (a *cliArgs) unbrace() {
	if n := len(a.words); n >= 2 && a.words[0] == "{" && a.words[n-1] == "}" {
		a.words = a.words[1 : n-1]
	}
}

// braced takes the words up to the brace that closes the first one, without the
// two, or one word.
func (a *cliArgs) braced() string {
	text := strings.Join(a.words, " ")
	if !strings.HasPrefix(text, "{") {
		if !a.more() {
			return ""
		}
		return a.word()
	}
	depth := 0
	for k, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				a.words = strings.Fields(text[k+1:])
				return strings.TrimSpace(text[1:k])
			}
		}
	}
	a.words = nil
	return strings.TrimSpace(text[1:])
}

// pgNode takes the node that a stream enters: a node's name, or an interface's,
// which stands for its output node.
func (a *cliArgs) pgNode(s *vnet.PGStream) bool {
	if len(a.words) < 2 || a.words[0] != "node" {
		return false
	}
	if i := a.v.dp.InterfaceByName(a.words[1]); i != nil {
		s.Node, s.TxSwIf = i.Hw.OutputNode, i.SwIfIndex
	} else if n := a.v.dp.Graph.Node(a.words[1]); n != nil {
		s.Node = n
	} else {
		return false
	}
	a.words = a.words[2:]
	return true
}

// pgInterface takes an interface behind the keyword.
func (a *cliArgs) pgInterface(keyword string, to *uint32) bool {
	if len(a.words) < 2 || a.words[0] != keyword {
		return false
	}
	i := a.v.dp.InterfaceByName(a.words[1])
	if i == nil {
		return false
	}
	*to, a.words = i.SwIfIndex, a.words[2:]
	return true
}

func (a *cliArgs) pgMaxFrame(s *vnet.PGStream) bool {
	var n uint32
	if !a.number("maxframe", &n) {
		return false
	}
	s.MaxFrame = min(s.MaxFrame, n)
	return true
}

// pgFlags takes the flags of buffers, by name.
func (a *cliArgs) pgFlags(s *vnet.PGStream) bool {
	var name string
	switch {
	case a.text("buffer-flags", &name):
		ok := a.pgBits(name, &s.Flags, vnet.PGBufferFlag)
		a.number("gso-size", &s.GSOSize)
		return ok
	case a.text("buffer-offload-flags", &name):
		return a.pgBits(name, &s.OffloadFlags, vnet.PGOffloadFlag)
	}
	return false
}

// pgBits takes the names of flags that follow the first.
func (a *cliArgs) pgBits(first string, to *uint32, find func(string) (uint32, bool)) bool {
	bits, ok := find(first)
	for ok && a.more() {
		bit, more := find(a.words[0])
		if !more {
			break
		}
		bits |= bit
		a.word()
	}
	if ok {
		*to = bits
	}
	return ok
}

// pgParameter takes what can be changed later
// (unformat_pg_stream_parameter).
func (a *cliArgs) pgParameter(s *vnet.PGStream) bool {
	if len(a.words) < 2 {
		return false
	}
	word := a.words[1]
	switch a.words[0] {
	case "limit":
		f, err := strconv.ParseFloat(word, 64)
		if err != nil || math.IsNaN(f) {
			return false
		}
		s.Limit = uint64(min(max(f, 0), math.MaxInt64/2))
	case "rate":
		f, err := strconv.ParseFloat(word, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
		s.Rate = f
	case "size":
		if !pgSize(s, word) {
			return false
		}
	case "buffer-size":
		n, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return false
		}
		s.BufferBytes = uint32(n)
	default:
		return false
	}
	a.words = a.words[2:]
	return true
}

// maxPGSize bounds the packets of a stream, in bytes.
const maxPGSize = 1 << 16

// pgSize reads MIN-MAX, counting up, or MIN+MAX, at random.
func pgSize(s *vnet.PGStream, word string) bool {
	edit := vnet.PGEditIncrement
	low, high, ok := strings.Cut(word, "-")
	if !ok {
		edit = vnet.PGEditRandom
		if low, high, ok = strings.Cut(word, "+"); !ok {
			return false
		}
	}
	from, err1 := strconv.ParseUint(low, 10, 32)
	to, err2 := strconv.ParseUint(high, 10, 32)
	if err1 != nil || err2 != nil || from > maxPGSize || to > maxPGSize {
		return false
	}
	s.MinBytes, s.MaxBytes, s.SizeEdit = uint32(from), uint32(to), edit
	return true
}

func cliPGDelete(v *VPP, a *cliArgs) (string, error) {
	s := a.pgStream()
	if s == nil {
		return "", fmt.Errorf("expected stream name `%s'", a.rest())
	}
	v.dp.DeletePGStream(s)
	return "", nil
}

// pgStream takes the name of a stream, nil if there is none of that name.
func (a *cliArgs) pgStream() *vnet.PGStream {
	if !a.more() {
		return nil
	}
	s := a.v.dp.PGStream(a.words[0])
	if s != nil {
		a.words = a.words[1:]
	}
	return s
}

func cliPGConfigure(v *VPP, a *cliArgs) (string, error) {
	s := a.pgStream()
	if s == nil {
		return "", fmt.Errorf("expecting stream name; got `%s'", a.rest())
	}
	changed := *s
	for a.more() {
		if !a.pgParameter(&changed) {
			return "", a.unknown()
		}
	}
	if err := validatePG(&changed); err != nil {
		return "", err
	}
	*s = changed
	v.dp.ChangePGStream(s)
	return "", nil
}

// cliPGEnable enables or disables the last stream that is named, or all.
func cliPGEnable(on bool) func(v *VPP, a *cliArgs) (string, error) {
	return func(v *VPP, a *cliArgs) (string, error) {
		var s *vnet.PGStream
		for a.more() {
			if s = a.pgStream(); s == nil {
				return "", a.unknown()
			}
		}
		v.dp.EnablePG(s, on)
		return "", nil
	}
}

func cliPGCapture(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	var file string
	count, disable := invalidIndex, false
	for a.more() {
		switch {
		case a.iface(&i), a.text("pcap", &file), a.number("count", &count):
		case a.is("disable"):
			disable = true
		default:
			return "", a.unknown()
		}
	}
	switch {
	case i == nil:
		return "", cliText("Please specify interface name")
	case i.Hw.Device != vnet.DevicePG:
		return "", cliText("Please specify packet-generator interface")
	case file == "" && !disable:
		return "", cliText("Please specify pcap file name")
	case disable:
		file = ""
	}
	err := v.dp.CapturePG(i.SwIfIndex, file, count)
	if errors.Is(err, vnet.ErrCannotCreatePCAPFile) {
		return "", cliText("pcap file '" + file + "' already exists.")
	}
	return "", err
}

func cliShowPG(v *VPP, a *cliArgs) (string, error) {
	verbose := a.is("verbose")
	streams := v.dp.PGStreams()
	if len(streams) == 0 {
		return "no streams currently defined\n", nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-16s%s%sParameters\n", "Name", center("Enabled", 12), center("Count", 16))
	for _, s := range streams {
		enabled := "No"
		if s.Enabled() {
			enabled = "Yes"
		}
		between := '-'
		if s.SizeEdit == vnet.PGEditRandom {
			between = '+'
		}
		fmt.Fprintf(&b, "%-16.16s%s%slimit %d, rate %s pps, size %d%c%d, buffer-size %d, worker %d, \n", s.Name,
			center(enabled, 12), center(strconv.FormatUint(s.Generated(), 10), 16), s.Limit, vppFloat(s.Rate, 2),
			s.MinBytes, between, s.MaxBytes, s.BufferBytes, s.Worker)
		if verbose && s.Edits != nil {
			for _, g := range s.Edits.Groups() {
				fmt.Fprintf(&b, "%44s%s\n", "", g)
			}
		}
	}
	return b.String(), nil
}

// vppFloat writes a number as VPP's "%.Ne" does: the exponent without sign or
// leading zeros.
func vppFloat(f float64, digits int) string {
	s := strconv.FormatFloat(f, 'e', digits, 64)
	mantissa, exp, _ := strings.Cut(s, "e")
	n, _ := strconv.Atoi(exp)
	return mantissa + "e" + strconv.Itoa(n)
}

func cliShowPGInterface(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	given := false
	for a.more() {
		if !a.ifaceOrIndex(&i) {
			return "", a.unknown()
		}
		given = true
	}
	if !given {
		return "", cliText("please specify interface name or sw_if_index")
	}
	if i == nil {
		return "", cliText("not a pg interface")
	}
	c, ok := i.PGConfig()
	if !ok {
		return "", cliText("not a pg interface")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Interface: %s\n  id: %d\n  mode: %s\n", i.Hw.Name, c.ID, c.Mode)
	if c.Mode == vnet.PGEthernet {
		fmt.Fprintf(&b, "  hw-addr: %s\n", c.MAC)
	}
	fmt.Fprintf(&b, "  csum_offload_enabled: %d\n  gso_enabled: %d\n", bit(c.Checksum), bit(c.GSO))
	if c.GSO {
		fmt.Fprintf(&b, "    gso_size: %d\n", c.GSOSize)
	}
	fmt.Fprintf(&b, "  coalesce_enabled: %d\n", bit(c.Coalesce))
	return b.String(), nil
}
