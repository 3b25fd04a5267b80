package fidelity

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/fakevpp"
)

// commandList holds the paths of the CLI commands of VPP 26.06 with the plugins
// that Calico/VPP loads, as `show cli` prints them.
//
//go:embed commands.txt
var commandList string

// Item is one thing that VPP has.
type Item struct {
	// Group is what it is listed under: an API module, a command's first word, a
	// feature arc.
	Group string
	Name  string
	// Absent says that the double does not have it.
	Absent bool
}

// section is one part of the document.
type section struct {
	kind  Kind
	title string
	items []Item
}

// catalog lists all that VPP has by kind, and the CLI commands that only the
// double lists.
func catalog() (sections []section, own []string, err error) {
	v, err := fakevpp.New(fakevpp.Name("fidelity"), schemaOption())
	if err != nil {
		return nil, nil, err
	}
	cli, own := commands(v)
	sections = []section{{Message, "Messages", messages(v)}, {Command, "CLI commands", cli}, {Feature, "Features", features(v)}}
	return sections, own, v.Close()
}

// messages lists the requests of the double's schema.
func messages(v *fakevpp.VPP) []Item {
	var items []Item
	for _, m := range v.Messages() {
		items = append(items, Item{Group: m.Module, Name: m.Name, Absent: !m.Handled})
	}
	return slices.CompactFunc(items, func(a, b Item) bool { return a == b })
}

// commands lists VPP's CLI commands, and after them those that only the double
// has.
func commands(v *fakevpp.VPP) (items []Item, own []string) {
	have := make(map[string]bool)
	for _, path := range v.Commands() {
		have[path] = true
	}
	known := make(map[string]bool)
	for path := range strings.Lines(commandList) {
		path = strings.TrimSpace(path)
		known[path] = true
		word, _, _ := strings.Cut(path, " ")
		items = append(items, Item{Group: word, Name: path, Absent: !have[path]})
	}
	for path := range have {
		if !known[path] {
			own = append(own, path)
		}
	}
	slices.Sort(own)
	return items, own
}

// features lists the features of all arcs; one without a graph node is absent.
func features(v *fakevpp.VPP) []Item {
	dp := v.DataPlane()
	dp.Lock()
	defer dp.Unlock()
	var items []Item
	for _, arc := range dp.Arcs() {
		for _, f := range dp.ArcFeatures(arc) {
			items = append(items, Item{Group: arc, Name: f, Absent: dp.Graph.Node(f) == nil})
		}
	}
	return items
}

// name is the item's name as a Difference's On gives it.
func (i *Item) name(kind Kind) string {
	if kind == Feature {
		return fmt.Sprintf("%s/%s", i.Group, i.Name)
	}
	return i.Name
}

// schemaOption gives the double VPP's whole API.
func schemaOption() fakevpp.Option { return fakevpp.API2606() }
