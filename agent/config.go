package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.fd.io/govpp/adapter"
	"go.fd.io/govpp/adapter/socketclient"
	"go.fd.io/govpp/api"
	"go.fd.io/govpp/core"

	"github.com/vpptwin/vpptwin/agent/hostnet"
)

// Defaults of Config's fields.
const (
	// DefaultVNI is the VNI of the default pod network (Felix' vxlanVNI).
	DefaultVNI = 4096
	// DefaultVXLANPort is the UDP port of VXLAN (RFC 7348, section 5).
	DefaultVXLANPort = 4789
	// DefaultCrossPort is the UDP port of tunnels whose inner and outer address families differ. VPP hands what it decapsulates to
	// one address family per tunnel (decap_next_index), and the local port is part of the tunnel's key
	// (src/plugins/vxlan/decap.c), so that a second port makes room for the other family.
	DefaultCrossPort = 4799
	// DefaultHostNamespace is that of process 1, as upstream has it.
	DefaultHostNamespace = "pid:1"
	// DefaultDebounce is how long changes of objects are collected before they are acted upon.
	DefaultDebounce = 20 * time.Millisecond
	// DefaultRetry is the pause after a failed attempt to program VPP; it doubles up to 32 times as much.
	DefaultRetry = 500 * time.Millisecond
	// DefaultGCInterval is how often addresses and interfaces of pods that no longer exist are looked for. They are removed when found twice.
	DefaultGCInterval = 10 * time.Minute
	// DefaultReadyTimeout is how long a CNI call waits for VPP and the node's own set-up.
	DefaultReadyTimeout = 10 * time.Second
)

// Config is what an Agent needs to know. NodeName, Connect, Cluster and Host are required.
type Config struct {
	// NodeName is the name of the agent's own Node object.
	NodeName string
	// Connect opens a connection to the node's VPP. The agent calls it again when a connection is lost.
	Connect Connector
	// Cluster is the view of the Kubernetes objects, running. Agents in one process may share it.
	Cluster *Cluster
	// Host is the node's Linux.
	Host hostnet.Host
	// Uplinks are the interfaces that VPP takes over. The first without a physical network is the main one, which carries
	// node-to-node traffic; it is required.
	Uplinks []Uplink
	// HostNamespace is the network namespace of Host's taps, as VPP takes it (tap_create_v3): a path, a name under /var/run/netns, or "pid:N"; "" means
	// DefaultHostNamespace.
	HostNamespace string
	// Store keeps what must survive a restart of the agent; nil keeps it in memory.
	Store Store
	// Logger receives what happens; nil discards it.
	Logger *slog.Logger

	// VXLANPort and CrossPort are UDP ports, see DefaultVXLANPort and DefaultCrossPort; 0 means the default.
	VXLANPort, CrossPort uint16
	// Debounce, Retry, ReadyTimeout and GCInterval: 0 means the default.
	Debounce, Retry, ReadyTimeout, GCInterval time.Duration
}

// Uplink names a Linux interface that VPP takes over.
type Uplink struct {
	// Interface is the name Linux gives the device, e.g. "eth0".
	Interface string
	// PhysicalNetwork is the name that Networks refer to with spec.physicalNetworkName; "" for the main uplink.
	PhysicalNetwork string
	// Driver says how VPP drives the device.
	Driver Driver
}

// Driver is a way for VPP to drive an uplink.
type Driver string

// The drivers. The empty Driver means AFPacket.
const (
	AFPacket Driver = "af_packet"
)

// Session is one connection to VPP's binary API.
type Session struct {
	// API sends requests.
	API api.Connection
	// Lost is closed when the connection is gone. A new one needs a new Session.
	Lost <-chan struct{}
	// Close ends the connection; the agent calls it once, also after Lost.
	Close func()
}

// Connector opens a Session. It may block until VPP is there or ctx is done; an error makes the agent try again later.
type Connector func(ctx context.Context) (*Session, error)

// Socket returns a Connector to VPP's API socket at path, e.g. "/run/vpp/api.sock".
func Socket(path string) Connector {
	return Adapter(func() adapter.VppAPI { return socketclient.NewVppClient(path) })
}

// Adapter returns a Connector that makes each connection with a new govpp adapter. A connection is lost when govpp's health check says so
// (a ping each second, core.HealthCheckProbeInterval).
func Adapter(newAdapter func() adapter.VppAPI) Connector {
	return func(ctx context.Context) (*Session, error) {
		conn, events, err := core.AsyncConnect(newAdapter(), 1, core.DefaultReconnectInterval)
		if err != nil {
			return nil, fmt.Errorf("connect to VPP: %w", err)
		}
		select {
		case <-ctx.Done():
			conn.Disconnect()
			return nil, fmt.Errorf("connect to VPP: %w", ctx.Err())
		case event := <-events:
			if event.State != core.Connected {
				conn.Disconnect()
				return nil, fmt.Errorf("connect to VPP: %s: %w", event.State, event.Error)
			}
		}
		lost, closed := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(lost)
			select {
			case <-events:
			case <-closed:
			}
		}()
		return &Session{API: conn, Lost: lost, Close: func() { close(closed); conn.Disconnect() }}, nil
	}
}

// check fills in defaults and says what is missing.
func (c *Config) check() error {
	switch {
	case c.NodeName == "":
		return errors.New("agent: no node name")
	case c.Connect == nil || c.Cluster == nil || c.Host == nil:
		return fmt.Errorf("agent on %s: Connect, Cluster and Host are required", c.NodeName)
	}
	main := 0
	for _, u := range c.Uplinks {
		if u.Driver != "" && u.Driver != AFPacket {
			return fmt.Errorf("agent on %s: uplink %s: driver %q is not supported, expected %q", c.NodeName, u.Interface, u.Driver, AFPacket)
		}
		if u.PhysicalNetwork == "" {
			main++
		}
	}
	if main != 1 {
		return fmt.Errorf("agent on %s: %d uplinks without a physical network, expected one: the main uplink", c.NodeName, main)
	}
	defaultTo(&c.VXLANPort, DefaultVXLANPort)
	defaultTo(&c.CrossPort, DefaultCrossPort)
	defaultTo(&c.HostNamespace, DefaultHostNamespace)
	defaultTo(&c.Debounce, DefaultDebounce)
	defaultTo(&c.Retry, DefaultRetry)
	defaultTo(&c.ReadyTimeout, DefaultReadyTimeout)
	defaultTo(&c.GCInterval, DefaultGCInterval)
	if c.Store == nil {
		c.Store = NewMemoryStore()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Logger = c.Logger.With("node", c.NodeName)
	return nil
}

// defaultTo sets *p to value if it is zero.
func defaultTo[T comparable](p *T, value T) {
	var zero T
	if *p == zero {
		*p = value
	}
}
