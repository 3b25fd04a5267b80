package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"strings"
)

// Load reads a scenario file and the manifest files it names, relative to it and within fsys. The error is a Problems with everything found wrong, or tells
// that the file cannot be read.
func Load(fsys fs.FS, file string) (*Scenario, error) {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, fmt.Errorf("reading scenario: %w", err)
	}
	return Parse(fsys, file, data)
}

// Parse reads a scenario from data. file is its name for messages and the place from which manifest files are found in
// fsys, which may be nil if there are none. The error is a Problems.
func Parse(fsys fs.FS, file string, data []byte) (*Scenario, error) {
	d := &decoder{collector: collector{file: file, positions: positions{}}}
	s := &Scenario{File: file, positions: d.positions}
	root := d.parseYAML(data)
	if root == nil {
		return nil, d.err()
	}
	d.value(root, reflect.ValueOf(s).Elem(), "")
	if d.problems != nil {
		return nil, d.err() // references cannot be checked in what was not understood
	}
	if s.Name == "" {
		s.Name = strings.TrimSuffix(path.Base(file), path.Ext(file))
	}
	s.bed = buildTopology(&d.collector, s.Name, s.Topology)
	if d.problems != nil {
		return nil, d.err()
	}
	reader := &manifestReader{collector: &d.collector, fsys: fsys, dir: path.Dir(file)}
	s.objects = reader.read("manifests", s.Manifests)
	newValidator(&d.collector, s, reader).validate()
	if err := d.err(); err != nil {
		return nil, err
	}
	return s, nil
}

// IsProblem reports whether err says that a scenario file is wrong, as opposed to unreadable.
func IsProblem(err error) bool {
	var ps Problems
	return errors.As(err, &ps)
}

// TestBed returns the topology with every default filled in.
func (s *Scenario) TestBed() TestBed { return s.bed }

// Objects returns the Kubernetes objects that are applied before the first step, in order.
func (s *Scenario) Objects() []Manifest { return s.objects }

// Notices returns what is accepted in the scenario's manifests but has no effect, or another than a cluster would show.
func (s *Scenario) Notices() []Notice { return s.notices }
