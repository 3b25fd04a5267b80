package fakevpp

import (
	"fmt"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

func cliCreateMemifSocket(v *VPP, a *cliArgs) (string, error) {
	id, filename := invalidIndex, ""
	for a.more() {
		if !a.number("id", &id) && !a.text("filename", &filename) {
			return "", a.unknown()
		}
	}
	switch {
	case id == 0 || id == invalidIndex:
		return "", cliText("Invalid socket id")
	case filename == "":
		return "", cliText("Invalid socket filename")
	}
	return "", detailed(v.dp.AddMemifSocket(id, filename), "entry already exists")
}

func cliDeleteMemifSocket(v *VPP, a *cliArgs) (string, error) {
	id := invalidIndex
	for a.more() {
		if !a.number("id", &id) {
			return "", a.unknown()
		}
	}
	if id == 0 || id == invalidIndex {
		return "", cliText("Invalid socket id")
	}
	s := v.dp.MemifSocket(id)
	err := v.dp.DeleteMemifSocket(id)
	if s == nil {
		return "", detailed(err, fmt.Sprintf("socket file with id %d does not exist", id))
	}
	return "", detailed(err, fmt.Sprintf("socket file '%s' is in use", s.Filename))
}

func cliCreateMemif(v *VPP, a *cliArgs) (string, error) {
	c := vnet.MemifConfig{Slave: true} // the CLI's default, unlike the API's
	ring, rx, tx, size := uint32(1024), uint32(1), uint32(1), uint32(2048)
	for a.more() {
		switch {
		case a.number("id", &c.ID), a.number("socket-id", &c.SocketID), a.text("secret", &c.Secret),
			a.number("ring-size", &ring), a.number("rx-queues", &rx), a.number("tx-queues", &tx),
			a.number("buffer-size", &size), a.mac("hw-addr", &c.MAC):
		case a.is("master"):
			c.Slave = false
		case a.is("slave"):
			c.Slave = true
		case a.is("no-zero-copy"):
			c.NoZeroCopy = true
		case a.is("use-dma"):
			c.DMA = true
		case a.is("mode", "ip"):
			c.Mode = vnet.MemifIP
		default:
			return "", a.unknown()
		}
	}
	switch {
	case ring == 0 || ring&(ring-1) != 0:
		return "", cliText("ring size must be power of 2")
	case ring > 32768:
		return "", cliText("maximum ring size is 32768")
	case rx < 1 || rx > 255:
		return "", cliText("rx queue must be between 1 - 255")
	case tx < 1 || tx > 255:
		return "", cliText("tx queue must be between 1 - 255")
	}
	c.RingSize, c.RxQueues, c.TxQueues, c.BufferSize = ring, int(rx), int(tx), uint16(size)
	_, err := v.dp.AddMemif(c)
	if s := v.dp.MemifSocket(c.SocketID); s == nil {
		return "", detailed(err, "unknown socket id")
	} else if s.Users > 0 && s.Master == c.Slave {
		return "", detailed(err, "socket file cannot be used by both master and slave")
	}
	return "", detailed(err, "interface already exists")
}

func cliDeleteMemif(v *VPP, a *cliArgs) (string, error) {
	return a.deleteDevice(v.dp.DeleteMemif, "not a memif interface")
}
