package schema

import (
	_ "embed"
	"sync"
)

//go:embed vpp2606.api
var vpp2606 string

// VPP2606 returns the API of VPP 26.06 with all the plugins in its sources: the
// messages that a program built for that version expects. Tests check that every
// layout can be read.
var VPP2606 = sync.OnceValue(func() *Catalog {
	c, err := parseCatalog(vpp2606)
	if err != nil {
		return &Catalog{Name: "26.06"} // impossible: the text is part of the program
	}
	return c
})
