// Command generate prints docs/fidelity.md; `make fidelity` runs it.
//
// With -vpp it prints instead what a VPP does for the differences whose names
// contain -on: VPP has to be just started for each of them.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/vpptwin/vpptwin/fakevpp/fidelity"
)

func main() {
	socket := flag.String("vpp", "", "API socket of a VPP")
	on := flag.String("on", "", "part of a difference's text")
	flag.Parse()
	if err := run(*socket, *on); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(socket, on string) error {
	if socket != "" {
		return compare(socket, on)
	}
	text, err := fidelity.Markdown()
	fmt.Print(text)
	return err
}

// compare prints what VPP does where the list says something else.
func compare(socket, on string) error {
	for _, d := range fidelity.Differences() {
		if d.Unsafe || !strings.Contains(d.On+": "+d.What, on) {
			continue
		}
		got, err := d.Compare(socket)
		if err != nil {
			return err
		}
		if got != d.VPP {
			fmt.Printf("%s %s: VPP does %q, listed is %q\n", d.Kind, d.On, got, d.VPP)
		}
	}
	return nil
}
