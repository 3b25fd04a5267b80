package scenarios_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/vpptwin/vpptwin/internal/fakebackend"
	"github.com/vpptwin/vpptwin/scenarios"
)

// cluster is two nodes with four pods: a and c on node1, b and d on node2, each in blue (eth1), and d in red (eth2), too; e on node1 is in red alone.
const cluster = `
topology:
  hosts: [{name: outside}]
manifests:
  - file: manifests/networks.yaml
  - file: manifests/attachments.yaml
  - inline: |
      {apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {k8s.v1.cni.cncf.io/networks: network-blue-conf@eth1}}, spec: {nodeName: node1}}
      ---
      {apiVersion: v1, kind: Pod, metadata: {name: b, annotations: {k8s.v1.cni.cncf.io/networks: network-blue-conf@eth1}}, spec: {nodeName: node2}}
      ---
      {apiVersion: v1, kind: Pod, metadata: {name: c, annotations: {k8s.v1.cni.cncf.io/networks: network-blue-conf@eth1}}, spec: {nodeName: node1}}
      ---
      {apiVersion: v1, kind: Pod, metadata: {name: d, annotations: {k8s.v1.cni.cncf.io/networks: "network-blue-conf@eth1,network-red-conf@eth2"}}, spec: {nodeName: node2}}
      ---
      {apiVersion: v1, kind: Pod, metadata: {name: e, annotations: {k8s.v1.cni.cncf.io/networks: network-red-conf@eth1}}, spec: {nodeName: node1}}
      ---
      {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2, template: {spec: {}}}}
steps:
`

func parse(t *testing.T, steps string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse(scenarios.Library(), "x.yaml", []byte(cluster+steps))
	require.NoError(t, err)
	return s
}

// step runs a scenario of one step on b and returns that step's verdict.
func step(t *testing.T, b scenarios.Backend, text string) scenarios.StepVerdict {
	t.Helper()
	v := scenarios.Execute(t.Context(), b, parse(t, "- name: s\n  "+text+"\n"), scenarios.Options{}, scenarios.Quiet{})
	require.Empty(t, v.Reason)
	require.Len(t, v.Steps, 2)
	require.Equal(t, scenarios.Passed, v.Steps[0].Status, "%v", v.Steps[0].Failures)
	return v.Steps[1]
}

type spoil = func(p scenarios.Probe, r *scenarios.ProbeResult)

// each changes every packet.
func each(f func(*scenarios.PacketResult)) spoil {
	return func(_ scenarios.Probe, r *scenarios.ProbeResult) {
		for i := range r.Packets {
			f(&r.Packets[i])
		}
	}
}

func silence(p *scenarios.PacketResult) {
	*p = scenarios.PacketResult{TTL: p.TTL, Path: p.Path[:len(p.Path)-1]}
}

func dropHere(p *scenarios.PacketResult) {
	silence(p)
	p.Path = append(p.Path, scenarios.Hop{Kind: scenarios.HopDropped, Where: "node2", Reason: "vxlan4-input: no such tunnel"})
}

func stray(p *scenarios.PacketResult) {
	p.Delivered = append(p.Delivered, scenarios.Delivery{At: scenarios.Endpoint{Kind: scenarios.EndpointPod, Namespace: "default", Name: "e", Interface: "eth1"}})
}

func delivery(f func(*scenarios.Delivery)) spoil {
	return each(func(p *scenarios.PacketResult) {
		for i := range p.Delivered {
			f(&p.Delivered[i])
		}
	})
}

// link changes what is seen on the fabric.
func link(f func(*scenarios.Hop)) spoil {
	return each(func(p *scenarios.PacketResult) {
		for i := range p.Path {
			if p.Path[i].Kind == scenarios.HopLink {
				f(&p.Path[i])
			}
		}
	})
}

func icmp(kind, code uint8, mtu int) func(p *scenarios.PacketResult) {
	return func(p *scenarios.PacketResult) {
		silence(p)
		p.Errors = []scenarios.ICMPError{{From: netip.MustParseAddr("192.168.0.1"), Type: kind, Code: code, MTU: mtu}}
	}
}

// Each kind of expectation holds on an ideal network, or on the network it is about, and fails, for its own reason, on one that is not.
func TestExpectationsCanFail(t *testing.T) {
	t.Parallel()
	unreachable := each(icmp(3, 4, 1300))
	for _, tc := range []struct {
		name, step string
		good, bad  spoil
		reason     string // of the first failure
	}{
		{"reachable", "ping: {from: a/eth1, to: b/eth1}", nil, each(silence), "1 of 1 packets lost; expected none: the packet was last seen at node2"},
		{"reachable, dropped", "ping: {from: a/eth1, to: b/eth1}", nil, each(dropHere),
			"1 of 1 packets lost; expected none: the packet was dropped at node2: vxlan4-input: no such tunnel"},
		{"nothing sent", "ping: {from: a/eth1, to: b/eth1}", nil, func(_ scenarios.Probe, r *scenarios.ProbeResult) { r.Packets = nil }, "the backend sent nothing"},
		{"refused by sender", "ping: {from: a/eth1, to: b/eth1}", nil, each(func(p *scenarios.PacketResult) { silence(p); p.SendError = "no route to host" }),
			"packet 1 was not sent: no route to host"},
		{"refused by sender once", "ping: {from: a/eth1, to: b/eth1, count: 2, expect: {loss: 50%}}",
			func(_ scenarios.Probe, r *scenarios.ProbeResult) {
				silence(&r.Packets[0])
				r.Packets[0].SendError = "no route to host"
			},
			each(func(p *scenarios.PacketResult) { silence(p); p.SendError = "no route to host" }), "packet 1 was not sent: no route to host"},
		{"answer", "udp: {from: a/eth1, to: b/eth1}", nil, each(func(p *scenarios.PacketResult) { p.Replies, p.ReplyPath = nil, nil }),
			"1 of 1 packets lost; expected none: it was received by pod b/eth1, but the answer did not come back"},
		{"no answer", "udp: {from: a/eth1, to: b/eth1, expect: {answered: false}}", each(func(p *scenarios.PacketResult) { p.Replies = nil }), nil,
			"packet 1 was answered; expected no answer"},
		{"answered false is not silence", "udp: {from: a/eth1, to: b/eth1, expect: {answered: false}}", each(func(p *scenarios.PacketResult) { p.Replies = nil }), each(silence),
			"1 of 1 packets lost; expected none: the packet was last seen at node2"},
		{"all lost is never reachable", "ping: {from: a/eth1, to: b/eth1, count: 2, expect: {loss: 100%}}", nil, each(silence),
			"2 of 2 packets lost; expected at most 100%: the packet was last seen at node2"},
		{"least loss", "ping: {from: a/eth1, to: b/eth1, count: 2, expect: {loss: {min: 50%, max: 50%}}}",
			func(_ scenarios.Probe, r *scenarios.ProbeResult) { silence(&r.Packets[1]) }, nil, "0 of 2 packets lost; expected 50% to 50%"},
		{"stray", "ping: {from: a/eth1, to: b/eth1}", nil, each(stray), "packet 1 was received by pod e/eth1, which nobody expected"},
		{"stray allowed", "ping: {from: a/eth1, to: b/eth1, expect: {strays: true}}", each(stray), each(silence), "1 of 1 packets lost; expected none: the packet was last seen at node2"},
		{"duplicate", "ping: {from: a/eth1, to: b/eth1}", nil, each(func(p *scenarios.PacketResult) { p.Delivered = append(p.Delivered, p.Delivered[0]) }),
			"1 extra arrivals of 1 packets; expected none"},
		{"tcp data", "tcp: {from: a/eth1, to: b/eth1, size: 5000, family: ipv4}", nil, each(func(p *scenarios.PacketResult) { p.TCP.Echoed = 4999; p.ReplyPath = nil }),
			"1 of 1 packets lost; expected none: the connection: established true, 5000 bytes there, 4999 back, closed true, reset false"},
		{"tcp, first SYN lost", "tcp: {from: a/eth1, to: b/eth1, family: ipv4}", each(func(p *scenarios.PacketResult) {
			p.Delivered, p.Path = nil, append(p.Path[:2], scenarios.Hop{Kind: scenarios.HopDropped, Where: "fabric", Reason: "lost"})
		}), each(func(p *scenarios.PacketResult) { p.Delivered, p.TCP.Established = nil, false }),
			"1 of 1 packets lost; expected none: the packet was last seen at pod b/eth1"},
		{"rtt", "ping: {from: a/eth1, to: b/eth1, expect: {rtt: 2ms}}", nil, each(func(p *scenarios.PacketResult) { p.Replies[0].RTT++ }),
			"round trip of packet 1 took 2.000001ms; expected 0s to 2ms"},
		{"ttl", "ping: {from: a/eth1, to: b/eth1, expect: {ttl: 62}}", nil, delivery(func(d *scenarios.Delivery) { d.TTL++ }), "packet 1 was received with TTL 63; expected 62"},
		{"source", "ping: {from: a/eth1, to: b/eth1, family: ipv4, expect: {source: a/eth1}}", nil, delivery(func(d *scenarios.Delivery) { d.Source = netip.MustParseAddr("192.168.0.1") }),
			"packet 1 was received with source 192.168.0.1; expected a/eth1 (172.19.0.1, fd00:172:19::1)"},
		{"dscp", "ping: {from: a/eth1, to: b/eth1, dscp: 46, expect: {dscp: 46}}", nil, delivery(func(d *scenarios.Delivery) { d.DSCP = 0 }), "packet 1 was received with DSCP 0; expected 46"},
		{"fragments", "ping: {from: a/eth1, to: b/eth1, expect: {fragments: 1}}", nil, delivery(func(d *scenarios.Delivery) { d.Fragments = 2 }),
			"packet 1 was received with fragments 2; expected 1"},
		{"content", "ping: {from: a/eth1, to: b/eth1}", nil, delivery(func(d *scenarios.Delivery) { d.Corrupt = true }), "packet 1 was received with its content changed; expected as sent"},
		{"size", "ping: {from: a/eth1, to: b/eth1, size: 100}", nil, delivery(func(d *scenarios.Delivery) { d.Size = 99 }), "packet 1 was received with payload bytes 99; expected 100"},
		{"through", "ping: {from: a/eth1, to: b/eth1, expect: {through: [node1, node2]}}", nil, each(func(p *scenarios.PacketResult) { p.Path = append(p.Path[:2], p.Path[4:]...) }),
			"packet 1 went through node1; expected node1, node2"},
		{"path unknown", "ping: {from: a/eth1, to: b/eth1, expect: {through: [node1, node2]}}", nil, each(func(p *scenarios.PacketResult) { p.Path = nil }),
			"the backend does not know the path of packet 1"},
		{"graph", "ping: {from: a/eth1, to: b/eth1, expect: {graph: [ip4-lookup, ip4-rewrite]}}", nil, each(func(p *scenarios.PacketResult) { p.Path[1].Graph = p.Path[1].Graph[1:2] }),
			"packet 1 did not visit graph node ip4-rewrite (in the order ip4-lookup, ip4-rewrite)"},
		{"vni", "ping: {from: a/eth1, to: b/eth1, expect: {on: [{vni: 56}]}}", nil, link(func(h *scenarios.Hop) { h.Packet.Encap.VNI = 88 }),
			"packet 1 on segment fabric, sent by node1/eth0, has VNI 88; expected 56"},
		{"vni of network", "ping: {from: a/eth1, to: b/eth1, expect: {on: [{network: blue}]}}", nil, link(func(h *scenarios.Hop) { h.Packet.Encap = nil }),
			"packet 1 on segment fabric, sent by node1/eth0, is not encapsulated; expected VXLAN"},
		{"outer addresses", "ping: {from: a/eth1, to: b/eth1, family: ipv4, expect: {on: [{source: node1, destination: node2}]}}", nil,
			link(func(h *scenarios.Hop) { h.Packet.Encap.Destination = netip.MustParseAddr("192.168.0.3") }),
			"packet 1 on segment fabric, sent by node1/eth0, has outer destination 192.168.0.3; expected node2 (192.168.0.2, fd00:192:168::2)"},
		{"outer port", "ping: {from: a/eth1, to: b/eth1, expect: {on: [{port: 4789}]}}", nil, link(func(h *scenarios.Hop) { h.Packet.Encap.Port = 8472 }),
			"packet 1 on segment fabric, sent by node1/eth0, has outer port 8472; expected 4789"},
		{"plain", "ping: {from: a, to: b, expect: {on: [{plain: true}]}}", nil, link(func(h *scenarios.Hop) { h.Packet.Encap = &scenarios.Encap{Kind: "vxlan", VNI: 1} }),
			"packet 1 on segment fabric, sent by node1/eth0, is in vxlan with VNI 1; expected that it is not encapsulated"},
		{"not on wire", "ping: {from: a/eth1, to: c/eth1, expect: {on: [{absent: true}]}}", nil,
			each(func(p *scenarios.PacketResult) {
				p.Path = append(p.Path, scenarios.Hop{Kind: scenarios.HopLink, Where: "fabric"})
			}),
			"packet 1 crossed segment fabric; expected that it does not"},
		{"on wire at all", "ping: {from: a/eth1, to: b/eth1, expect: {on: [{vni: 56}]}}", nil, link(func(h *scenarios.Hop) { h.Where = "other" }), "packet 1 did not cross segment fabric"},
		{"frames", "ping: {from: a/eth1, to: b/eth1, expect: {on: [{fragments: 1}]}}", nil, each(func(p *scenarios.PacketResult) { p.Path = append(p.Path, p.Path[2]) }),
			"packet 1 took 2 frames on segment fabric; expected 1"},
		{"length", "ping: {from: a/eth1, to: b/eth1, expect: {on: [{maxLength: 134}]}}", nil, link(func(h *scenarios.Hop) { h.Packet.Encap.Length = 135 }),
			"packet 1 on segment fabric, sent by node1/eth0, has 135 bytes; expected at most 134"},
		{"unexpected error", "ping: {from: a/eth1, to: b/eth1}", nil, each(func(p *scenarios.PacketResult) {
			p.Errors = []scenarios.ICMPError{{From: netip.MustParseAddr("192.168.0.1"), Type: 11}}
		}), "packet 1 was answered with time-exceeded by 192.168.0.1, which nobody expected"},
		{"refused udp", "udp: {from: a/eth1, to: b/eth1, closed: true, expect: refused}", nil, each(func(p *scenarios.PacketResult) { p.Errors = nil }),
			"the sender got no port-unreachable for packet 1"},
		{"refused tcp", "tcp: {from: a/eth1, to: b/eth1, closed: true, expect: refused}", nil, each(func(p *scenarios.PacketResult) { p.TCP.Reset = false }), "connection 1 was not reset"},
		{"refused is not silence", "udp: {from: a/eth1, to: b/eth1, closed: true, expect: refused}", nil, each(silence),
			"packet 1 was not received: the packet was last seen at node2; expected that it is, and refused"},
		{"unreachable", "ping: {from: a/eth1, to: b/eth1, family: ipv4, expect: unreachable}", unreachable, nil, "packet 1 was received by pod b/eth1; expected that nobody receives it"},
		{"unreachable is not silence", "ping: {from: a/eth1, to: b/eth1, expect: unreachable}", unreachable, each(silence),
			"the sender got no ICMP error for packet 1: the packet was last seen at node2"},
		{"too big", "ping: {from: a/eth1, to: b/eth1, expect: {result: unreachable, icmp: {type: too-big, from: node1, mtu: 1300}}}", unreachable, each(icmp(3, 4, 1200)),
			"0 of 1 packets caused too-big from node1 (192.168.0.1, fd00:192:168::1) with MTU 1300; the sender got too-big from 192.168.0.1 mtu 1200"},
		{"no route", "ping: {from: a/eth1, to: b/eth1, expect: {result: unreachable, icmp: {type: no-route}}}", each(icmp(3, 0, 0)), unreachable,
			"0 of 1 packets caused no-route; the sender got too-big from 192.168.0.1 mtu 1300"},
		{"dropped", "ping: {from: a/eth1, to: e/eth1, expect: {result: isolated, dropped: {at: node1, reason: no route}}, proof: {from: d/eth2}}", nil,
			func(p scenarios.Probe, r *scenarios.ProbeResult) {
				if p.From.Name == "a" {
					each(dropHere)(p, r)
				}
			}, "packet 1 should have been dropped at node1 because of no route, but it was dropped at node2: vxlan4-input: no such tunnel"},
		{"dropped by the receiver", "ping: {from: a/eth1, to: b/eth1, expect: {result: isolated, dropped: {at: b/eth1}}, proof: {from: d/eth1}}",
			func(p scenarios.Probe, r *scenarios.ProbeResult) {
				if p.From.Name == "a" {
					each(func(p *scenarios.PacketResult) {
						silence(p)
						p.Path = append(p.Path, scenarios.Hop{Kind: scenarios.HopDropped, Where: "pod b", Reason: "bad checksum"})
					})(p, r)
				}
			}, func(p scenarios.Probe, r *scenarios.ProbeResult) {
				if p.From.Name == "a" {
					each(dropHere)(p, r)
				}
			}, "packet 1 should have been dropped at b/eth1, but it was dropped at node2: vxlan4-input: no such tunnel"},
		{"isolated", "ping: {from: a/eth1, to: e/eth1, expect: isolated, proof: {from: d/eth2}}", nil,
			func(p scenarios.Probe, r *scenarios.ProbeResult) {
				if p.From.Name == "a" {
					each(stray)(p, r)
				}
			}, "packet 1 was received by pod e/eth1; expected isolation"},
		{"isolated, answered", "ping: {from: a/eth1, to: e/eth1, expect: isolated, proof: {from: d/eth2}}", nil,
			func(p scenarios.Probe, r *scenarios.ProbeResult) {
				if p.From.Name == "a" {
					each(func(p *scenarios.PacketResult) { p.Replies = []scenarios.Reply{{}} })(p, r)
				}
			}, "packet 1 was answered; expected isolation"},
		{"isolated in a dead network", "ping: {from: a/eth1, to: e/eth1, expect: isolated, proof: {from: d/eth2}}", nil, each(silence),
			"the proof failed, so isolation would prove nothing: 1 of 1 packets lost; expected none: the packet was last seen at node1"},
		{"traceroute", "traceroute: {from: a/eth1, to: b/eth1, family: ipv4, expect: {hops: [b/eth1]}}", nil, each(func(p *scenarios.PacketResult) {
			p.Errors[0].From = netip.MustParseAddr("10.9.9.9")
		}), "answered by 10.9.9.9; expected b/eth1"},
		{"matrix, reachable", "matrix: {networks: [blue], expect: reachable}", nil, func(p scenarios.Probe, r *scenarios.ProbeResult) {
			if p.From.Name == "c" && p.To.Name == "d" {
				each(silence)(p, r)
			}
		}, "1 of 1 packets lost; expected none: the packet was last seen at node2"},
		{"matrix, isolated", "matrix: {expect: by-network}", nil, func(p scenarios.Probe, r *scenarios.ProbeResult) {
			if p.From.Name == "a" && p.From.Interface == "eth1" && p.To.Name == "e" && p.To.Interface == "eth1" {
				each(stray)(p, r)
			}
		}, "crossed from network blue to red: received by pod e/eth1"},
		{"matrix in a dead network", "matrix: {among: [a/eth1, b/eth1, d/eth2, e/eth1]}", nil, func(p scenarios.Probe, r *scenarios.ProbeResult) {
			if p.From.Name == "e" || p.To.Name == "e" {
				each(silence)(p, r)
			}
		}, "1 of 1 packets lost; expected none: the packet was last seen at node1"},
		{"destination by address", "ping: {from: a/eth1, to: 172.19.0.2}", nil, each(silence), "1 of 1 packets lost; expected none: the packet was last seen at node2"},
		{"receiver by address", "ping: {from: a/eth1, to: 172.19.0.2, receiver: b/eth1}", nil, each(stray), "packet 1 was received by pod e/eth1, which nobody expected"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			b := fakebackend.New()
			b.Spoil = tc.good
			good := step(t, b, tc.step)
			require.Equal(t, scenarios.Passed, good.Status, "%v", good.Failures)
			b = fakebackend.New()
			b.Spoil = tc.bad
			bad := step(t, b, tc.step)
			require.Equal(t, scenarios.Failed, bad.Status)
			require.Equal(t, tc.reason, bad.Failures[0].Reason)
		})
	}
}

func TestMatrixWithoutProofFails(t *testing.T) {
	t.Parallel()
	v := step(t, fakebackend.New(), "matrix: {among: [a/eth1, b/eth1, e/eth1]}")
	require.Equal(t, scenarios.Failed, v.Status)
	require.Equal(t, "nothing proves that pod e/eth1 can receive ipv4 packets at all, so its isolation means nothing; expected another endpoint of its network in the matrix",
		v.Failures[0].Reason)
}

func TestTextExpectations(t *testing.T) {
	t.Parallel()
	dump := "create vxlan tunnel src 1.1.1.1 dst 2.2.2.2 vni 56\nset interface state  tun1 up\nset interface state tun2 up\n"
	for _, tc := range []struct{ good, bad, reason string }{
		{"contains: set interface state tun1 up", "contains: tun3", "node1: does not contain \"tun3\"; it is:\n" + strings.TrimSuffix(dump, "\n")},
		{"excludes: tun3", "excludes: vni 56", `node1: contains "vni 56"`},
		{`matches: '^create .* vni \d+$'`, `matches: '^vni'`, "node1: does not match \"^vni\"; it is:\n" + strings.TrimSuffix(dump, "\n")},
		{"count: {of: set interface state, lines: 2}", "count: {of: tun, lines: 2}", `node1: has 3 lines with "tun"; expected 2`},
		{"equals: \"" + strings.ReplaceAll(dump, "\n", `\n`) + "\"", `equals: "set interface state  tun1 up\n"`,
			"node1: is not as expected:\n+ create vxlan tunnel src 1.1.1.1 dst 2.2.2.2 vni 56\n+ set interface state tun2 up"},
	} {
		t.Run(tc.bad, func(t *testing.T) {
			t.Parallel()
			b := fakebackend.New()
			b.DumpText = map[string]string{"node1": dump}
			require.Equal(t, scenarios.Passed, step(t, b, "dump: {node: node1, "+tc.good+"}").Status)
			require.Equal(t, scenarios.Passed, step(t, b, "wait: {until: {cli: {node: node1, command: show version, contains: show version}}}").Status)
			v := step(t, b, "dump: {node: node1, "+tc.bad+"}")
			require.Equal(t, scenarios.Failed, v.Status)
			require.Equal(t, tc.reason, v.Failures[0].Reason)
		})
	}
}

// An empty dump means that nothing was asked, not that nothing is there.
func TestEmptyDumpFails(t *testing.T) {
	t.Parallel()
	b := fakebackend.New()
	b.DumpText = map[string]string{"node1": " \n"}
	v := step(t, b, "dump: {node: node1, excludes: vxlan}")
	require.Equal(t, scenarios.Failed, v.Status)
	require.Equal(t, "node1: the dump of VPP's configuration is empty", v.Failures[0].Reason)
}

// A whole run: changes reach the backend, saved texts are compared, a failed change stops what builds on it.
func TestChanges(t *testing.T) {
	t.Parallel()
	b := fakebackend.New()
	b.DumpText = map[string]string{"node1": "x\n"}
	s := parse(t, `
- {name: save, dump: {save: before}}
- {name: calls, api: {save: before}}
- {name: cut, cut: {of: node2}}
- {name: restore, restore: {segment: fabric}}
- {name: worse, quality: {of: node1, segment: fabric, loss: 50%}}
- {name: crash, crash: {vpp: node1}}
- {name: start, start: {vpp: node1}}
- {name: same, dump: {same: before}}
- {name: one, pod: {name: web-1, node: node2}}
- {name: scale, scale: {name: web, replicas: 3}}
- {name: three, pod: {name: web-2, interfaces: [eth0], within: ["10.244.0.0/16", "fd00::/16"]}}
- {name: messages, api: {writes: true, since: before, count: 1, errors: 0}}
- {name: delete, delete: {kind: Deployment, name: web}}
- {name: gone, pod: {name: web-0, phase: Absent}}
- {name: while, ping: {from: a/eth1, to: b/eth1, while: {restart: {agent: all}}}}
- {name: wait, wait: 1ms}
- {name: settled, wait: settled}
`)
	v := scenarios.Execute(t.Context(), b, s, scenarios.Options{}, scenarios.Quiet{})
	require.Equal(t, scenarios.Passed, v.Status, v.Text())
	var got []string
	for _, f := range b.Faults() {
		got = append(got, f.String())
	}
	require.Equal(t, []string{"cut of node2", "restore to fabric", "quality of node1 to fabric", "vpp-crash on node1", "vpp-start on node1",
		"agent-restart on node1", "agent-restart on node2"}, got)
}

func TestFailingAssertions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ step, reason string }{
		{"pod: {name: a, phase: Pending}", "pod a is Running; expected Pending"},
		{"pod: {name: a, node: node2}", "pod a is on node1; expected node2"},
		{"pod: {name: a/eth1, network: red}", "pod a/eth1 is in network blue; expected red"},
		{"pod: {name: a/eth1, addresses: 10.0.0.1}", ""},
		{"pod: {name: a/eth1, addresses: [10.0.0.1]}", "pod a/eth1 has the addresses [172.19.0.1 fd00:172:19::1]; expected [10.0.0.1]"},
		{"pod: {name: a/eth1, within: [172.19.0.0/16]}", "pod a/eth1 has the address fd00:172:19::1; expected one within [172.19.0.0/16]"},
		{"pod: {name: a, interfaces: [eth0]}", "pod a has the interfaces eth0, eth1; expected eth0"},
		{"pod: {name: a/eth1, sameAs: b/eth1}", "pod a/eth1 has the addresses [172.19.0.1 fd00:172:19::1], pod b/eth1 has [172.19.0.2 fd00:172:19::2]; expected the same"},
		{"api: {node: node1, message: ip_rout_add_del, count: 0}", `node1: VPP has no message "ip_rout_add_del"; expected the name of a request, such as ip_route_add_del`},
		{"api: {node: node1, message: ip_route_add_del, count: 0}", "node1: VPP received 13 messages; expected 0: ip_route_add_del 13 (0 errors)"},
		{"api: {node: node1, errors: {min: 1}}", "node1: VPP answered 0 messages with an error; expected at least 1: ip_route_add_del 13 (0 errors), show_version 1 (0 errors)"},
		{"ping: {from: a/eth1, to: 10.9.9.9}", "nobody in the sender's network has address 10.9.9.9; expected a receiver"},
		{"ping: {from: a/eth1, to: b/eth1, source: 10.0.0.1, family: ipv6}", "no ipv6 probe is possible: pod a/eth1 has [172.19.0.1 fd00:172:19::1], the target [172.19.0.2 fd00:172:19::2]"},
	} {
		t.Run(tc.step, func(t *testing.T) {
			t.Parallel()
			if tc.reason == "" {
				_, err := scenarios.Parse(scenarios.Library(), "x.yaml", []byte(cluster+"- name: s\n  "+tc.step+"\n"))
				require.ErrorContains(t, err, "expected a list")
				return
			}
			v := step(t, fakebackend.New(), tc.step)
			require.Equal(t, scenarios.Failed, v.Status)
			require.Equal(t, tc.reason, v.Failures[0].Reason)
		})
	}
}

func TestStopsAndLevels(t *testing.T) {
	t.Parallel()
	b := fakebackend.New()
	b.Spoil = each(silence)
	s := parse(t, `
- {name: warned, level: warning, ping: {from: a, to: b}}
- {name: fails, ping: {from: a, to: b}}
- {name: barrier, stopOnError: true, ping: {from: a, to: b}}
- {name: after, wait: 1ms}
`)
	v := scenarios.Execute(t.Context(), b, s, scenarios.Options{}, scenarios.Quiet{})
	var got []string
	for _, st := range v.Steps {
		got = append(got, st.Action+" "+string(st.Status))
	}
	require.Equal(t, []string{"setup passed", "ping warning", "ping failed", "ping failed", "wait not run"}, got)
	require.Equal(t, scenarios.Failed, v.Status)
}

func TestTroubleOutsideOfSteps(t *testing.T) {
	t.Parallel()
	s := parse(t, "- {name: w, wait: 1ms}\n")
	b := fakebackend.New()
	b.CloseError = errors.New("a buffer leaked")
	v := scenarios.Execute(t.Context(), b, s, scenarios.Options{}, scenarios.Quiet{})
	require.Equal(t, scenarios.Failed, v.Status)
	require.Equal(t, "closing the test bed: a buffer leaked", v.Reason)

	b = fakebackend.New()
	b.SettleError = errors.New("pod default/a on node1: no address left")
	v = scenarios.Execute(t.Context(), b, s, scenarios.Options{}, scenarios.Quiet{})
	require.Equal(t, scenarios.Failed, v.Status)
	require.Equal(t, "not settled: pod default/a on node1: no address left", v.Steps[0].Failures[0].Reason)
	require.Equal(t, scenarios.NotRun, v.Steps[1].Status)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v = scenarios.Execute(ctx, fakebackend.New(), s, scenarios.Options{}, scenarios.Quiet{})
	require.Equal(t, scenarios.Failed, v.Status)
}

func TestSkipsWhatTheBackendLacks(t *testing.T) {
	t.Parallel()
	b := fakebackend.New()
	b.Can = []scenarios.Capability{scenarios.CapHosts, scenarios.CapIPv6}
	v := scenarios.Execute(t.Context(), b, parse(t, "- {name: d, dump: {excludes: x}}\n- {name: c, restart: {vpp: node1}}\n"), scenarios.Options{}, scenarios.Quiet{})
	require.Equal(t, scenarios.Skipped, v.Status)
	require.Equal(t, `backend "fake" lacks dump, vpp-faults`, v.Reason)

	s, err := scenarios.Parse(fstest.MapFS{}, "x.yaml", []byte("topology: {nodes: 4}\nsteps: [{name: w, wait: 1ms}]"))
	require.NoError(t, err)
	v = scenarios.Execute(t.Context(), b, s, scenarios.Options{}, scenarios.Quiet{})
	require.Equal(t, `backend "fake" has at most 3 nodes, the scenario 4`, v.Reason)

	s, err = scenarios.Parse(fstest.MapFS{}, "x.yaml", []byte("steps: [{name: w, wait: 1ms}]"))
	require.NoError(t, err)
	v = scenarios.Execute(t.Context(), b, s, scenarios.Options{CaptureDir: t.TempDir()}, scenarios.Quiet{})
	require.Equal(t, `backend "fake" lacks capture`, v.Reason)
}

// A backend that only embeds the base types answers everything with an error that says so.
func TestBaseTypes(t *testing.T) {
	t.Parallel()
	type partial struct{ scenarios.Base }
	b := partial{scenarios.Base{BackendName: "partial"}}
	s, err := scenarios.Parse(nil, "x.yaml", []byte("topology: {families: ipv4}\nsteps: [{name: w, wait: 1ms}]"))
	require.NoError(t, err)
	v := scenarios.Execute(t.Context(), b, s, scenarios.Options{}, scenarios.Quiet{})
	require.Equal(t, scenarios.Failed, v.Status)
	require.Equal(t, `opening a test bed is not supported by backend "partial"`, v.Steps[0].Failures[0].Reason)
	_, err = scenarios.BaseBed{Base: b.Base}.Dump(t.Context(), "node1")
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestReports(t *testing.T) {
	t.Parallel()
	b := fakebackend.New()
	b.Spoil = func(p scenarios.Probe, r *scenarios.ProbeResult) {
		if p.To.Name == "b" {
			each(dropHere)(p, r)
		}
	}
	s := parse(t, "- {name: good, ping: {from: a/eth1, to: c/eth1}}\n- {name: bad, ping: {from: a/eth1, to: b/eth1, family: ipv4}}\n")
	v := scenarios.Execute(t.Context(), b, s, scenarios.Options{}, scenarios.Quiet{})
	v.Wall, v.Virtual = 0, 0
	for i := range v.Steps {
		v.Steps[i].Elapsed, v.Steps[i].At = 0, 0
	}
	require.Equal(t, `x (fake)
  ok   build the cluster and apply the manifests: 2 nodes, 12 objects
  ok   good: 2 sent, 2 received, 2 answered
  FAIL bad: 1 sent, 0 received, 0 answered
       ping pod a/eth1 -> pod b/eth1 172.19.0.2
       1 of 1 packets lost; expected none: the packet was dropped at node2: vxlan4-input: no such tunnel
       the packet's path:
              0s  sent      pod a/eth1 (eth1): 172.19.0.1 -> 172.19.0.2 icmp ttl 64 len 84
              0s  vpp       node1 (tun1 -> host-eth0): 172.19.0.1 -> 172.19.0.2 icmp ttl 64 len 84
           virtio-input > ip4-lookup > ip4-rewrite
              0s  link      fabric (node1/eth0 -> node2/eth0): 172.19.0.1 -> 172.19.0.2 icmp ttl 64 len 84 in vxlan vni 56 192.168.0.1 -> 192.168.0.2:4789 ttl 0 len 134
              0s  vpp       node2 (host-eth0 -> tun1): 172.19.0.1 -> 172.19.0.2 icmp ttl 64 len 84 in vxlan vni 56 192.168.0.1 -> 192.168.0.2:4789 ttl 0 len 134
              0s  dropped   node2: vxlan4-input: no such tunnel
  FAILED: 1 of 3 steps in 0s (0s of virtual time)
`, v.Text())

	var junit, js bytes.Buffer
	require.NoError(t, scenarios.WriteJUnit(&junit, v))
	require.Contains(t, junit.String(), `<testsuite name="x" tests="3" failures="1" errors="0" skipped="0" time="0.000000" file="x.yaml">`)
	require.Contains(t, junit.String(), `<failure message="1 of 1 packets lost`)
	require.NoError(t, scenarios.WriteJSON(&js, v))
	require.Contains(t, js.String(), `"status":"failed"`)
	require.Contains(t, js.String(), `"reason":"vxlan4-input: no such tunnel"`)
}
