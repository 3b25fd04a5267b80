package fakevpp

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/vpptwin/vpptwin/sim/vnet"
)

// puntSocketBuffer is the size in bytes of the socket's send buffer, as VPP sets
// it (punt_config in src/vnet/ip/punt.c).
const puntSocketBuffer = 0x10000

// puntUnix is the socket of "punt { socket PATH }".
type puntUnix struct {
	conn *net.UnixConn
	raw  syscall.RawConn
	path string
}

// PuntSocket gives the VPP the socket that punted packets are sent from and that
// clients send to, as the start-up configuration's "punt { socket PATH }" does:
// a Unix datagram socket, in the abstract namespace when the name begins with @.
// It stays open until Close, also over a Crash and Restart.
func (v *VPP) PuntSocket(path string) error {
	if !strings.HasPrefix(path, "@") {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("punt socket: %w", err)
		}
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("punt socket: %w", err)
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		err = conn.SetWriteBuffer(puntSocketBuffer)
	}
	if err != nil {
		_ = conn.Close()
		return fmt.Errorf("punt socket %s: %w", path, err)
	}
	v.life.Lock()
	defer v.life.Unlock()
	if v.punt != nil {
		v.punt.close()
	}
	v.punt = &puntUnix{conn, raw, path}
	v.punt.attach(v.DataPlane())
	v.sockets.wait.Go(func() { v.readPunts(v.punt.conn) })
	return nil
}

// attach makes a data plane use the socket.
func (p *puntUnix) attach(dp *vnet.Main) {
	if p == nil || dp == nil {
		return
	}
	dp.Lock()
	defer dp.Unlock()
	dp.SetPuntSender(p.path, p)
}

// SendTo hands a datagram over without waiting for the client.
func (p *puntUnix) SendTo(path string, datagram []byte) bool {
	var sent error
	err := p.raw.Control(func(fd uintptr) {
		sent = syscall.Sendto(int(fd), datagram, syscall.MSG_DONTWAIT, &syscall.SockaddrUnix{Name: path})
	})
	return err == nil && sent == nil
}

// readPunts takes what clients send until the socket is closed.
func (v *VPP) readPunts(conn *net.UnixConn) {
	buf := make([]byte, 1<<16)
	for {
		n, _, err := conn.ReadFromUnix(buf)
		if err != nil {
			return
		}
		if dp := v.DataPlane(); dp != nil {
			dp.PuntSocketInput(buf[:n])
		}
	}
}

func (p *puntUnix) close() {
	if p != nil {
		_ = p.conn.Close() // nobody is left to tell
	}
}
