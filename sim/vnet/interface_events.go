package vnet

// InterfaceEvent is a kind of change of an interface.
type InterfaceEvent uint8

// Interface events. A watcher is called once the change is done, except for
// InterfaceDeleted, where the interface is still whole; before that event an
// interface that is up has gone down with an event of its own.
const (
	InterfaceAdded   InterfaceEvent = iota // the interface exists, admin down
	InterfaceDeleted                       // the interface is about to go
	InterfaceAdmin                         // AdminUp changed
	InterfaceLink                          // LinkUp of the hardware changed
	InterfaceMTU                           // MTU changed
	InterfaceMAC                           // MAC of the hardware changed
)

// InterfaceWatcher is called on a change of interface i with ownership of the
// instance.
type InterfaceWatcher func(ev InterfaceEvent, i *Interface)

// WatchInterfaces adds a watcher from outside the package, called after the
// instance's own parts, and returns the function that removes it.
func (m *Main) WatchInterfaces(fn InterfaceWatcher) (stop func()) {
	id := new(InterfaceWatcher)
	*id = fn
	m.watchers = append(m.watchers, id)
	return func() {
		for k, w := range m.watchers {
			if w == id {
				m.watchers = append(m.watchers[:k:k], m.watchers[k+1:]...)
				return
			}
		}
	}
}

func (m *Main) interfaceEvent(ev InterfaceEvent, i *Interface) {
	for _, fn := range interfaceWatchers {
		fn(m, ev, i)
	}
	for _, fn := range m.watchers {
		(*fn)(ev, i)
	}
}
