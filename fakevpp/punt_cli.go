package fakevpp

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vpptwin/vpptwin/sim/fib"
	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// puntCommands are the commands of src/vlib/punt.c and src/vnet/ip/punt.c, and
// that of src/plugins/unittest/punt_test.c.
func puntCommands() []cliCommand {
	text := func(show func(*vnet.Main) string) func(*VPP, *cliArgs) (string, error) {
		return func(v *VPP, _ *cliArgs) (string, error) { return show(v.dp), nil }
	}
	return []cliCommand{
		command("set punt", "set punt [IPV4|ip6|ipv6] [UDP|tcp] [del] [ALL|<port-num>]", cliSetPunt),
		command("punt socket register", "punt socket register [IPV4|ipv6] [UDP|tcp] [ALL|<port-num>] socket <socket>",
			cliPuntSocketRegister),
		command("punt socket deregister", "punt socket deregister [IPV4|ipv6] [UDP|tcp] [ALL|<port-num>]", cliPuntSocketDeregister),
		command("show punt socket registrations", "show punt socket registrations [l4|exception]", cliShowPuntSockets),
		command("show punt client", "show client[s] registered with the punt infra", cliShowPuntClient),
		command("show punt reasons", "show all punt reasons", text((*vnet.Main).FormatPuntReasons)),
		command("show punt db", "show the punt DB", text((*vnet.Main).FormatPuntDB)),
		command("show punt stats", "show the punt stats", text((*vnet.Main).FormatPuntStats)),
		command("test punt", "punt unit tests - DO NOT RUN ON A LIVE SYSTEM", cliTestPunt),
	}
}

// puntWord takes a word that says what to punt.
func (a *cliArgs) puntWord(r *vnet.PuntRegistration) bool {
	if n, ok := a.uint(); ok {
		r.Port = uint16(n)
		return true
	}
	switch {
	case a.is("ipv4"):
		r.Proto = fib.IP4
	case a.is("ipv6"):
		r.Proto = fib.IP6
	case a.is("all"):
		r.Port = 0xffff
	case a.is("udp"):
		r.Upper = packet.ProtoUDP
	case a.is("tcp"):
		r.Upper = packet.ProtoTCP
	case len(a.words) > 1 && a.words[0] == "reason":
		for _, reason := range a.v.dp.PuntReasons() {
			if reason.Name == a.words[1] {
				a.words = a.words[2:]
				r.Type, r.Reason = vnet.PuntException, reason.ID
				return true
			}
		}
		return false
	default:
		return false
	}
	return true
}

// cliSetPunt is punt_cli, which only logs that something went wrong.
func cliSetPunt(v *VPP, a *cliArgs) (string, error) {
	r, del := puntDefault(), false
	for a.more() {
		switch {
		case a.is("del"):
			del = true
		case a.is("ip6"):
			r.Proto = fib.IP6
		case !a.puntWord(&r):
			return "", a.parseError()
		}
	}
	switch {
	case r.Type == vnet.PuntException:
		return "", puntText(v.dp.SetPuntException(r.Reason, !del))
	case r.Upper == packet.ProtoTCP && r.Port != 0xffff:
		return "", nil
	}
	v.puntPort(r.Proto, r.Upper == packet.ProtoTCP, r.Port, !del)
	return "", nil
}

// puntText drops the error of set punt, which VPP has printed into its log when
// it would be the command's.
func puntText(error) error { return nil }

func cliPuntSocketRegister(v *VPP, a *cliArgs) (string, error) {
	r, path := puntDefault(), ""
	for a.more() {
		if !a.text("socket", &path) && !a.puntWord(&r) {
			return "", a.parseError()
		}
	}
	if path == "" {
		return "", cliText("socket name not specified")
	}
	return "", vppWords(v.dp.AddPuntSocket(r, path))
}

func cliPuntSocketDeregister(v *VPP, a *cliArgs) (string, error) {
	r := puntDefault()
	for a.more() {
		if !a.puntWord(&r) {
			return "", a.parseError()
		}
	}
	return "", vppWords(v.dp.DeletePuntSocket(r))
}

// vppWords is an error of the data plane whose text is VPP's, without the code.
func vppWords(err error) error {
	if err == nil {
		return nil
	}
	return cliText(strings.TrimSuffix(err.Error(), ": "+vnet.ErrUnspecified.Error()))
}

func cliShowPuntSockets(v *VPP, a *cliArgs) (string, error) {
	t := vnet.PuntL4
	for a.more() {
		switch {
		case a.is("exception"):
			t = vnet.PuntException
		case a.is("l4"):
			t = vnet.PuntL4
		case a.is("ip"):
			t = vnet.PuntIPProto
		default:
			return "", a.parseError()
		}
	}
	var b strings.Builder
	v.dp.PuntSockets(t, func(c *vnet.PuntClient) {
		family := [...]string{"ip4", "ip6"}[c.Proto]
		switch t {
		case vnet.PuntException:
			fmt.Fprintf(&b, " punt  %s", v.dp.PuntReason(c.Reason).Format())
		case vnet.PuntIPProto:
			fmt.Fprintf(&b, " punt %s %s", family, vnet.ProtocolName(c.Upper))
		default:
			fmt.Fprintf(&b, " punt %s %s port %d", family, vnet.ProtocolName(c.Upper), c.Port)
		}
		fmt.Fprintf(&b, " to socket %s \n\n", c.Path)
	})
	return b.String(), nil
}

// cliShowPuntClient lists all clients for a name that it does not know.
func cliShowPuntClient(v *VPP, a *cliArgs) (string, error) {
	if a.more() {
		if text, ok := v.dp.FormatPuntClients(a.words[0]); ok {
			a.word()
			return text, nil
		}
	}
	text, _ := v.dp.FormatPuntClients("")
	return text, nil
}

// cliTestPunt is there only with the unittest plugin.
func cliTestPunt(v *VPP, a *cliArgs) (string, error) {
	if !v.dp.HasUnitTestNodes() {
		return "", a.unknown()
	}
	var i *vnet.Interface
	var addr netip.Addr
	switch {
	case !a.iface(&i):
	case a.addr(&addr):
		return "", v.dp.PuntTestVia(i.SwIfIndex, addr)
	case a.is("clear"):
		v.dp.StopPuntTest(i.SwIfIndex)
	default:
		v.dp.StartPuntTest(i.SwIfIndex)
	}
	return "", nil
}
