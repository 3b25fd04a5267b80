package world

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/vpptwin/vpptwin/sim/packet"
)

var errUnfinished = errors.New("not built yet")

// Ping sends echo requests and waits for the answers, in virtual time. The
// report has a result for every request sent. The error is nil if at least one
// was answered; else an *OpError with the first request's reason.
func (h *Host) Ping(ctx context.Context, o PingOptions) (PingReport, error) {
	return PingReport{}, errUnfinished
}

// Traceroute finds the routers on the way to an address. The error tells what
// kept it from the destination.
func (h *Host) Traceroute(ctx context.Context, o TracerouteOptions) (TracerouteReport, error) {
	return TracerouteReport{}, errUnfinished
}

// UDPConn is a UDP socket.
type UDPConn struct{}

// ListenUDP opens a socket on a local port; the address may be unspecified
// (IPv6's takes both families) and the port zero for an ephemeral one.
func (h *Host) ListenUDP(local netip.AddrPort, o SocketOptions) (*UDPConn, error) {
	return nil, errUnfinished
}

// DialUDP opens a socket that talks to one remote address only.
func (h *Host) DialUDP(remote netip.AddrPort, o SocketOptions) (*UDPConn, error) {
	return nil, errUnfinished
}

// HandleUDP answers each datagram at a local port with what handle returns, nil
// for nothing. handle runs on the world's goroutine and must not block.
func (h *Host) HandleUDP(local netip.AddrPort, o SocketOptions, handle func(Datagram) []byte) (*UDPConn, error) {
	return nil, errUnfinished
}

// ExchangeUDP sends one datagram and waits for the answer, at most timeout
// (zero: one second). trace is that of the datagram sent.
func (h *Host) ExchangeUDP(ctx context.Context, remote netip.AddrPort, data []byte, timeout time.Duration, o SocketOptions) (reply Datagram, trace packet.TraceID, err error) {
	return Datagram{}, 0, errUnfinished
}

// LocalAddr is the socket's own address; unspecified if it takes any.
func (c *UDPConn) LocalAddr() netip.AddrPort { return netip.AddrPort{} }

// Send sends a datagram to the remote address of a dialled socket.
func (c *UDPConn) Send(data []byte) (packet.TraceID, error) { return 0, errUnfinished }

// SendTo sends a datagram.
func (c *UDPConn) SendTo(data []byte, to netip.AddrPort) (packet.TraceID, error) {
	return 0, errUnfinished
}

// Receive waits for a datagram, or the error that an earlier one met
// (*ICMPError, *NeighborError).
func (c *UDPConn) Receive(ctx context.Context) (Datagram, error) { return Datagram{}, errUnfinished }

// Close frees the port; a blocked Receive returns ErrClosed.
func (c *UDPConn) Close() error { return nil }

// TCPListener takes connections; it implements net.Listener.
type TCPListener struct{ net.Listener }

// ListenTCP opens a listener on a local port; the address may be unspecified
// (IPv6's takes both families) and the port zero for an ephemeral one.
func (h *Host) ListenTCP(local netip.AddrPort, o SocketOptions) (*TCPListener, error) {
	return nil, errUnfinished
}

// AcceptTCP waits for the next connection.
func (l *TCPListener) AcceptTCP(ctx context.Context) (*TCPConn, error) { return nil, errUnfinished }

// TCPConn is a TCP connection; it implements net.Conn.
type TCPConn struct{ net.Conn }

// DialTCP connects. The error is an *OpError around ErrRefused, *TimeoutError,
// *ICMPError, *NoRouteError, *NeighborError or the context's.
func (h *Host) DialTCP(ctx context.Context, remote netip.AddrPort, o SocketOptions) (*TCPConn, error) {
	return nil, errUnfinished
}

// Local is the connection's own address and port.
func (c *TCPConn) Local() netip.AddrPort { return netip.AddrPort{} }

// Remote is the other side's address and port as seen here.
func (c *TCPConn) Remote() netip.AddrPort { return netip.AddrPort{} }

// Trace is that of the first segment this side sent: the SYN, or the SYN-ACK.
func (c *TCPConn) Trace() packet.TraceID { return 0 }

// CloseWrite sends FIN after what was written; reading goes on.
func (c *TCPConn) CloseWrite() error { return errUnfinished }

// Abort breaks the connection off with RST.
func (c *TCPConn) Abort() {}

// AddNeighbor gives the interface a permanent neighbour.
func (i *Interface) AddNeighbor(a netip.Addr, mac packet.MAC) error { return errUnfinished }

// Neighbors lists the known neighbours as text, sorted: "10.0.0.1 02:fe:... reachable".
func (i *Interface) Neighbors() []string { return nil }

// Announce tells the segment where an address is: a gratuitous ARP or an
// unsolicited neighbour advertisement.
func (i *Interface) Announce(a netip.Addr) error { return errUnfinished }

// Receive takes frames from the NIC; it makes the interface the NIC's Receiver.
func (i *Interface) Receive(frames ...packet.Frame) {}

type (
	neighbor    struct{}
	pathMTU     struct{}
	fragmentKey struct{}
	reassembly  struct{ timer hostTimer }
	pinger      struct{}
	tcpKey      struct{}
)

func (i *Interface) forgetNeighbors() {}
func (h *Host) closeSockets()         {}

func (h *Host) inputIP(in *Interface, ip []byte, trace packet.TraceID, fresh bool) {}
