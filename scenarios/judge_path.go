package scenarios

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// paths judges the way of the packets: of all that were received, or, if none is expected to be, of all.
func (j *judgement) paths() {
	e := j.expect
	if len(e.Through)+len(e.On)+len(e.Graph) == 0 {
		return
	}
	looked := 0
	for i, p := range j.result.Packets {
		if e.result() == Reachable && len(j.arrivals(p)) == 0 || p.SendError != "" {
			continue
		}
		looked++
		if len(p.Path) == 0 {
			j.fail(nil, "the backend does not know the path of packet %d", i+1)
			continue
		}
		j.path(i, p.Path)
	}
	if looked == 0 && len(j.failures) == 0 { // else their loss has been told already
		j.fail(nil, "there is no packet whose path could be looked at")
	}
}

func (j *judgement) path(i int, path Path) {
	e := j.expect
	if got := path.forwarders(); len(e.Through) > 0 && !slices.Equal(got, e.Through) {
		j.fail(path, "packet %d went through %s; expected %s", i+1, orText(strings.Join(got, ", "), "nothing"), strings.Join(e.Through, ", "))
	}
	if missing := notVisited(path.graph(), e.Graph); missing != "" {
		j.fail(path, "packet %d did not visit graph node %s (in the order %s)", i+1, missing, strings.Join(e.Graph, ", "))
	}
	for _, w := range e.On {
		j.wire(i, path, w)
	}
}

// forwarders returns the nodes and routers on a path in order, each stay at one of them once.
func (p Path) forwarders() []string {
	var out []string
	for _, h := range p {
		if (h.Kind == HopVPP || h.Kind == HopRouted) && (len(out) == 0 || out[len(out)-1] != h.Where) {
			out = append(out, h.Where)
		}
	}
	return out
}

// graph returns the names of all graph nodes visited on a path, in order.
func (p Path) graph() []string {
	var out []string
	for _, h := range p {
		for _, g := range h.Graph {
			out = append(out, g.Name)
		}
	}
	return out
}

// notVisited returns the first of want that does not occur in got after those before it; "" if all do.
func notVisited(got, want []string) string {
	for _, w := range want {
		i := slices.Index(got, w)
		if i < 0 {
			return w
		}
		got = got[i+1:]
	}
	return ""
}

// wire judges what the packet looked like on one segment. A packet that crosses the segment more than once is judged each time.
func (j *judgement) wire(i int, path Path, w WireSpec) {
	segment := w.Segment
	crossings := map[string][]Hop{}
	var order []string
	for _, h := range path {
		if h.Kind == HopLink && h.Where == segment {
			if crossings[h.Interface] == nil {
				order = append(order, h.Interface)
			}
			crossings[h.Interface] = append(crossings[h.Interface], h)
		}
	}
	if w.Absent {
		if len(order) > 0 {
			j.fail(path, "packet %d crossed segment %s; expected that it does not", i+1, segment)
		}
		return
	}
	if len(order) == 0 {
		j.fail(path, "packet %d did not cross segment %s", i+1, segment)
		return
	}
	for _, card := range order {
		j.crossing(i, path, w, crossings[card])
	}
}

// crossing judges the frames that one card sent of a packet.
func (j *judgement) crossing(i int, path Path, w WireSpec, frames []Hop) {
	if w.Fragments != nil && !w.Fragments.has(len(frames)) {
		j.fail(path, "packet %d took %d frames on segment %s; expected %s", i+1, len(frames), frames[0].Where, w.Fragments)
	}
	for _, f := range frames {
		if why := j.frame(w, f); why != "" {
			j.fail(path, "packet %d on segment %s, sent by %s, %s", i+1, f.Where, f.Interface, why)
			return
		}
	}
}

// frame returns what is wrong with one frame; "" if nothing.
func (j *judgement) frame(w WireSpec, f Hop) string {
	enc := f.Packet.Encap
	if length := f.Packet.wireLength(); w.MaxLength > 0 && length > w.MaxLength {
		return fmt.Sprintf("has %d bytes; expected at most %d", length, w.MaxLength)
	}
	if w.Plain {
		if enc != nil {
			return fmt.Sprintf("is in %s with VNI %d; expected that it is not encapsulated", enc.Kind, enc.VNI)
		}
		return ""
	}
	vni, hasVNI := j.wantedVNI(w)
	if !hasVNI && w.Source == "" && w.Destination == "" && w.Port == 0 {
		return ""
	}
	if enc == nil {
		return "is not encapsulated; expected VXLAN"
	}
	return cmp.Or(
		differs(hasVNI && int(enc.VNI) != vni, "VNI", enc.VNI, vni),
		j.outer(w.Source, "outer source", enc.Source),
		j.outer(w.Destination, "outer destination", enc.Destination),
		differs(w.Port != 0 && int(enc.Port) != w.Port, "outer port", enc.Port, w.Port),
	)
}

func differs(wrong bool, what string, got, want any) string {
	if !wrong {
		return ""
	}
	return fmt.Sprintf("has %s %v; expected %v", what, got, want)
}

func (j *judgement) wantedVNI(w WireSpec) (int, bool) {
	switch {
	case w.VNI != nil:
		return *w.VNI, true
	case w.Network != "":
		return j.vni(w.Network), true
	}
	return 0, false
}

func (j *judgement) outer(ref, what string, got netip.Addr) string {
	if ref == "" {
		return ""
	}
	return differs(!slices.Contains(j.addresses(ref), got), what, got, j.addressText(ref))
}

// wireLength is the length of the IP packet on the wire, the outer one if there are two.
func (p PacketInfo) wireLength() int {
	if p.Encap != nil {
		return p.Encap.Length
	}
	return p.Length
}

// hops judges who answered a traceroute.
func (j *judgement) hops() {
	if len(j.expect.Hops) == 0 {
		return
	}
	var got []string
	ok := len(j.result.Packets) == len(j.expect.Hops)
	for i, p := range j.result.Packets {
		from := netip.Addr{}
		if len(p.Errors) > 0 {
			from = p.Errors[0].From
		} else if len(p.Replies) > 0 {
			from = p.Replies[0].From
		}
		if !from.IsValid() {
			got = append(got, "?")
		} else {
			got = append(got, from.String())
		}
		if ok && j.expect.Hops[i] != "?" {
			ok = slices.Contains(j.addresses(j.expect.Hops[i]), from)
		} else if ok {
			ok = !from.IsValid()
		}
	}
	if !ok {
		j.fail(j.result.Packets[len(j.result.Packets)-1].Path, "answered by %s; expected %s", strings.Join(got, ", "), strings.Join(j.expect.Hops, ", "))
	}
}

// dropped judges where packets that nobody received have ended.
func (j *judgement) dropped() {
	want := j.expect.Dropped
	if want == nil {
		return
	}
	for i, p := range j.result.Packets {
		if p.SendError != "" {
			continue
		}
		fits := slices.ContainsFunc(p.Path, func(h Hop) bool {
			return h.Kind == HopDropped && (want.At == "" || h.at(want.At)) && strings.Contains(h.Reason, want.Reason)
		})
		if !fits {
			hop, dropped := p.Path.end()
			got := "it was not dropped"
			if dropped {
				got = fmt.Sprintf("it was dropped at %s: %s", hop.Where, hop.Reason)
			}
			j.fail(p.Path, "packet %d should have been dropped%s%s, but %s", i+1, prefixed(" at ", want.At), prefixed(" because of ", want.Reason), got)
			return
		}
	}
}

// at reports whether a hop is at a place as scenarios name it: a node means its VPP and its Linux side, a pod's interface the pod.
func (h Hop) at(place string) bool {
	where := h.Where
	for _, kind := range []EndpointKind{EndpointPod, EndpointNode, EndpointHost} {
		where = strings.TrimPrefix(where, string(kind)+" ")
		place = strings.TrimPrefix(place, string(kind)+" ")
	}
	return where == place || strings.HasPrefix(place, where+"/") || strings.HasPrefix(where, place+"/")
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
