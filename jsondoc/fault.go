package jsondoc

import (
	"fmt"
	"strings"
)

// Fault is one thing wrong with a document.
type Fault struct {
	File   string `json:"file"`
	Line   int    `json:"line"`   // from 1
	Column int    `json:"column"` // from 1, in bytes
	Path   string `json:"path"`   // JSON pointer (RFC 6901) of the key
	Text   string `json:"text"`   // what is wrong and what would be right
}

// String is the form compilers use, so that editors find the place.
func (f Fault) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: %s", f.File, f.Line, f.Column, pathOr(f.Path), f.Text)
}

func pathOr(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// Faults is every fault of a document, in the order of their places. It is the
// error that Parse returns.
type Faults []Fault

// Error lists the faults, one a line.
func (fs Faults) Error() string {
	var b strings.Builder
	for i, f := range fs {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(f.String())
	}
	return b.String()
}

// position turns an offset into line and column, both from 1.
func position(data []byte, offset int) (line, column int) {
	offset = min(offset, len(data))
	before := data[:offset]
	line = 1
	start := 0
	for i, c := range before {
		if c == '\n' {
			line++
			start = i + 1
		}
	}
	return line, offset - start + 1
}

// Pointer appends one step to a JSON pointer (RFC 6901 §3).
func Pointer(path, step string) string {
	return path + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step)
}

// Steps takes a JSON pointer apart (RFC 6901 §4).
func Steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, s := range steps {
		steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(s)
	}
	return steps
}
