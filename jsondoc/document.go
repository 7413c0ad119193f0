package jsondoc

import (
	"errors"
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
	d := &Document[T]{Value: new(T), binding: binding{file: file, data: data, places: map[string]int{}}}
	root, err := d.tree()
	if err != nil {
		return nil, err
	}
	v := reflect.ValueOf(d.Value).Elem()
	setDefaults(v)
	d.bind(root, v, "", Key{Type: v.Type()})
	check(d)
	if len(d.faults) > 0 {
		return nil, d.sorted()
	}
	return d, nil
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
	for p := path; ; p = p[:strings.LastIndexByte(p, '/')] {
		offset, ok := d.places[p]
		if ok || p == "" {
			d.fault(offset, path, text)
			return
		}
	}
}

// Show returns the effective document, every default filled in and every secret
// hidden, with a comment behind each value that says where it comes from: line
// and column of the file, or "default".
func (d *Document[T]) Show() []byte {
	w := writer{doc: &d.binding}
	w.value(reflect.ValueOf(*d.Value), "", 0, "")
	return w.Bytes()
}

// binding is a document on its way into a Go value.
type binding struct {
	file   string
	data   []byte
	places map[string]int // offset of each value, by JSON pointer
	faults Faults
}

// tree reads the document's text.
func (d *binding) tree() (*node, error) {
	if len(d.data) > MaxSize {
		d.fault(0, "", "larger than "+strconv.Itoa(MaxSize)+" bytes")
		return nil, d.faults
	}
	plain, err := hujson.Standardize(slices.Clone(d.data)) // keeps offsets
	if err != nil {
		plain = d.data // the JSON reader finds the place
	}
	root, err := parseTree(plain)
	if err != nil {
		var syntax *syntaxError
		errors.As(err, &syntax)
		d.fault(syntax.offset, "", syntax.text)
		return nil, d.faults
	}
	return root, nil
}

func (d *binding) fault(offset int, path, text string) {
	line, column := position(d.data, offset)
	d.faults = append(d.faults, Fault{d.file, line, column, path, text})
}

// sorted returns the faults in the order of their places.
func (d *binding) sorted() Faults {
	slices.SortStableFunc(d.faults, func(a, b Fault) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return d.faults
}
