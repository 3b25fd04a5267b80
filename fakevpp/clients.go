package fakevpp

import (
	"fmt"
	"slices"
	"sync"
)

// socketHandle marks client indexes of socket clients
// (SOCK_API_REG_HANDLE_BIT in src/vlibmemory/socket_api.c).
const socketHandle = 1 << 31

// clients is the pool of connections. Slot 0 is the listening socket's, as in
// VPP; freed slots are used again, the last one first.
type clients struct {
	mu    sync.Mutex
	slots []*client
	free  []int
}

// add gives the client an index.
func (p *clients) add(cl *client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.slots) == 0 {
		p.slots = append(p.slots, nil)
	}
	slot := len(p.slots)
	if n := len(p.free); n > 0 {
		slot = p.free[n-1]
		p.free = p.free[:n-1]
		p.slots[slot] = cl
	} else {
		p.slots = append(p.slots, cl)
	}
	cl.index = uint32(slot) | socketHandle
}

// remove frees the client's slot.
func (p *clients) remove(cl *client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	slot := int(cl.index &^ socketHandle)
	if slot < len(p.slots) && p.slots[slot] == cl {
		p.slots[slot] = nil
		p.free = append(p.free, slot)
	}
}

// all returns the connected clients by index.
func (p *clients) all() []*client {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.slots), func(cl *client) bool { return cl == nil })
}

// setName records the name from sockclnt_create.
func (p *clients) setName(cl *client, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cl.name = name
}

// nameOf returns the client's name.
func (p *clients) nameOf(cl *client) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return cl.name
}

// drop ends a client's connection: its registrations are released and what was
// not sent is lost. It does not wait, and works from any state.
func (v *VPP) drop(cl *client, format string, args ...any) {
	if cl.closed.Swap(true) {
		return
	}
	close(cl.gone)
	v.subs.forget(cl)
	cl.transport.hangUp()
	name := v.clients.nameOf(cl)
	v.clients.remove(cl)
	v.logf(levelInfo, "api", "client %q dropped: %s", name, fmt.Sprintf(format, args...))
}

// Clients returns the names of the connected clients in order of their index.
func (v *VPP) Clients() []string {
	var names []string
	for _, cl := range v.clients.all() {
		names = append(names, v.clients.nameOf(cl))
	}
	return names
}

// Disconnect cuts the connections of all clients with the name, as a crash of
// the client would, and returns how many there were.
func (v *VPP) Disconnect(name string) int {
	cut := 0
	for _, cl := range v.clients.all() {
		if v.clients.nameOf(cl) == name {
			v.drop(cl, "cut by the test")
			cut++
		}
	}
	return cut
}
