package fakevpp

import (
	"errors"

	"github.com/vpptwin/vpptwin/sim/packet"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

func cliCreateHostInterface(v *VPP, a *cliArgs) (string, error) {
	if !a.more() {
		return "", nil
	}
	c := vnet.HostInterfaceConfig{Flags: vnet.HostQdiscBypass | vnet.HostChecksumGSO}
	var n uint32
	var mac packet.MAC
	for a.more() {
		switch {
		case a.text("name", &c.HostIfName):
		case a.number("num-rx-queues", &n):
			c.RxQueues = int(uint16(n)) // a u16 in VPP, too
		case a.number("num-tx-queues", &n):
			c.TxQueues = int(uint16(n)) // a u16 in VPP, too
		case a.is("qdisc-bypass-disable"):
			c.Flags &^= vnet.HostQdiscBypass
		case a.is("cksum-gso-disable"):
			c.Flags &^= vnet.HostChecksumGSO
		case a.is("mode", "ip"):
			c.IP = true
		case a.is("v2"):
			c.Flags |= vnet.HostVersion2
		case a.mac("hw-addr", &mac):
			c.MAC = &mac
		default:
			return "", a.unknown()
		}
	}
	if c.HostIfName == "" {
		return "", cliText("missing host interface name")
	}
	h, err := v.dp.AddHostInterface(c)
	switch {
	case errors.Is(err, vnet.ErrInvalidInterface):
		return "", cliText("Invalid interface name")
	case errors.Is(err, vnet.ErrIfAlreadyExists):
		return "", cliText("Interface already exists")
	case err != nil:
		return "", err
	}
	return h.Interface.Name + "\n", nil
}

func cliDeleteHostInterface(v *VPP, a *cliArgs) (string, error) {
	name := ""
	for a.more() {
		if !a.text("name", &name) {
			return "", a.unknown()
		}
	}
	if name == "" {
		return "", cliText("missing host interface name")
	}
	_ = v.dp.DeleteHostInterface(name) // VPP's command does not look at the result
	return "", nil
}
