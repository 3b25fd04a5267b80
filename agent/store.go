package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Store keeps small records by name across restarts of the agent. Names are arbitrary non-empty strings. Methods may be called from
// several goroutines.
type Store interface {
	// Put writes or replaces a record. When it returns nil the record survives a crash.
	Put(name string, data []byte) error
	// Delete removes a record; one that does not exist is no error.
	Delete(name string) error
	// All returns every record.
	All() (map[string][]byte, error)
}

// MemoryStore is a Store that lives as long as the process: for an agent that is restarted within a test.
type MemoryStore struct {
	mu      sync.Mutex
	records map[string][]byte
}

// NewMemoryStore returns an empty MemoryStore.
func NewMemoryStore() *MemoryStore { return &MemoryStore{records: map[string][]byte{}} }

// Put implements Store.
func (s *MemoryStore) Put(name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[name] = data
	return nil
}

// Delete implements Store.
func (s *MemoryStore) Delete(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.records, name)
	return nil
}

// All implements Store.
func (s *MemoryStore) All() (map[string][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.records), nil
}

// DirStore is a Store with one file per record, NAME.json with the name percent-encoded.
type DirStore struct{ dir string }

// storeSuffix ends the names of a DirStore's files.
const storeSuffix = ".json"

// NewDirStore returns a Store in dir, which is created if missing.
func NewDirStore(dir string) (*DirStore, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("store of the agent: %w", err)
	}
	return &DirStore{dir: dir}, nil
}

func (s *DirStore) path(name string) string {
	return filepath.Join(s.dir, url.PathEscape(name)+storeSuffix)
}

// Put implements Store. The file appears whole or not at all (write, sync, rename).
func (s *DirStore) Put(name string, data []byte) error {
	f, err := os.CreateTemp(s.dir, "new-*")
	if err != nil {
		return fmt.Errorf("store %s: %w", name, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path(name))
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", name, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// Delete implements Store.
func (s *DirStore) Delete(name string) error {
	if err := os.Remove(s.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s from the store: %w", name, err)
	}
	return nil
}

// All implements Store. Files that are not records (a write that was cut short) are left alone.
func (s *DirStore) All() (map[string][]byte, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("read the store: %w", err)
	}
	all := map[string][]byte{}
	for _, e := range entries {
		base, found := strings.CutSuffix(e.Name(), storeSuffix)
		name, err := url.PathUnescape(base)
		if !found || err != nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(s.dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the store: %w", err)
		}
		all[name] = data
	}
	return all, nil
}
