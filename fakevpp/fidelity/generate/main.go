// Command generate prints docs/fidelity.md; `make fidelity` runs it.
package main

import (
	"fmt"
	"os"

	"github.com/vpptwin/vpptwin/fakevpp/fidelity"
)

func main() {
	text, err := fidelity.Markdown()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(text)
}
