package schema

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// suffix of the files that VPP installs in share/vpp/api.
const suffix = ".api.json"

// APIFiles reads the *.api.json files in a directory and what is below it, as
// VPP installs them in share/vpp/api (core and plugins). It is an error if there
// are none, or if a file is damaged; a module that lies there twice counts once
// if both are equal and is an error if not.
func APIFiles(name string, dir fs.FS) (*Catalog, error) {
	text, err := CompactAPI(name, dir)
	if err != nil {
		return nil, err
	}
	c, err := parseCatalog(text)
	if err != nil {
		return nil, err
	}
	return c, c.check()
}

// CompactAPI reads a directory as APIFiles does and returns the text form from
// which Embedded's catalogue is made.
func CompactAPI(name string, dir fs.FS) (string, error) {
	r := dirReader{dir: dir, at: make(map[string]string), ranges: make(map[string]string)}
	if err := fs.WalkDir(dir, ".", r.visit); err != nil {
		return "", fmt.Errorf("read api files: %w", err)
	}
	if len(r.files) == 0 {
		return "", fmt.Errorf("read api files: no *%s", suffix)
	}
	for _, f := range r.files {
		f.rangeCRC = r.ranges[f.module]
	}
	sortFiles(r.files)
	return renderText(name, r.files), nil
}

// dirReader gathers what lies below a directory.
type dirReader struct {
	dir   fs.FS
	files []*apiFile
	at    map[string]string // where each module was found
	// ranges holds CRCs from *.api.h files, by module.
	ranges map[string]string
}

func (r *dirReader) visit(p string, d fs.DirEntry, err error) error {
	header := strings.HasSuffix(p, ".api.h")
	if err != nil || d.IsDir() || !header && !strings.HasSuffix(p, suffix) {
		return err
	}
	data, err := fs.ReadFile(r.dir, p)
	if err != nil {
		return err
	}
	if header {
		r.header(data)
		return nil
	}
	return r.json(p, data)
}

func (r *dirReader) json(p string, data []byte) error {
	f, err := readAPIFile(strings.TrimSuffix(path.Base(p), suffix), data)
	if err != nil {
		return fmt.Errorf("%s: %w", p, err)
	}
	if other, twice := r.at[f.module]; twice {
		if sameFile(r.files, f) {
			return nil
		}
		return fmt.Errorf("%s and %s define module %s differently", other, p, f.module)
	}
	r.at[f.module] = p
	f.plugin = pluginOf(f.module)
	r.files = append(r.files, f)
	return nil
}

// versionLine is where a C header says under which name VPP registers the
// module's messages.
var versionLine = regexp.MustCompile(`vl_api_version\((\w+)\.api, 0x([0-9a-f]{1,8})\)`)

// header finds the CRC in a *.api.h file.
func (r *dirReader) header(data []byte) {
	if m := versionLine.FindSubmatch(data); m != nil {
		r.ranges[string(m[1])] = crcDigits(string(m[2]))
	}
}

// sameFile says if the module was read before with the same messages.
func sameFile(files []*apiFile, f *apiFile) bool {
	for _, o := range files {
		if o.module == f.module {
			return o.crc == f.crc && renderText("", []*apiFile{o}) == renderText("", []*apiFile{{
				module: f.module, version: f.version, crc: f.crc, plugin: o.plugin, types: f.types,
				messages: f.messages, services: f.services}})
		}
	}
	return false
}
