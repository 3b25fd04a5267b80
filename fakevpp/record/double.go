package record

import (
	"os"
	"path/filepath"

	"github.com/vpptwin/vpptwin/fakevpp"
	"github.com/vpptwin/vpptwin/sim/vnet"
)

// Double starts a double for a replay: one in whose Linux every device that a
// request names exists. The option says which API it has. stop ends it.
func Double(api fakevpp.Option) (socket string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "vpptwin-replay-")
	if err != nil {
		return "", nil, err
	}
	v, err := fakevpp.New(api, fakevpp.Environment(&anyDevice{MemoryEnvironment: vnet.NewMemoryEnvironment()}))
	if err == nil {
		socket = filepath.Join(dir, "api.sock")
		err = v.Listen(socket)
	}
	stop = func() {
		if v != nil {
			_ = v.Close() // the replay is over
		}
		_ = os.RemoveAll(dir)
	}
	if err != nil {
		stop()
		return "", nil, err
	}
	return socket, stop, nil
}

// anyDevice has every host device that somebody opens.
type anyDevice struct{ *vnet.MemoryEnvironment }

func (d *anyDevice) OpenAFPacket(name string, rx vnet.Receiver) (vnet.Port, error) {
	d.AddHostDevice(name)
	return d.MemoryEnvironment.OpenAFPacket(name, rx)
}
