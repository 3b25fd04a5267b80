package fakevpp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// ip6DADHandlers are the messages of src/vnet/ip6-nd/ip6_dad.api.
var ip6DADHandlers = []handler{
	reply("ip6_dad_enable_disable", (*VPP).ip6DADEnableDisable),
	dump("ip6_dad_dump", "ip6_dad_details", (*VPP).ip6DADDump),
	reply("want_ip6_dad_events", (*VPP).wantIP6DADEvents),
}

// Limits of duplicate address detection (src/vnet/ip6-nd/ip6_dad_api.c).
const (
	dadMaxTransmits          = 10
	dadMinDelay, dadMaxDelay = 0.1, 10.0
)

type ip6DADEnableDisable struct {
	Enable             bool
	DADTransmits       uint8   `api:"dad_transmits"`
	DADRetransmitDelay float64 `api:"dad_retransmit_delay"`
}

// ip6DADEnableDisable leaves what is 0 as it was.
func (v *VPP) ip6DADEnableDisable(_ *call, req *ip6DADEnableDisable) error {
	c := v.dp.DADConfig()
	c.Enabled = req.Enable
	if req.Enable {
		switch {
		case req.DADTransmits > dadMaxTransmits:
			return vnet.ErrInvalidValue
		case req.DADRetransmitDelay != 0 && !validDADDelay(req.DADRetransmitDelay):
			return vnet.ErrInvalidValue2
		}
		if req.DADTransmits != 0 {
			c.Transmits = req.DADTransmits
		}
		if req.DADRetransmitDelay != 0 {
			c.Delay = req.DADRetransmitDelay
		}
	}
	v.dp.SetDAD(c)
	return nil
}

func validDADDelay(d float64) bool { return d >= dadMinDelay && d <= dadMaxDelay }

type ip6DADDetails struct {
	Enabled            bool
	DADTransmits       uint8   `api:"dad_transmits"`
	DADRetransmitDelay float64 `api:"dad_retransmit_delay"`
}

func (v *VPP) ip6DADDump(_ *call, _ *empty, emit func(*ip6DADDetails)) error {
	c := v.dp.DADConfig()
	emit(&ip6DADDetails{c.Enabled, c.Transmits, c.Delay})
	return nil
}

// dadStream is the stream of the steps of checks.
const dadStream = "ip6_dad_events"

type wantIP6DADEvents struct {
	EnableDisable bool
	PID           uint32 `api:"pid"`
}

// wantIP6DADEvents registers or removes the caller; doing so twice is no error.
func (v *VPP) wantIP6DADEvents(c *call, req *wantIP6DADEvents) error {
	_ = v.subscribe(c, dadStream, req.EnableDisable, req.PID)
	return nil
}

type ip6DADEvent struct {
	PID          uint32 `api:"pid"`
	State        uint8
	SwIfIndex    uint32
	Address      netip.Addr
	DADCount     uint8 `api:"dad_count"`
	DADTransmits uint8 `api:"dad_transmits"`
}

// dadChanged is the data plane's watcher.
func (v *VPP) dadChanged(ev vnet.DADEvent) {
	notify(v, dadStream, "ip6_dad_event", func(pid uint32) *ip6DADEvent {
		return &ip6DADEvent{PID: pid, State: uint8(ev.State), SwIfIndex: ev.SwIf, Address: ev.Addr, DADCount: ev.Count,
			DADTransmits: ev.Transmits}
	})
}

// dadCommands are those of src/vnet/ip6-nd/ip6_dad.c.
func dadCommands() []cliCommand {
	return []cliCommand{
		command("set ip6 dad enable", "set ip6 dad enable [transmits <1-10>] [delay <seconds>]", cliEnableDAD),
		command("set ip6 dad disable", "set ip6 dad disable", func(v *VPP, _ *cliArgs) (string, error) {
			c := v.dp.DADConfig()
			c.Enabled = false
			v.dp.SetDAD(c)
			return "", nil
		}),
		command("ip6 nd address autoconfig", "ip6 nd address autoconfig <interface> [default-route|disable]", cliAutoconfig),
		command("show ip6 dad", "show ip6 dad", cliShowDAD),
	}
}

func cliEnableDAD(v *VPP, a *cliArgs) (string, error) {
	c := v.dp.DADConfig()
	transmits, delay := uint32(c.Transmits), c.Delay
	for a.more() {
		if a.number("transmits", &transmits) {
			continue
		}
		if len(a.words) < 2 || a.words[0] != "delay" {
			return "", fmt.Errorf("unknown input '%s'", a.rest())
		}
		var err error
		if delay, err = strconv.ParseFloat(a.words[1], 64); err != nil {
			return "", fmt.Errorf("unknown input '%s'", a.rest())
		}
		a.words = a.words[2:]
	}
	switch {
	case transmits < 1 || transmits > dadMaxTransmits:
		return "", cliText("transmits must be 1-10")
	case !validDADDelay(delay):
		return "", cliText("delay must be 0.1-10.0 seconds")
	}
	v.dp.SetDAD(vnet.DADConfig{Enabled: true, Transmits: uint8(transmits), Delay: delay})
	return "", nil
}

func cliShowDAD(v *VPP, _ *cliArgs) (string, error) {
	c, checks := v.dp.DADConfig(), v.dp.DADChecks()
	enabled := "no"
	if c.Enabled {
		enabled = "yes"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "DAD Configuration:\n  Enabled: %s\n  Transmits: %d\n  Delay: %.1f seconds\nActive DAD entries: %d\n",
		enabled, c.Transmits, c.Delay, len(checks))
	for _, o := range checks {
		fmt.Fprintf(&b, "  %v on sw_if_index %d: state=%v, count=%d/%d, next in %.3fs\n", o.Prefix, o.SwIf, o.State, o.Count,
			o.Transmits, -v.dp.Since(o.Next).Seconds())
	}
	return b.String(), nil
}

// cliAutoconfig is ip6_nd_address_autoconfig (src/vnet/ip6-nd/rd_cp.c).
func cliAutoconfig(v *VPP, a *cliArgs) (string, error) {
	var i *vnet.Interface
	routes, disable := false, false
	for a.iface(&i) || a.flag(&routes, "default-route") || a.flag(&disable, "disable") {
	}
	if i == nil {
		return "", cliText("Missing sw_if_index")
	}
	return "", v.dp.SetAutoconfig(i.SwIfIndex, !disable, routes)
}
