package schema

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Catalog is the API of one VPP as its *.api.json files describe it: what a
// program in another process expects to find. Layouts are read at their first
// use, because a client asks for thousands of messages by name and uses a
// handful.
type Catalog struct {
	// Name is the VPP the files belong to, such as "26.06".
	Name string
	// Modules are in the order in which VPP numbers their messages.
	Modules []*Module

	mu     sync.Mutex
	scopes map[string]*typeScope // by module; "" for all modules
}

// Module is one API file.
type Module struct {
	// Name is the file's name without ".api".
	Name string
	// Version is the file's option, "1.2.3", or "".
	Version string
	// CRC is vl_api_version in the *.api.json file, 8 hex digits.
	CRC string
	// RangeCRC is the CRC in the name of the module's range of ids,
	// "vxlan_4d9cc2b3", or "" if it is not known: it is compiled into VPP and
	// differs from CRC for modules that import others.
	RangeCRC string
	// Plugin is the plugin that brings the module, such as "vxlan_plugin.so", or
	// "" for VPP's core.
	Plugin string
	// Messages are in the order of their ids.
	Messages []*Message
	// Services say how requests are answered, where that does not follow from
	// their names.
	Services []Service
}

// Service is how a request is answered. Empty fields are none.
type Service struct {
	Request, Reply, Stream string
	Events                 []string
}

// typeScope holds declarations by name and those that were used.
type typeScope struct {
	lines map[string]string
	types map[string]*Type
}

// parseCatalog reads the text form; it looks only at keywords and names.
func parseCatalog(text string) (*Catalog, error) {
	c := &Catalog{scopes: make(map[string]*typeScope)}
	types := &typeScope{lines: make(map[string]string), types: make(map[string]*Type)}
	c.scopes[""] = types
	var m *Module
	known := make(map[string]bool) // names of messages
	for n := 1; text != ""; n++ {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		keyword, rest, _ := strings.Cut(line, " ")
		name, body, _ := strings.Cut(rest, " ")
		switch keyword {
		case "vpp":
			c.Name = name
		case "alias", "enum", "flags", "struct", "union":
			types.lines[name] = line
		case "module":
			m = newModule(name, body)
			c.Modules = append(c.Modules, m)
			types = &typeScope{lines: make(map[string]string), types: make(map[string]*Type)}
			c.scopes[name] = types
		case "request", "reply", "event", "other":
			if m == nil || len(body) < 8 {
				return nil, fmt.Errorf("line %d: message %q without module or crc", n, name)
			}
			if known[name] {
				return nil, fmt.Errorf("line %d: message %s is defined twice", n, name)
			}
			known[name] = true
			m.Messages = append(m.Messages, c.newMessage(m, keyword, name, body))
		case "service":
			if m != nil {
				m.Services = append(m.Services, newService(name, body))
			}
		case "":
		default:
			return nil, fmt.Errorf("line %d: unknown keyword %q", n, keyword)
		}
	}
	return c, nil
}

func undash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// words splits a line into exactly n words, missing ones empty.
func words(s string, n int) []string {
	w := strings.Fields(s)
	for i := range w {
		w[i] = undash(w[i])
	}
	return append(w, make([]string, n)...)[:n]
}

func newModule(name, body string) *Module {
	w := words(body, 4)
	return &Module{Name: name, Version: w[0], CRC: w[1], RangeCRC: w[2], Plugin: w[3]}
}

func newService(request, body string) Service {
	w := words(body, 3)
	s := Service{Request: request, Reply: w[0], Stream: w[1]}
	if w[2] != "" {
		s.Events = strings.Split(w[2], ",")
	}
	return s
}

var kinds = map[string]Kind{"request": Request, "reply": Reply, "event": Event, "other": Other}

func (c *Catalog) newMessage(m *Module, keyword, name, body string) *Message {
	body, options, _ := strings.Cut(body, " #")
	return &Message{Name: name, CRC: body[:8], Kind: kinds[keyword], Module: m.Name, Source: c.Name,
		Options: strings.TrimSpace(options), catalog: c, body: body[8:]}
}

// Source returns the catalogue's messages as a set of definitions, in the order
// of their ids.
func (c *Catalog) Source() Source {
	s := Source{Name: c.Name, Modules: c.Modules}
	for _, m := range c.Modules {
		s.Messages = append(s.Messages, m.Messages...)
	}
	return s
}

// Without returns the catalogue of a VPP that leaves out modules.
func (c *Catalog) Without(leave func(*Module) bool) *Catalog {
	c.mu.Lock()
	defer c.mu.Unlock()
	return &Catalog{Name: c.Name, scopes: c.scopes,
		Modules: slices.DeleteFunc(slices.Clone(c.Modules), leave)}
}

// Plugins returns the names of the plugins that bring modules, sorted.
func (c *Catalog) Plugins() []string {
	var names []string
	for _, m := range c.Modules {
		if m.Plugin != "" {
			names = append(names, m.Plugin)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// check reads all layouts.
func (c *Catalog) check() error {
	for _, m := range c.Modules {
		for _, msg := range m.Messages {
			if _, err := c.layout(msg); err != nil {
				return err
			}
		}
	}
	return nil
}

// layout reads a message's fields.
func (c *Catalog) layout(m *Message) ([]Field, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fields, err := c.fields(m.Module, m.body)
	if err != nil {
		return nil, fmt.Errorf("message %s: %w", m.Key(), err)
	}
	return fields, nil
}
