package record

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// Recorder stands between clients and a VPP: what a client sends goes to the VPP
// as it is, and back; a copy goes to the recording. Every line is written before
// the message is passed on, so that nothing is lost when the process ends.
type Recorder struct {
	vpp       string
	listener  net.Listener
	catalogue *Catalogue

	mu      sync.Mutex
	out     io.Writer
	err     error // first failure to write
	began   time.Time
	clients int
	conns   map[net.Conn]bool
	wait    sync.WaitGroup
}

// NewRecorder listens for clients of the VPP whose API socket is vpp, and writes
// the recording to out. Serve runs it.
func NewRecorder(vpp, listen string, catalog *schema.Catalog, out io.Writer) (*Recorder, error) {
	l, err := net.Listen("unix", listen)
	if err != nil {
		return nil, err
	}
	r := &Recorder{vpp: vpp, listener: l, catalogue: NewCatalogue(catalog), out: out, began: time.Now(),
		conns: make(map[net.Conn]bool)}
	if _, err := fmt.Fprintf(out, "%s\n# time client kind [context] message fields; api %s\n", firstLine, catalog.Name); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("write recording: %w", err)
	}
	return r, nil
}

// Serve passes messages until Close. It returns the first failure to write the
// recording.
func (r *Recorder) Serve() error {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			r.wait.Wait()
			r.mu.Lock()
			defer r.mu.Unlock()
			return r.err
		}
		r.wait.Go(func() { r.serve(conn) })
	}
}

// Close ends all connections and Serve.
func (r *Recorder) Close() error {
	err := r.listener.Close()
	r.mu.Lock()
	for c := range r.conns {
		_ = c.Close()
	}
	r.mu.Unlock()
	return err
}

// write writes one line.
func (r *Recorder) write(e Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Time = time.Since(r.began)
	if _, err := fmt.Fprintln(r.out, e.String()); err != nil && r.err == nil {
		r.err = fmt.Errorf("write recording: %w", err)
	}
}

// keep remembers the connections to close; false if the recorder is closed.
func (r *Recorder) keep(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		r.conns[c] = true
	}
}

func (r *Recorder) forget(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		delete(r.conns, c)
		_ = c.Close()
	}
}

// session is one client's connection.
type session struct {
	r      *Recorder
	client int

	mu    sync.Mutex
	table *msgTable
}

func (r *Recorder) serve(client net.Conn) {
	vpp, err := net.Dial("unix", r.vpp)
	if err != nil {
		_ = client.Close()
		return
	}
	r.keep(client, vpp)
	defer r.forget(client, vpp)
	r.mu.Lock()
	r.clients++
	s := &session{r: r, client: r.clients}
	r.mu.Unlock()
	r.write(Entry{Client: s.client, Kind: Open})
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.pass(client, vpp, s.answer)
		_ = client.Close()
	}()
	s.pass(vpp, client, s.request)
	_ = vpp.Close()
	<-done
	r.write(Entry{Client: s.client, Kind: Close})
}

// pass copies frames from one side to the other.
func (s *session) pass(to io.Writer, from io.Reader, note func(msg []byte)) {
	in := bufio.NewReaderSize(from, 64<<10)
	for {
		frame, err := readFrame(in)
		if err != nil {
			return
		}
		if msg := frame[frameHeader:]; len(msg) >= 2 {
			note(msg)
		}
		if _, err := to.Write(frame); err != nil {
			return
		}
	}
}

// key names a message.
func (s *session) key(id uint16) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case id == idCreate && s.table == nil:
		return "sockclnt_create_455fb9c4"
	case s.table != nil && s.table.keys[id] != "":
		return s.table.keys[id]
	}
	return fmt.Sprintf("id:%d", id)
}

func (s *session) request(msg []byte) {
	e := Entry{Client: s.client, Kind: Request, Key: s.key(binary.BigEndian.Uint16(msg))}
	header := requestHeader
	if binary.BigEndian.Uint16(msg) == idCreate {
		header = replyHeader // it has a context alone
	}
	s.note(&e, msg, header)
}

// answer notes a reply or an event; of the message table it keeps no copy.
func (s *session) answer(msg []byte) {
	id := binary.BigEndian.Uint16(msg)
	if id == idCreateReply {
		if t, _, err := parseTable(msg); err == nil {
			s.mu.Lock()
			s.table = t
			s.mu.Unlock()
			return
		}
	}
	e := Entry{Client: s.client, Kind: Reply, Key: s.key(id)}
	header := replyHeader
	if m := s.r.catalogue.byKey[e.Key]; m != nil {
		header = m.Kind.HeaderSize()
		if m.Kind == schema.Event {
			e.Kind = Event
		}
	}
	s.note(&e, msg, header)
}

func (s *session) note(e *Entry, msg []byte, header int) {
	if len(msg) < header {
		e.Raw = msg[2:]
		s.r.write(*e)
		return
	}
	if header >= 4 && e.Kind != Event {
		e.Context = binary.BigEndian.Uint32(msg[header-4:])
	}
	s.r.catalogue.describe(e, msg[header:])
	s.r.write(*e)
}
