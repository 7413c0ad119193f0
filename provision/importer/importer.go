// Package importer makes a configuration of whatever provisioning file another
// maker's adapter would take. It looks at what is in the file, not at its name.
package importer

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"

	"github.com/ata-agent/ata-agent/provision/cisco"
	"github.com/ata-agent/ata-agent/provision/crypt"
	"github.com/ata-agent/ata-agent/provision/foreign"
	"github.com/ata-agent/ata-agent/provision/grandstream"
)

// Format is a maker's form of provisioning files.
type Format string

// Formats there are.
const (
	Auto        Format = "auto" // find out
	Cisco       Format = "cisco"
	Grandstream Format = "grandstream"
)

// ErrFormat means that the files are of no format that is known here, or not all
// of the same.
var ErrFormat = errors.New("importer: neither a flat profile nor P values")

// Import makes a configuration of the files a device got, in the order it got
// them. They may be compressed or encrypted with one of the passphrases.
func Import(format Format, opts foreign.Opts, passphrases []string, files ...foreign.File) (*foreign.Result, error) {
	opened := make([]foreign.File, len(files))
	for i, f := range files {
		data, err := crypt.Open(f.Data, passphrases...)
		if err != nil {
			return nil, fmt.Errorf("importer: open %s: %w", f.Name, err)
		}
		opened[i] = foreign.File{Name: f.Name, Data: data}
	}
	if format == Auto {
		var err error
		if format, err = detectAll(opened); err != nil {
			return nil, err
		}
	}
	switch format {
	case Cisco:
		return cisco.Import(opts, opened...)
	case Grandstream:
		return grandstream.Import(opts, opened...)
	}
	return nil, fmt.Errorf("importer: unknown format %q, want auto, cisco or grandstream", format)
}

// detectAll returns the format that all files have.
func detectAll(files []foreign.File) (Format, error) {
	if len(files) == 0 {
		return "", ErrFormat
	}
	first, ok := Detect(files[0].Data)
	for _, f := range files {
		if this, known := Detect(f.Data); !ok || !known || this != first {
			return "", fmt.Errorf("%w: %s", ErrFormat, f.Name)
		}
	}
	return first, nil
}

// Detect says which format a file has by its outermost element or first line. The
// file is neither compressed nor encrypted.
func Detect(data []byte) (Format, bool) {
	if grandstream.IsText(data) {
		return Grandstream, true
	}
	switch outermost(data) {
	case cisco.Root:
		return Cisco, true
	case grandstream.Root:
		return Grandstream, true
	}
	return "", false
}

// outermost returns the name of the first element of an XML file, empty if there
// is none.
func outermost(data []byte) string {
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	dec.Strict = false
	dec.CharsetReader = foreign.AnyCharset
	for {
		token, err := dec.RawToken()
		if err != nil {
			return ""
		}
		if e, ok := token.(xml.StartElement); ok {
			return e.Name.Local
		}
	}
}
