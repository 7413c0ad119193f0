package dialplan

import (
	"fmt"
	"strings"
)

// SyntaxError is one fault of a digit map.
type SyntaxError struct {
	Column int    // of the fault, counted in characters from 1
	Found  string // what is there
	Want   string // what was expected
}

// Error says where the fault is, what is there and what was expected.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("dialplan: column %d: found %s, want %s", e.Column, e.Found, e.Want)
}

// Errors are the faults of a digit map in the order of their columns.
type Errors []*SyntaxError

// Error lists all faults.
func (e Errors) Error() string {
	texts := make([]string, len(e))
	for i, f := range e {
		texts[i] = f.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the faults for errors.As.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, f := range e {
		errs[i] = f
	}
	return errs
}
