package startup

// readPlugins reads "plugins" (vlib_plugin_config in src/vlib/unix/plugin.c).
// Names of plugins that do not exist are taken, as VPP does.
func (c *Config) readPlugins(in *input) error {
	p := &c.Plugins
	var unused string
	list := []option{text("path", &p.Path), text("add-path", &p.AddPath), text("name-filter", &p.NameFilter)}
	list = append(list, c.noted("plugins", text("vat-path", &unused), text("vat-name-filter", &unused))...)
	list = append(list, option{"plugin default", func(in *input) (bool, error) {
		sub, ok := in.braces()
		if ok {
			p.DefaultDisable = sub.match("disable")
		}
		return ok, nil
	}}, option{"plugin", c.readPlugin})
	return in.options(list...)
}

func (c *Config) readPlugin(in *input) (bool, error) {
	at := *in
	name, ok := in.word()
	if !ok {
		return false, nil
	}
	sub, ok := in.braces()
	if !ok {
		return false, nil
	}
	if _, again := c.Plugins.Plugin[name]; again {
		return false, at.errorf("plugin '%s' already configured", name)
	}
	var one Plugin
	if err := sub.options(flag("enable", &one.Enable), flag("disable", &one.Disable), flag("skip-version-check", &one.SkipVersionCheck)); err != nil {
		return false, err
	}
	if one.Enable && one.Disable {
		return false, at.errorf("please specify either enable or disable for plugin '%s'", name)
	}
	c.Plugins.Plugin[name] = one
	return true, nil
}
