// Package foreign is what the importers of other makers' provisioning files have
// in common: reading the flat XML they are written in, the findings, and the
// document under construction.
package foreign

import "fmt"

// File is a provisioning file and the name that findings use for it.
type File struct {
	Name string
	Data []byte
}

// Opts is what the importers need to know of the device.
type Opts struct {
	// Ports is how many telephones the device has. 0: as many as the file is for.
	Ports int
	// MAC is the device's own address. A file that names another is refused;
	// with an empty one it is not compared.
	MAC string
}

// Result is what came of the files.
type Result struct {
	// Document is a configuration that package config accepts. It holds the
	// passwords of the files.
	Document []byte
	// Shown is the same with *** for each password.
	Shown []byte
	// Secrets says for each password of the document, by JSON pointer, which file
	// it is from.
	Secrets map[string]string
	// Findings tell what became of each parameter, in the order of the files.
	Findings []Finding
}

// Invalid says whether something was not taken because it is wrong.
func (r *Result) Invalid() bool {
	for _, f := range r.Findings {
		if f.Severity == Invalid {
			return true
		}
	}
	return false
}

// Severity says what became of a parameter.
type Severity uint8

// From what is well to what is not.
const (
	Lossless Severity = iota // taken over, means the same
	Lossy                    // taken over, means nearly the same
	Ignored                  // not taken over: the agent has nothing like it
	Invalid                  // not taken over: the value is wrong or cannot be used
)

var severityNames = [...]string{"lossless", "lossy", "ignored", "invalid"}

// String returns the name used in documents.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// MarshalText returns the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding tells what became of a parameter. Its message never repeats a secret.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`   // from 1
	Column   int      `json:"column"` // from 1, in bytes
	Name     string   `json:"name"`   // of the parameter, empty for the whole file
	Key      string   `json:"key"`    // JSON pointer of the configuration's key, empty without one
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
}

// String is the form compilers use, so that editors find the place.
func (f Finding) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s: ", f.File, f.Line, f.Column, f.Severity)
	if f.Name != "" {
		s += f.Name + ": "
	}
	return s + f.Message
}

// Error is why nothing can be taken from a file.
type Error struct {
	File         string
	Line, Column int
	Text         string
}

// Error says where and what.
func (e *Error) Error() string {
	return fmt.Sprintf("foreign: read file: %s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
}
