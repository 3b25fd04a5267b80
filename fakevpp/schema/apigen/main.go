// Command apigen writes the text form of a VPP's *.api.json files: names, CRCs
// and layouts of its messages, without comments. The double's own API is made
// with it from the files that VPP's build leaves:
//
//	go run ./fakevpp/schema/apigen -name 26.06 -o fakevpp/schema/vpp2606.api DIR
//
// The name under which VPP knows a module's ids ends with another CRC than the
// file's. It is in the generated C headers only (vl_api_version in *.api.h),
// and read from there if DIR holds them, too.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/vpptwin/vpptwin/fakevpp/schema"
)

func main() {
	name := flag.String("name", "", "version of the VPP that the files belong to")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	if *name == "" || *out == "" || flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: apigen -name VERSION -o FILE DIR")
		os.Exit(2)
	}
	if err := write(*name, *out, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(name, out, dir string) error {
	text, err := schema.CompactAPI(name, os.DirFS(dir))
	if err != nil {
		return err
	}
	return os.WriteFile(out, []byte(text), 0o644)
}
