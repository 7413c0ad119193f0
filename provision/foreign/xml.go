package foreign

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits of an XML file. They are far beyond what templates have.
const (
	// MaxSize is the largest file that is read, in bytes.
	MaxSize    = 1 << 20
	maxDepth   = 8
	maxEntries = 20000
)

// Document is a flat XML file: what is in the leaves.
type Document struct {
	Root    string // name of the outermost element
	Version string // its version attribute
	Entries []Entry
	// Findings are about the text of the file: what had to be repaired.
	Findings []Finding
}

// ReadXML reads a file of elements that hold a value each. Text that is not UTF-8
// counts as Latin-1, and an ampersand that begins no entity as itself, with a finding.
// Document types and entities of the file's own are refused. The error is an
// *Error.
func ReadXML(f File) (*Document, error) {
	if len(f.Data) > MaxSize {
		return nil, &Error{f.Name, 1, 1, fmt.Sprintf("larger than %d bytes", MaxSize)}
	}
	doc := &Document{}
	text := doc.decode(f)
	places := newPlaces(text.data, text.at)
	doc.Findings = append(doc.Findings, text.findings(f, places)...)
	r := &xmlReader{file: f, doc: doc, text: text.data, places: places}
	if err := r.read(); err != nil {
		return nil, err
	}
	return doc, nil
}

// decode makes UTF-8 with proper ampersands of the file.
func (d *Document) decode(f File) *repaired {
	if utf8.Valid(f.Data) {
		return repair(bytes.TrimPrefix(f.Data, []byte("\xef\xbb\xbf")))
	}
	d.Findings = append(d.Findings, Finding{f.Name, 1, 1, "", "", Lossy, "the file is not UTF-8, read as ISO 8859-1"})
	text := make([]rune, len(f.Data))
	for i, c := range f.Data {
		text[i] = rune(c)
	}
	return repair([]byte(string(text)))
}

// AnyCharset is for a decoder whose text is UTF-8, or read byte by byte, whatever its
// head says.
func AnyCharset(_ string, in io.Reader) (io.Reader, error) { return in, nil }

// xmlReader walks through the elements.
type xmlReader struct {
	file   File
	doc    *Document
	text   []byte
	places *places
	dec    *xml.Decoder
	stack  []element
}

// element is one that is open.
type element struct {
	name   string
	offset int
	parent bool // it has elements within
	value  []byte
}

func (r *xmlReader) read() error {
	r.dec = xml.NewDecoder(bytes.NewReader(r.text))
	r.dec.CharsetReader = AnyCharset
	for {
		offset := int(r.dec.InputOffset())
		token, err := r.dec.Token()
		if errors.Is(err, io.EOF) {
			return r.end()
		}
		if err != nil {
			// The decoder's own words may repeat a piece of a password.
			return r.fault(int(r.dec.InputOffset()), "not well-formed XML up to here")
		}
		if err := r.token(token, offset); err != nil {
			return err
		}
	}
}

// end is reached when every element is closed.
func (r *xmlReader) end() error {
	if r.doc.Root == "" {
		return r.fault(0, "no XML element")
	}
	return nil
}

func (r *xmlReader) token(token xml.Token, offset int) error {
	switch t := token.(type) {
	case xml.StartElement:
		return r.open(t, offset)
	case xml.EndElement:
		return r.close(offset)
	case xml.CharData:
		if n := len(r.stack); n > 0 {
			r.stack[n-1].value = append(r.stack[n-1].value, t...)
		}
	case xml.Directive:
		return r.fault(offset, "a document type is not allowed")
	}
	return nil
}

func (r *xmlReader) open(t xml.StartElement, offset int) error {
	if len(r.stack) == maxDepth {
		return r.fault(offset, fmt.Sprintf("elements deeper than %d", maxDepth))
	}
	if n := len(r.stack); n > 0 {
		r.stack[n-1].parent = true
	} else if r.doc.Root != "" {
		return r.fault(offset, "a second outermost element")
	} else {
		r.doc.Root, r.doc.Version = t.Name.Local, attribute(t, "version")
	}
	r.stack = append(r.stack, element{name: t.Name.Local, offset: offset})
	return nil
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// close takes the value of a leaf.
func (r *xmlReader) close(offset int) error {
	n := len(r.stack) - 1
	e := &r.stack[n]
	r.stack = r.stack[:n]
	if e.parent || n == 0 {
		return nil
	}
	if len(r.doc.Entries) == maxEntries {
		return r.fault(offset, fmt.Sprintf("more than %d parameters", maxEntries))
	}
	entry := Entry{Name: e.name, Value: strings.TrimSpace(string(e.value)), Group: r.stack[n-1].name, File: r.file.Name}
	entry.Line, entry.Column = r.places.of(e.offset)
	r.doc.Entries = append(r.doc.Entries, entry)
	return nil
}

func (r *xmlReader) fault(offset int, text string) error {
	line, column := r.places.of(offset)
	return &Error{r.file.Name, line, column, text}
}
