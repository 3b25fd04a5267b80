package fakevpp

import (
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

// APIFiles makes the VPP speak the messages described by the *.api.json files in
// a directory and below it, as a VPP installs them in share/vpp/api, instead of
// those of the bindings linked into the program. Ids are given in VPP's order.
// Messages of plugins that are disabled are left out, as are those of plugins
// that VPP loads only on demand (see LoadPlugins).
func APIFiles(dir string) Option {
	return optionFunc(func(o *options) { o.catalog = func() (*schema.Catalog, error) { return apiDirectory(dir) } })
}

// API2606 makes the VPP speak the API of VPP 26.06 and its plugins, for programs
// in other processes and other languages.
func API2606() Option {
	return optionFunc(func(o *options) {
		o.catalog = func() (*schema.Catalog, error) { return schema.VPP2606(), nil }
	})
}

// LoadPlugins says which plugins the VPP starts with, by file name such as
// "vxlan_plugin.so"; byDefault is what VPP does when its configuration does not
// name the plugin. With APIFiles and API2606 the messages of other plugins are
// unknown to the VPP.
func LoadPlugins(load func(name string, byDefault bool) bool) Option {
	return optionFunc(func(o *options) { o.load = load })
}

// apiDirectory reads a directory.
func apiDirectory(dir string) (*schema.Catalog, error) {
	c, err := schema.APIFiles(dir, os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("api files in %s: %w", dir, err)
	}
	return c, nil
}

// tableOf returns the message table that the options ask for.
func tableOf(o *options) (*table, error) {
	if o.catalog == nil {
		return sharedTable(o.sources)
	}
	c, err := o.catalog()
	if err != nil {
		return nil, err
	}
	c = c.Without(func(m *schema.Module) bool { return m.Plugin != "" && !o.loads(m.Plugin) })
	return newTable([]schema.Source{c.Source()}, allHandlers)
}

// loads says if the VPP starts with the plugin.
func (o *options) loads(plugin string) bool {
	if slices.Contains(o.disabled, plugin) {
		return false
	}
	byDefault := !schema.DefaultDisabled(plugin)
	if o.load == nil {
		return byDefault
	}
	return o.load(plugin, byDefault)
}

// tables caches message tables: building one from thousands of messages takes
// longer than starting a VPP.
var tables struct {
	mu    sync.Mutex
	byKey map[string]*table
}

// sharedTable returns the table of the named sources, or of all.
func sharedTable(paths []string) (*table, error) {
	sources, err := schema.Bindings(paths...)
	if err != nil {
		return nil, err
	}
	var key string
	for _, s := range sources {
		key += fmt.Sprintf(" %s:%d", s.Name, len(s.Messages))
	}
	tables.mu.Lock()
	defer tables.mu.Unlock()
	if t := tables.byKey[key]; t != nil {
		return t, nil
	}
	t, err := newTable(sources, allHandlers)
	if err != nil {
		return nil, err
	}
	if tables.byKey == nil {
		tables.byKey = make(map[string]*table)
	}
	tables.byKey[key] = t
	return t, nil
}
