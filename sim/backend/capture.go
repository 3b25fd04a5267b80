package backend

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vpptwin/vpptwin/sim/world"
)

// capturer keeps what crosses each card, one capture per card. Its owner, the
// recorder, lets one goroutine in at a time.
type capturer struct {
	world *world.World
	cards map[string]*capturedCard
	err   error
}

type capturedCard struct {
	file    bytes.Buffer
	capture *world.Capture
}

func newCapturer(w *world.World) *capturer {
	return &capturer{world: w, cards: map[string]*capturedCard{}}
}

// add keeps a frame that a card sent or received.
func (c *capturer) add(e world.Event) {
	name := cardName(e.Node) + "-" + e.Interface
	card := c.cards[name]
	if card == nil {
		card = &capturedCard{}
		var err error
		card.capture, err = c.world.NewCapture(&card.file, func(world.Event) bool { return true })
		c.err = errors.Join(c.err, err)
		c.cards[name] = card
	}
	if card.capture != nil {
		card.capture.Observe(e)
	}
}

// write makes one file per card.
func (c *capturer) write(dir string) error {
	if c.err != nil {
		return c.err
	}
	for _, name := range slices.Sorted(maps.Keys(c.cards)) {
		card := c.cards[name]
		if err := card.capture.Err(); err != nil {
			return fmt.Errorf("capture of %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, fileName(name)), card.file.Bytes(), 0o644); err != nil {
			return fmt.Errorf("capture of %s: %w", name, err)
		}
	}
	return nil
}

// fileName replaces what does not belong into a file's name.
func fileName(card string) string {
	return strings.NewReplacer("/", "-", " ", "-").Replace(card) + ".pcapng"
}
