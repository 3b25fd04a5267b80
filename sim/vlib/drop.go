package vlib

import "strconv"

// ErrorTrace is what error-drop and error-punt record.
type ErrorTrace struct {
	// RxSwIf is the interface the packet came from and RxName its name.
	RxSwIf uint32
	RxName string
}

// Format renders as VPP's format_vnet_error_trace does.
func (e ErrorTrace) Format() string { return "rx:" + e.RxName }

// DropTrace is what drop and punt record.
type DropTrace struct {
	// Node raised Error, a counter's description; Error is empty when the node
	// has no such counter.
	Node, Error string
	// RxSwIf is the interface the packet came from.
	RxSwIf uint32
}

// Format renders as VPP's format_error_trace does.
func (d DropTrace) Format() string {
	if d.Error == "" {
		return ""
	}
	return d.Node + ": " + d.Error
}

// addDiscard adds the pair of nodes that throw packets away: first tells the
// interface, last counts the error and frees the packet.
func (g *Graph) addDiscard(first, last string, punted bool) *Node {
	end := g.MustAdd(Registration{Name: last, Func: g.discard})
	return g.MustAdd(Registration{Name: first, Nexts: []string{last}, Func: func(n *Node, bufs []*Buffer) {
		for _, b := range bufs {
			if b.Trace != nil {
				b.Trace.Add(n, ErrorTrace{RxSwIf: b.RxSwIf, RxName: g.rxName(b.RxSwIf)})
			}
			if g.OnDrop != nil {
				g.OnDrop(b, punted)
			}
			n.hand(b, end)
		}
	}})
}

func (g *Graph) rxName(swIf uint32) string {
	if g.RxName != nil {
		return g.RxName(swIf)
	}
	return strconv.FormatUint(uint64(swIf), 10)
}

// discard counts each buffer's error on the node that raised it and frees it.
func (g *Graph) discard(at *Node, bufs []*Buffer) {
	for _, b := range bufs {
		from := g.nodes[b.ErrorNode]
		if int(b.ErrorCode) < len(from.counters) {
			from.counters[b.ErrorCode]++
		}
		if b.Trace != nil {
			b.Trace.Add(at, DropTrace{Node: from.Name, Error: from.errorText(b.ErrorCode), RxSwIf: b.RxSwIf})
		}
		g.Free(b)
	}
}

func (n *Node) errorText(code uint16) string {
	if int(code) < len(n.errors) {
		return n.errors[code].Desc
	}
	return ""
}
