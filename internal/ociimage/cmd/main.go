// Command cmd writes the image of `vpptwin vpp`: make image.
package main

import (
	"flag"
	"log"
	"os"
	"runtime"

	"github.com/vpptwin/vpptwin/internal/ociimage"
)

func main() {
	binary := flag.String("binary", "bin/vpptwin", "the static binary")
	out := flag.String("out", "bin/vpptwin-image.tar", "the archive to write")
	name := flag.String("name", "vpptwin:latest", "name and tag of the image")
	arch := flag.String("arch", runtime.GOARCH, "architecture of the binary")
	flag.Parse()
	if err := write(*binary, *out, *name, *arch); err != nil {
		log.Fatal(err)
	}
}

func write(binary, out, name, arch string) error {
	data, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	if err := ociimage.VPPTwin(name, arch, data).Write(f); err != nil {
		_ = f.Close() // the first error is the one to tell
		return err
	}
	return f.Close()
}
