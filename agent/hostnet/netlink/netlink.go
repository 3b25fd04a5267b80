//go:build linux

// Package netlink is hostnet.Host on Linux, by way of rtnetlink.
//
// The agent's command uses it; it needs CAP_NET_ADMIN, and CAP_SYS_ADMIN for other namespaces. It knows nothing of VPP except in which namespace VPP looks for uplinks.
package netlink

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/vpptwin/vpptwin/agent/hostnet"
)

// Host is Linux on this node.
type Host struct {
	node string // path of the node's network namespace
	vpp  string // path of the one VPP runs in
}

var _ hostnet.Host = (*Host)(nil)

// New returns a Host. node and vpp are paths of network namespaces: the node's own ("/proc/1/ns/net") and the one that VPP
// runs in, which has to be another one, since uplinks are moved there and the host's taps get their names.
func New(node, vpp string) (*Host, error) {
	var stats [2]syscall.Stat_t
	for i, path := range []string{node, vpp} {
		if err := syscall.Stat(path, &stats[i]); err != nil {
			return nil, fmt.Errorf("network namespace %s: %w", path, err)
		}
	}
	if stats[0].Ino == stats[1].Ino && stats[0].Dev == stats[1].Dev {
		return nil, fmt.Errorf("%s and %s are one network namespace; VPP needs one of its own", node, vpp)
	}
	return &Host{node: node, vpp: vpp}, nil
}

// path resolves a namespace as hostnet.Host takes it.
func (h *Host) path(namespace string) string {
	if namespace == hostnet.NodeNamespace {
		return h.node
	}
	return namespace
}

// in runs f in a network namespace.
func in(path string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		// The thread is not given back: it ends with this goroutine, and whatever namespace it is in.
		runtime.LockOSThread()
		ns, err := netns.GetFromPath(path)
		if errors.Is(err, fs.ErrNotExist) {
			done <- fmt.Errorf("network namespace %s: %w", path, hostnet.ErrNotFound)
			return
		}
		if err == nil {
			defer func() { _ = ns.Close() }() // nothing was written to it
			err = netns.Set(ns)
		}
		if err != nil {
			done <- fmt.Errorf("enter network namespace %s: %w", path, err)
			return
		}
		done <- f()
	}()
	return <-done
}

// find returns a device of the present namespace.
func find(name string) (netlink.Link, error) {
	link, err := netlink.LinkByName(name)
	var missing netlink.LinkNotFoundError
	if errors.As(err, &missing) {
		return nil, fmt.Errorf("device %s: %w", name, hostnet.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("device %s: %w", name, err)
	}
	return link, nil
}

// TakeUplink implements hostnet.Host: it moves the device to VPP's namespace. A device that is there already was taken before; what is under its name
// in the node's namespace is then the tap with what it had.
func (h *Host) TakeUplink(_ context.Context, name string) (hostnet.Link, error) {
	taken := in(h.vpp, func() error { _, err := find(name); return err }) == nil
	var link hostnet.Link
	err := in(h.node, func() error {
		device, err := find(name)
		if err != nil {
			return err
		}
		if link, err = read(device); err != nil || taken {
			return err
		}
		target, err := netns.GetFromPath(h.vpp)
		if err != nil {
			return fmt.Errorf("network namespace %s: %w", h.vpp, err)
		}
		defer func() { _ = target.Close() }() // nothing was written to it
		return netlink.LinkSetNsFd(device, int(target))
	})
	if err == nil && !taken {
		err = in(h.vpp, func() error {
			device, err := find(name)
			if err != nil {
				return err
			}
			return netlink.LinkSetUp(device)
		})
	}
	if err != nil {
		return hostnet.Link{}, fmt.Errorf("take uplink %s: %w", name, err)
	}
	return link, nil
}

// Get implements hostnet.Host.
func (h *Host) Get(_ context.Context, namespace, name string) (link hostnet.Link, err error) {
	err = in(h.path(namespace), func() error {
		device, err := find(name)
		if err != nil {
			return err
		}
		link, err = read(device)
		return err
	})
	return link, err
}

// read returns what belongs to a device of the present namespace.
func read(device netlink.Link) (hostnet.Link, error) {
	attrs := device.Attrs()
	link := hostnet.Link{Name: attrs.Name, MTU: attrs.MTU, Dummy: device.Type() == "dummy"}
	copy(link.MAC[:], attrs.HardwareAddr)
	addrs, err := netlink.AddrList(device, netlink.FAMILY_ALL)
	if err != nil {
		return link, fmt.Errorf("addresses of %s: %w", attrs.Name, err)
	}
	for _, a := range addrs {
		if p, ok := fromIPNet(a.IPNet); ok && !p.Addr().IsLinkLocalUnicast() {
			link.Addresses = append(link.Addresses, p)
		}
	}
	routes, err := netlink.RouteList(device, netlink.FAMILY_ALL)
	if err != nil {
		return link, fmt.Errorf("routes of %s: %w", attrs.Name, err)
	}
	for _, r := range routes {
		if out, ok := fromRoute(r); ok {
			link.Routes = append(link.Routes, out)
		}
	}
	neighbours, err := netlink.NeighList(attrs.Index, netlink.FAMILY_ALL)
	if err != nil {
		return link, fmt.Errorf("neighbours of %s: %w", attrs.Name, err)
	}
	for _, n := range neighbours {
		ip, ok := netip.AddrFromSlice(n.IP)
		if ok && n.State&netlink.NUD_PERMANENT != 0 && len(n.HardwareAddr) == 6 {
			link.Neighbours = append(link.Neighbours, hostnet.Neighbour{Address: ip.Unmap(), MAC: [6]byte(n.HardwareAddr)})
		}
	}
	return link, nil
}

// fromRoute reads a route; ok is false for those that the kernel made (for an address, or link-local) and those of other kinds than unicast.
func fromRoute(r netlink.Route) (out hostnet.Route, ok bool) {
	if r.Protocol == unix.RTPROT_KERNEL || r.Type != unix.RTN_UNICAST || len(r.MultiPath) > 0 {
		return out, false
	}
	p, ok := fromIPNet(r.Dst)
	if !ok || p.Addr().IsLinkLocalUnicast() || p.Addr().IsMulticast() {
		return out, false
	}
	out.Destination = p.Masked()
	if gw, ok := netip.AddrFromSlice(r.Gw); ok {
		out.Gateway = gw.Unmap()
	}
	return out, true
}

func fromIPNet(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	ip, ok := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	if ip.Is4In6() && len(n.Mask) == net.IPv4len {
		ip = ip.Unmap()
	}
	return netip.PrefixFrom(ip, bits), ok
}

func toIPNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// Apply implements hostnet.Host.
func (h *Host) Apply(_ context.Context, namespace string, link hostnet.Link) error {
	err := in(h.path(namespace), func() error {
		device, err := find(link.Name)
		if errors.Is(err, hostnet.ErrNotFound) && link.Dummy {
			if err := netlink.LinkAdd(&netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: link.Name}}); err != nil {
				return fmt.Errorf("create dummy device: %w", err)
			}
			device, err = find(link.Name)
		}
		if err != nil {
			return err
		}
		return apply(device, link)
	})
	if err != nil {
		return fmt.Errorf("configure device %s: %w", link.Name, err)
	}
	return nil
}

func apply(device netlink.Link, link hostnet.Link) error {
	if slices.ContainsFunc(link.Addresses, func(p netip.Prefix) bool { return p.Addr().Is6() }) {
		if err := enableIPv6(link.Name); err != nil {
			return err
		}
	}
	if attrs := device.Attrs(); link.MTU != 0 && attrs.MTU != link.MTU {
		if err := netlink.LinkSetMTU(device, link.MTU); err != nil {
			return fmt.Errorf("MTU %d: %w", link.MTU, err)
		}
	}
	if device.Attrs().Flags&net.FlagUp == 0 {
		if err := netlink.LinkSetUp(device); err != nil {
			return fmt.Errorf("set up: %w", err)
		}
	}
	have, err := read(device)
	if err != nil {
		return err
	}
	for _, step := range []func(netlink.Link, hostnet.Link, hostnet.Link) error{applyAddresses, applyNeighbours, applyRoutes} {
		if err := step(device, have, link); err != nil {
			return err
		}
	}
	return nil
}

// enableIPv6 undoes what container runtimes do to namespaces without IPv6 of their own.
func enableIPv6(name string) error {
	path := "/proc/sys/net/ipv6/conf/" + name + "/disable_ipv6"
	value, err := os.ReadFile(path)
	if err != nil || strings.TrimSpace(string(value)) == "0" {
		return nil // a kernel without IPv6 says so when an address is added
	}
	if err := os.WriteFile(path, []byte("0"), 0o644); err != nil {
		return fmt.Errorf("enable IPv6: %w", err)
	}
	return nil
}

func applyAddresses(device netlink.Link, have, want hostnet.Link) error {
	for _, p := range have.Addresses {
		if !slices.Contains(want.Addresses, p) {
			if err := netlink.AddrDel(device, &netlink.Addr{IPNet: toIPNet(p)}); err != nil {
				return fmt.Errorf("remove address %s: %w", p, err)
			}
		}
	}
	for _, p := range want.Addresses {
		if slices.Contains(have.Addresses, p) {
			continue
		}
		a := &netlink.Addr{IPNet: toIPNet(p)}
		if p.Addr().Is6() {
			a.Flags = unix.IFA_F_NODAD // nobody else can have it, and it is wanted at once
		}
		if err := netlink.AddrReplace(device, a); err != nil {
			return fmt.Errorf("add address %s: %w", p, err)
		}
	}
	return nil
}

func applyNeighbours(device netlink.Link, have, want hostnet.Link) error {
	for _, n := range want.Neighbours {
		if slices.Contains(have.Neighbours, n) {
			continue
		}
		entry := &netlink.Neigh{LinkIndex: device.Attrs().Index, State: netlink.NUD_PERMANENT, IP: n.Address.AsSlice(), HardwareAddr: n.MAC[:]}
		if err := netlink.NeighSet(entry); err != nil {
			return fmt.Errorf("add neighbour %s: %w", n.Address, err)
		}
	}
	return nil
}

func applyRoutes(device netlink.Link, have, want hostnet.Link) error {
	for _, r := range have.Routes {
		if !slices.Contains(want.Routes, r) {
			if err := netlink.RouteDel(toRoute(device, r)); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("remove route %s: %w", r.Destination, err)
			}
		}
	}
	for _, r := range want.Routes {
		if slices.Contains(have.Routes, r) {
			continue
		}
		if err := netlink.RouteReplace(toRoute(device, r)); err != nil {
			return fmt.Errorf("add route %s via %s: %w", r.Destination, r.Gateway, err)
		}
	}
	return nil
}

func toRoute(device netlink.Link, r hostnet.Route) *netlink.Route {
	out := &netlink.Route{LinkIndex: device.Attrs().Index, Dst: toIPNet(r.Destination)}
	if r.Gateway.IsValid() {
		out.Gw = r.Gateway.AsSlice()
		out.Flags = int(netlink.FLAG_ONLINK)
	} else {
		out.Scope = netlink.SCOPE_LINK
	}
	return out
}

// Remove implements hostnet.Host.
func (h *Host) Remove(_ context.Context, namespace, name string) error {
	err := in(h.path(namespace), func() error {
		device, err := find(name)
		if err != nil {
			return err
		}
		return netlink.LinkDel(device)
	})
	if err != nil && !errors.Is(err, hostnet.ErrNotFound) {
		return fmt.Errorf("remove device %s: %w", name, err)
	}
	return nil
}
