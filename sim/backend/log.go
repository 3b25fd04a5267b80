package backend

import (
	"errors"
	"sync"
)

// logBook collects what must make a scenario fail although no step noticed it:
// errors of background work.
type logBook struct {
	mu   sync.Mutex
	errs []error
}

func newLogBook() *logBook { return &logBook{} }

// fail records an error of background work.
func (l *logBook) fail(err error) {
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.errs = append(l.errs, err)
}

func (l *logBook) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.errs...)
}
