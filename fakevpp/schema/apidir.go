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
	files, err := readDir(dir)
	if err != nil {
		return "", err
	}
	ranges, err := readHeaders(dir)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		f.rangeCRC = ranges[f.module]
	}
	sortFiles(files)
	return renderText(name, files), nil
}

func readDir(dir fs.FS) ([]*apiFile, error) {
	byModule := make(map[string]string)
	var files []*apiFile
	err := fs.WalkDir(dir, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, suffix) {
			return err
		}
		data, err := fs.ReadFile(dir, p)
		if err != nil {
			return err
		}
		f, err := readAPIFile(strings.TrimSuffix(path.Base(p), suffix), data)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if other, twice := byModule[f.module]; twice {
			if sameFile(files, f) {
				return nil
			}
			return fmt.Errorf("%s and %s define module %s differently", other, p, f.module)
		}
		byModule[f.module] = p
		f.plugin = pluginOf(f.module)
		files = append(files, f)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read api files: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("read api files: no *%s", suffix)
	}
	return files, nil
}

// versionLine is where a C header says under which name VPP registers the
// module's messages.
var versionLine = regexp.MustCompile(`vl_api_version\((\w+)\.api, 0x([0-9a-f]{1,8})\)`)

// readHeaders finds the CRCs in *.api.h files, by module.
func readHeaders(dir fs.FS) (map[string]string, error) {
	ranges := make(map[string]string)
	err := fs.WalkDir(dir, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".api.h") {
			return err
		}
		data, err := fs.ReadFile(dir, p)
		if err != nil {
			return err
		}
		if m := versionLine.FindSubmatch(data); m != nil {
			ranges[string(m[1])] = crcDigits(string(m[2]))
		}
		return nil
	})
	return ranges, err
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
