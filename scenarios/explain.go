package scenarios

import (
	"fmt"
	"regexp"
	"strings"
)

// Explain says in one sentence what happened at a hop.
func (h Hop) Explain() string {
	p := h.Packet
	switch h.Kind {
	case HopSent:
		return fmt.Sprintf("%s sends %s from %s to %s%s.", h.Where, describeProtocol(p.Protocol), p.Source, p.Destination, prefixed(" on ", h.Interface))
	case HopVPP:
		return h.explainVPP()
	case HopLink:
		return h.explainLink()
	case HopRouted:
		return fmt.Sprintf("Router %s takes it from %s and forwards it to %s.", h.Where, h.Interface, orText(h.Out, "nowhere"))
	case HopDelivered:
		return fmt.Sprintf("%s receives it%s, with TTL %d.", h.Where, prefixed(" on ", h.Interface), p.TTL)
	case HopDropped:
		return fmt.Sprintf("It ends at %s: %s.", h.Where, h.Reason)
	}
	return h.Where + "."
}

func describeProtocol(p uint8) string {
	switch p {
	case 1, 58:
		return "an ICMP packet"
	case 6:
		return "a TCP segment"
	case 17:
		return "a UDP datagram"
	}
	return "a packet of " + protocolName(p)
}

func (h Hop) explainLink() string {
	to := "and is lost"
	if h.Out != "" {
		to = "to " + h.Out
	}
	s := fmt.Sprintf("It crosses segment %s from %s %s", h.Where, h.Interface, to)
	if e := h.Packet.Encap; e != nil {
		return fmt.Sprintf("%s, in %s with VNI %d from %s to %s.", s, strings.ToUpper(e.Kind), e.VNI, e.Source, e.Destination)
	}
	return s + ", as it is."
}

// explainVPP strings together what the graph nodes did that have something to say.
func (h Hop) explainVPP() string {
	var did []string
	for _, g := range h.Graph {
		if what := g.explain(); what != "" && (len(did) == 0 || did[len(did)-1] != what) {
			did = append(did, what)
		}
	}
	s := fmt.Sprintf("VPP of %s takes it from %s", h.Where, orText(h.Interface, "inside"))
	for _, d := range did {
		s += ", " + d
	}
	if h.Out != "" {
		s += ", and sends it out of " + h.Out
	}
	return s + "."
}

// phrase is what a graph node does, in words, and where the one number worth telling stands in its trace.
type phrase struct {
	words  string
	number *regexp.Regexp
	unit   string
}

var (
	fibNumber = regexp.MustCompile(`\bfib:? (\d+)`)
	vniNumber = regexp.MustCompile(`\bvni:? (\d+)`)
)

// phrases by graph node; names as VPP registers them. 4 and 6 stand for both families: an entry for ip4-lookup serves ip6-lookup.
var phrases = map[string]phrase{
	"ip4-lookup":              {"looks up the destination", fibNumber, "in FIB"},
	"ip4-mfib-forward-lookup": {"looks up the multicast group", fibNumber, "in FIB"},
	"ip4-rewrite":             {"lowers the TTL and writes the next hop's MAC address", nil, ""},
	"ip4-midchain":            {"lowers the TTL and hands it to the tunnel", nil, ""},
	"ip4-load-balance":        {"chooses one of several paths", nil, ""},
	"vxlan4-encap":            {"puts it into VXLAN", vniNumber, "with VNI"},
	"vxlan4-input":            {"takes it out of VXLAN", vniNumber, "with VNI"},
	"ip4-local":               {"finds that it is for this node", nil, ""},
	"ip4-punt":                {"hands it to Linux", nil, ""},
	"ip4-punt-redirect":       {"hands it to Linux", nil, ""},
	"ip4-glean":               {"asks for the destination's MAC address", nil, ""},
	"ip4-arp":                 {"asks for the next hop's MAC address", nil, ""},
	"ip6-discover-neighbor":   {"asks for the next hop's MAC address", nil, ""},
	"ip4-rx-urpf-loose":       {"checks that its source belongs here", nil, ""},
	"ip4-rx-urpf-strict":      {"checks that its source belongs here", nil, ""},
	"ip4-frag":                {"cuts it into fragments", nil, ""},
	"ip4-icmp-error":          {"answers with an ICMP error", nil, ""},
	"ip4-icmp-echo-request":   {"answers the ping itself", nil, ""},
	"ip4-drop":                {"drops it", nil, ""},
	"error-drop":              {"drops it", nil, ""},
	"l2-fwd":                  {"switches it by MAC address", nil, ""},
}

// explain returns the node's phrase; "" if it did nothing worth telling.
func (g GraphNode) explain() string {
	ph, ok := phrases[g.Name]
	if !ok {
		ph, ok = phrases[strings.NewReplacer("ip6-", "ip4-", "vxlan6-", "vxlan4-").Replace(g.Name)]
	}
	if !ok {
		return ""
	}
	if ph.number != nil {
		if m := ph.number.FindStringSubmatch(g.Trace()); m != nil {
			return fmt.Sprintf("%s %s %s", ph.words, ph.unit, m[1])
		}
	}
	return ph.words
}
