package scenarios

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Duration is a time.Duration written as Go writes it: "10ms", "1m30s".
type Duration time.Duration

// maxDuration keeps sums of durations far from overflow.
const maxDuration = 10 * 365 * 24 * time.Hour

func (t *Duration) decodeNode(d *decoder, n *yaml.Node, path string) {
	v, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || v < 0 || v > maxDuration {
		d.wrong(n, path, "is %s; expected a duration such as 10ms, 2s or 1m30s", describe(n))
		return
	}
	*t = Duration(v)
}

// Ratio is a share from 0 to 1, written as a number or in percent.
type Ratio float64

func (r *Ratio) decodeNode(d *decoder, n *yaml.Node, path string) {
	text, percent := strings.CutSuffix(n.Value, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if percent {
		v /= 100
	}
	if n.Kind != yaml.ScalarNode || err != nil || !(v >= 0 && v <= 1) {
		d.wrong(n, path, "is %s; expected a share such as 5%% or 0.05", describe(n))
		return
	}
	*r = Ratio(v)
}

// RatioRange is a range of shares. In a file it may be its upper bound alone.
type RatioRange struct {
	Min Ratio `yaml:"min" doc:"Lower bound. Default: 0."`
	Max Ratio `yaml:"max" req:"true" doc:"Upper bound."`
}

func (r *RatioRange) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		r.Max.decodeNode(d, n, path)
		return
	}
	d.structure(n, reflect.ValueOf(r).Elem(), path)
	if r.Min > r.Max {
		d.wrong(n, path, "min is greater than max")
	}
}

func (r RatioRange) has(v float64) bool { return v >= float64(r.Min) && v <= float64(r.Max) }

func (r RatioRange) String() string {
	switch {
	case r.Max == 0:
		return "none"
	case r.Min == 0:
		return fmt.Sprintf("at most %s", percent(float64(r.Max)))
	}
	return fmt.Sprintf("%s to %s", percent(float64(r.Min)), percent(float64(r.Max)))
}

func percent(v float64) string { return strconv.FormatFloat(v*100, 'g', 3, 64) + "%" }

// TimeRange is a range of durations. In a file it may be its upper bound alone.
type TimeRange struct {
	Min Duration `yaml:"min" doc:"Lower bound. Default: 0."`
	Max Duration `yaml:"max" req:"true" doc:"Upper bound."`
}

func (r *TimeRange) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		r.Max.decodeNode(d, n, path)
		return
	}
	d.structure(n, reflect.ValueOf(r).Elem(), path)
	if r.Min > r.Max {
		d.wrong(n, path, "min is greater than max")
	}
}

func (r TimeRange) has(v time.Duration) bool {
	return v >= time.Duration(r.Min) && v <= time.Duration(r.Max)
}

func (r TimeRange) String() string {
	return fmt.Sprintf("%s to %s", time.Duration(r.Min), time.Duration(r.Max))
}

// IntRange is a range of whole numbers. In a file it may be one number: exactly that.
type IntRange struct {
	Min int  `yaml:"min" doc:"Lower bound. Default: 0."`
	Max *int `yaml:"max" doc:"Upper bound. Default: none."`
}

func (r *IntRange) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		d.scalar(n, reflect.ValueOf(&r.Min).Elem(), path)
		exact := r.Min
		r.Max = &exact
		return
	}
	d.structure(n, reflect.ValueOf(r).Elem(), path)
	if r.Max != nil && r.Min > *r.Max {
		d.wrong(n, path, "min is greater than max")
	}
}

func (r IntRange) has(v int) bool { return v >= r.Min && (r.Max == nil || v <= *r.Max) }

func (r IntRange) String() string {
	switch {
	case r.Max == nil:
		return fmt.Sprintf("at least %d", r.Min)
	case *r.Max == r.Min:
		return strconv.Itoa(r.Min)
	default:
		return fmt.Sprintf("%d to %d", r.Min, *r.Max)
	}
}

func (e *ExpectSpec) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind == yaml.ScalarNode {
		d.value(n, reflect.ValueOf(&e.Result).Elem(), path)
		return
	}
	d.structure(n, reflect.ValueOf(e).Elem(), path)
}

func (w *WaitSpec) decodeNode(d *decoder, n *yaml.Node, path string) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "settled":
		w.Settled = true
	case n.Kind == yaml.ScalarNode:
		v, err := time.ParseDuration(n.Value)
		if err != nil || v < 0 || v > maxDuration {
			d.wrong(n, path, "is %s; expected settled, a duration such as 5s, or a mapping with until", describe(n))
		}
		w.For = Duration(v)
	default:
		d.structure(n, reflect.ValueOf(w).Elem(), path)
	}
}

func (ns *NodesSpec) decodeNode(d *decoder, n *yaml.Node, path string) {
	if n.Kind != yaml.ScalarNode {
		d.plain(n, reflect.ValueOf(ns).Elem(), path)
		return
	}
	count, err := strconv.Atoi(n.Value)
	if err != nil || count < 1 || count > maxClusterNodes {
		d.wrong(n, path, "is %s; expected a number of nodes from 1 to %d, or a list of nodes", describe(n), maxClusterNodes)
		return
	}
	for i := range count {
		*ns = append(*ns, NodeSpec{Name: nodeName(i)})
	}
}

func (Capability) values() []string {
	var out []string
	for _, c := range AllCapabilities() {
		out = append(out, string(c))
	}
	return out
}

// The ICMP errors a scenario can name.
const (
	ICMPNetUnreachable  ICMPName = "no-route"         // ICMP 3/0 or 3/1 (or 11, 12); ICMPv6 1/0 or 1/3: no route, or nobody answers there
	ICMPPortUnreachable ICMPName = "port-unreachable" // ICMP 3/3; ICMPv6 1/4
	ICMPTooBig          ICMPName = "too-big"          // ICMP 3/4; ICMPv6 2/0
	ICMPTimeExceeded    ICMPName = "time-exceeded"    // ICMP 11/0; ICMPv6 3/0
	ICMPProhibited      ICMPName = "prohibited"       // ICMP 3/9, 3/10, 3/13; ICMPv6 1/1, 1/5, 1/6
)

func (ICMPName) values() []string {
	return []string{string(ICMPNetUnreachable), string(ICMPPortUnreachable), string(ICMPTooBig), string(ICMPTimeExceeded), string(ICMPProhibited)}
}

// Name returns the word for the error's type and code (RFC 792, RFC 1812 section 5.2.7.1, RFC 4443), or "icmp TYPE/CODE" if there is none.
func (e ICMPError) Name() ICMPName {
	type key struct {
		v6         bool
		kind, code uint8
	}
	switch (key{e.From.Is6(), e.Type, e.Code}) {
	case key{false, 3, 0}, key{false, 3, 1}, key{false, 3, 11}, key{false, 3, 12}, key{true, 1, 0}, key{true, 1, 3}:
		return ICMPNetUnreachable
	case key{false, 3, 3}, key{true, 1, 4}:
		return ICMPPortUnreachable
	case key{false, 3, 4}, key{true, 2, 0}:
		return ICMPTooBig
	case key{false, 11, 0}, key{true, 3, 0}:
		return ICMPTimeExceeded
	case key{false, 3, 9}, key{false, 3, 10}, key{false, 3, 13}, key{true, 1, 1}, key{true, 1, 5}, key{true, 1, 6}:
		return ICMPProhibited
	}
	return ICMPName(fmt.Sprintf("icmp %d/%d", e.Type, e.Code))
}
