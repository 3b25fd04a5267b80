package scenarios

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Text renders the path, one hop per paragraph, with VPP's own trace below the nodes' lines.
func (p Path) Text() string {
	var b strings.Builder
	for _, h := range p {
		b.WriteString(h.line())
		for _, g := range h.Graph {
			b.WriteString("    " + g.Name + "\n")
			for line := range strings.Lines(strings.TrimRight(g.Trace(), "\n")) {
				b.WriteString("      " + strings.TrimRight(line, "\n") + "\n")
			}
		}
	}
	return b.String()
}

// Summary renders the path, one line per hop.
func (p Path) Summary() string {
	var b strings.Builder
	for _, h := range p {
		b.WriteString(h.line())
		if names := (Path{h}).graph(); len(names) > 0 {
			b.WriteString("    " + strings.Join(names, " > ") + "\n")
		}
	}
	return b.String()
}

// line renders a hop without its graph nodes.
func (h Hop) line() string {
	where := h.Where
	switch {
	case h.Interface != "" && h.Out != "":
		where += fmt.Sprintf(" (%s -> %s)", h.Interface, h.Out)
	case h.Interface != "":
		where += " (" + h.Interface + ")"
	}
	text := fmt.Sprintf("%9s  %-9s %s", h.At.Round(time.Microsecond), h.Kind, where)
	if h.Kind == HopDropped {
		return text + ": " + h.Reason + "\n"
	}
	if h.Copy != 0 {
		text += fmt.Sprintf(" [copy %d]", h.Copy)
	}
	return text + ": " + h.Packet.String() + "\n"
}

// String renders the headers on one line: "10.0.0.1 -> 10.0.0.2 icmp ttl 63 len 84 in vxlan vni 56 192.168.0.1 -> 192.168.0.2".
func (p PacketInfo) String() string {
	if !p.Source.IsValid() && p.Encap == nil {
		return "not IP"
	}
	s := fmt.Sprintf("%s -> %s %s ttl %d len %d", withPort(p.Source, p.SourcePort), withPort(p.Destination, p.Port), protocolName(p.Protocol), p.TTL, p.Length)
	if p.Fragment != nil {
		s += " " + p.Fragment.String()
	}
	if e := p.Encap; e != nil {
		s += fmt.Sprintf(" in %s vni %d %s -> %s ttl %d len %d", e.Kind, e.VNI, withPort(e.Source, e.SourcePort), withPort(e.Destination, e.Port), e.TTL, e.Length)
		if e.Fragment != nil {
			s += " " + e.Fragment.String()
		}
	}
	return s
}

func (f Fragment) String() string {
	more := ""
	if f.More {
		more = "+"
	}
	return fmt.Sprintf("frag %d%s", f.Offset, more)
}

func withPort(a netip.Addr, port uint16) string {
	if !a.IsValid() {
		return "?"
	}
	if port == 0 {
		return a.String()
	}
	return netip.AddrPortFrom(a, port).String()
}

// protocolName names an IP protocol number (IANA).
func protocolName(p uint8) string {
	switch p {
	case 1:
		return "icmp"
	case 6:
		return "tcp"
	case 17:
		return "udp"
	case 58:
		return "icmp6"
	}
	return fmt.Sprintf("protocol %d", p)
}
