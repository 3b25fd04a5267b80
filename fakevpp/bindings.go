package fakevpp

// The bindings whose messages the handlers serve. They register themselves; a
// program that links others, of another VPP version or with private messages,
// adds those to the double's API.
import (
	_ "go.fd.io/govpp/binapi/abf"
	_ "go.fd.io/govpp/binapi/acl"
	_ "go.fd.io/govpp/binapi/af_packet"
	_ "go.fd.io/govpp/binapi/arp"
	_ "go.fd.io/govpp/binapi/arping"
	_ "go.fd.io/govpp/binapi/classify"
	_ "go.fd.io/govpp/binapi/feature"
	_ "go.fd.io/govpp/binapi/fib"
	_ "go.fd.io/govpp/binapi/graph"
	_ "go.fd.io/govpp/binapi/gso"
	_ "go.fd.io/govpp/binapi/interface"
	_ "go.fd.io/govpp/binapi/ip"
	_ "go.fd.io/govpp/binapi/ip6_nd"
	_ "go.fd.io/govpp/binapi/ip_neighbor"
	_ "go.fd.io/govpp/binapi/l2"
	_ "go.fd.io/govpp/binapi/memclnt"
	_ "go.fd.io/govpp/binapi/memif"
	_ "go.fd.io/govpp/binapi/pg"
	_ "go.fd.io/govpp/binapi/ping"
	_ "go.fd.io/govpp/binapi/punt"
	_ "go.fd.io/govpp/binapi/rd_cp"
	_ "go.fd.io/govpp/binapi/span"
	_ "go.fd.io/govpp/binapi/tapv2"
	_ "go.fd.io/govpp/binapi/tracedump"
	_ "go.fd.io/govpp/binapi/tracenode"
	_ "go.fd.io/govpp/binapi/urpf"
	_ "go.fd.io/govpp/binapi/vlib"
	_ "go.fd.io/govpp/binapi/vpe"
	_ "go.fd.io/govpp/binapi/vxlan"
)
