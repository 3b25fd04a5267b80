package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/vpptwin/vpptwin/scenarios"
)

// libraryName stands for every built-in scenario where a path is expected.
const libraryName = "library"

// hostFS opens files by any path of the operating system, so that messages name files as the user did and scenarios may use manifests in sibling directories.
type hostFS struct{}

// Open implements fs.FS.
func (hostFS) Open(name string) (fs.File, error) { return os.Open(filepath.FromSlash(name)) }

// input is a scenario file and where it is.
type input struct {
	fsys fs.FS
	file string
}

// inputs finds the files that arguments mean: files, directories, names of built-in scenarios, or libraryName.
func inputs(args []string) ([]input, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("no scenario given; expected files, directories or names of built-in scenarios (vpptwin list), or %q for all of those", libraryName)
	}
	var out []input
	for _, arg := range args {
		found, err := find(arg)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

func find(arg string) ([]input, error) {
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return directory(arg)
	case err == nil:
		return []input{{hostFS{}, filepath.ToSlash(arg)}}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	files, err := scenarios.Find(scenarios.Library())
	if err != nil {
		return nil, err
	}
	var out []input
	for _, f := range files {
		if arg == libraryName || arg == f || arg == baseName(f) {
			out = append(out, input{scenarios.Library(), f})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%q is no file, directory or built-in scenario (vpptwin list shows those)", arg)
	}
	return out, nil
}

func directory(dir string) ([]input, error) {
	files, err := scenarios.Find(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("looking for scenarios in %s: %w", dir, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("directory %q has no scenario; expected files ending in .yaml or .yml", dir)
	}
	var out []input
	for _, f := range files {
		out = append(out, input{hostFS{}, filepath.ToSlash(filepath.Join(dir, f))})
	}
	return out, nil
}

func baseName(file string) string {
	return strings.TrimSuffix(strings.TrimSuffix(file, ".yaml"), ".yml")
}

// load reads every scenario that the arguments mean. The error has the problems of all of them.
func load(args []string) ([]*scenarios.Scenario, error) {
	ins, err := inputs(args)
	if err != nil {
		return nil, err
	}
	var out []*scenarios.Scenario
	var problems scenarios.Problems
	for _, in := range ins {
		s, err := scenarios.Load(in.fsys, in.file)
		var ps scenarios.Problems
		switch {
		case errors.As(err, &ps):
			problems = append(problems, ps...)
		case err != nil:
			return nil, err
		default:
			out = append(out, s)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return out, nil
}

// completeScenarios completes names of built-in scenarios, besides files.
func completeScenarios(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	files, err := scenarios.Find(scenarios.Library())
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := []string{libraryName}
	for _, f := range files {
		names = append(names, baseName(f))
	}
	return names, cobra.ShellCompDirectiveDefault
}
