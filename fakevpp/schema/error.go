package schema

import (
	"errors"
	"fmt"
)

// Error reports a message whose bytes do not fit its layout.
type Error struct {
	// Message is the message's name and Field the path of the field in it.
	Message, Field string
	// Offset is where the field starts, in bytes from the message id.
	Offset int
	// Problem says what is wrong, with what was expected.
	Problem string
}

// Error names message, field, offset and problem.
func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("%s: offset %d: %s", e.Message, e.Offset, e.Problem)
	}
	return fmt.Sprintf("%s.%s: offset %d: %s", e.Message, e.Field, e.Offset, e.Problem)
}

// IsError says if err is or wraps an *Error.
func IsError(err error) bool {
	if err == nil {
		return false // every message comes this way
	}
	var e *Error
	return errors.As(err, &e)
}
