package jsondoc

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// MaxSize is the largest document that Parse takes, in bytes.
const MaxSize = 1 << 20

// Document is a document of type T that still knows where each value stands.
type Document[T any] struct {
	Value *T
	binding
}

// Parse reads a document. What it does not give has its default. When that went
// as far as a value, check may add what no single key can tell, by Fault. The
// error is of type Faults and lists everything that is wrong; file is the name
// it uses.
func Parse[T any](file string, data []byte, check func(*Document[T])) (*Document[T], error) {
	return Merge([]Source{{File: file, Data: data}}, check)
}

// Source is one of the texts that make a document together.
type Source struct {
	Layer string // its name among the sources, "" when it is alone
	File  string // the name that faults use
	Data  []byte
	May   func(Key) bool // whether it may give a key; nil: every one
}

// Merge reads a document of several texts, each over the ones before: a value
// takes the place of the one below, an object is joined key by key, and so are
// the entries of a list of objects, by their place in the list. Another list
// takes the place of the one below. Each text is as strict as with Parse; check
// sees what they come to.
func Merge[T any](sources []Source, check func(*Document[T])) (*Document[T], error) {
	d := &Document[T]{Value: new(T), binding: binding{places: map[string]place{}}}
	v := reflect.ValueOf(d.Value).Elem()
	setDefaults(v)
	whole := true
	for i, s := range sources {
		d.source = &source{order: i, layer: s.Layer, file: s.File, data: s.Data, may: s.May}
		root, ok := d.tree()
		if ok {
			d.bind(root, v, "", Key{Type: v.Type()})
		}
		whole = whole && ok
	}
	if whole {
		check(d)
	}
	if len(d.faults) > 0 {
		return nil, inOrder(d.faults)
	}
	return d, nil
}

// Origin is where a value comes from.
type Origin struct {
	Layer  string `json:"layer"`            // of its source, or "default"
	File   string `json:"file,omitempty"`   // "" when it is in no text
	Line   int    `json:"line,omitempty"`   // from 1
	Column int    `json:"column,omitempty"` // from 1, in bytes
}

// String is the layer, if it has a name, and the place in the form of faults.
func (o Origin) String() string {
	if o.File == "" {
		return o.Layer
	}
	at := fmt.Sprintf("%s:%d:%d", o.File, o.Line, o.Column)
	if o.Layer == "" {
		return at
	}
	return o.Layer + " " + at
}

// Default returns what an empty document comes to.
func Default[T any]() T {
	var v T
	setDefaults(reflect.ValueOf(&v).Elem())
	return v
}

// Has says whether the document itself gives a value, named by JSON pointer
// (RFC 6901).
func (d *Document[T]) Has(path string) bool {
	_, there := d.places[path]
	return there
}

// Fault reports what is wrong with a value, named by JSON pointer. Where the
// document does not give it, the fault has the place of what it would be in.
func (d *Document[T]) Fault(path, text string) {
	at := d.nearest(path)
	d.faultIn(at.source, at.offset, path, text)
}

// Warn reports what is allowed and yet hardly meant, as Fault does.
func (d *Document[T]) Warn(path, text string) {
	at := d.nearest(path)
	d.warnings = append(d.warnings, faultAt(at.source, at.offset, path, text))
}

// Warnings is what was reported by Warn, in the order of their places.
func (d *Document[T]) Warnings() Faults { return inOrder(d.warnings) }

// Derived tells that a value was set by the program, on behalf of what layer
// names.
func (d *Document[T]) Derived(path, layer string) {
	d.places[path] = place{source: &source{layer: layer}}
}

// Show returns the effective document, every default filled in and every secret
// hidden, with a comment behind each value that says where it comes from: line
// and column of the file, or "default".
func (d *Document[T]) Show() []byte {
	w := writer{doc: &d.binding}
	w.value(reflect.ValueOf(*d.Value), "", 0, "")
	return w.Bytes()
}

// source is a text on its way into a document.
type source struct {
	order int // among the texts
	layer string
	file  string
	data  []byte
	may   func(Key) bool
}

// place is where a value stands.
type place struct {
	source *source
	offset int
}

// foundFault is a fault with the order of its text.
type foundFault struct {
	order int
	Fault
}

// binding is a document on its way into a Go value.
type binding struct {
	source           *source          // being read
	places           map[string]place // of each value, by JSON pointer
	faults, warnings []foundFault
}

// Origin says where a value comes from, named by JSON pointer.
func (d *binding) Origin(path string) Origin {
	at, ok := d.places[path]
	if !ok {
		return Origin{Layer: "default"}
	}
	o := Origin{Layer: at.source.layer, File: at.source.file}
	if at.source.data != nil {
		o.Line, o.Column = position(at.source.data, at.offset)
	}
	return o
}

// Origins is Origin for every value that some text gives.
func (d *binding) Origins() map[string]Origin {
	all := make(map[string]Origin, len(d.places))
	for path := range d.places {
		all[path] = d.Origin(path)
	}
	return all
}

// tree reads the text of the current source.
func (d *binding) tree() (*node, bool) {
	data := d.source.data
	if len(data) > MaxSize {
		d.fault(0, "", "larger than "+strconv.Itoa(MaxSize)+" bytes")
		return nil, false
	}
	plain, err := hujson.Standardize(slices.Clone(data)) // keeps offsets
	if err != nil {
		plain = data // the JSON reader finds the place
	}
	root, err := parseTree(plain)
	if err != nil {
		var syntax *syntaxError
		errors.As(err, &syntax)
		d.fault(syntax.offset, "", syntax.text)
		return nil, false
	}
	return root, true
}

// fault reports what is wrong in the text being read.
func (d *binding) fault(offset int, path, text string) {
	d.faultIn(d.source, offset, path, text)
}

func (d *binding) faultIn(s *source, offset int, path, text string) {
	d.faults = append(d.faults, faultAt(s, offset, path, text))
}

// nearest is the place of a value or, where the document does not give it, of
// what it would be in.
func (d *binding) nearest(path string) place {
	for p := path; ; p = p[:strings.LastIndexByte(p, '/')] {
		if at, ok := d.places[p]; ok || p == "" {
			return at
		}
	}
}

func faultAt(s *source, offset int, path, text string) foundFault {
	if s == nil { // there is no text at all
		s = &source{}
	}
	line, column := position(s.data, offset)
	return foundFault{s.order, Fault{s.file, line, column, path, text}}
}

// inOrder returns faults in the order of their places.
func inOrder(found []foundFault) Faults {
	slices.SortStableFunc(found, func(a, b foundFault) int {
		return cmp.Or(a.order-b.order, a.Line-b.Line, a.Column-b.Column)
	})
	out := make(Faults, len(found))
	for i, f := range found {
		out[i] = f.Fault
	}
	return out
}
