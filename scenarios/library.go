package scenarios

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed library
var embedded embed.FS

// Library returns the scenarios that come with the product, as files at the root of the returned file system.
func Library() fs.FS {
	sub, err := fs.Sub(embedded, "library")
	if err != nil {
		return embedded // the name is a constant of this file: this does not happen
	}
	return sub
}

// Find lists the scenario files of fsys that the patterns (path.Match) select, in lexical order; all of them without patterns. Scenario files end
// in .yaml or .yml; directories named "manifests" hold manifests and are left out.
func Find(fsys fs.FS, patterns ...string) ([]string, error) {
	var out []string
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && e.Name() == "manifests":
			return fs.SkipDir
		case e.IsDir() || !isScenarioFile(name):
			return nil
		}
		for _, p := range patterns {
			ok, err := path.Match(p, name)
			if err != nil {
				return err
			}
			if ok {
				out = append(out, name)
			}
		}
		if len(patterns) == 0 {
			out = append(out, name)
		}
		return nil
	})
	slices.Sort(out)
	return slices.Compact(out), err
}

func isScenarioFile(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}
