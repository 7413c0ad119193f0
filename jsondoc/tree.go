package jsondoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxDepth bounds nesting; the document needs six levels.
const maxDepth = 32

// node is a JSON value with its place in the document.
type node struct {
	offset  int
	members []member // of an object, in order, duplicates kept
	items   []*node  // of an array
	value   any      // string, json.Number, bool, or nil
	kind    kind
}

type member struct {
	name   string
	offset int
	node   *node
}

type kind uint8

const (
	isNull kind = iota
	isBool
	isNumber
	isString
	isArray
	isObject
)

var kindNames = [...]string{"null", "true or false", "a number", "a string", "a list", "an object"}

func (k kind) String() string { return kindNames[k] }

// syntaxError is a fault that leaves no tree to go on with.
type syntaxError struct {
	offset int
	text   string
}

func (e *syntaxError) Error() string { return e.text }

// parseTree reads one JSON value with the offset of every part.
func parseTree(data []byte) (*node, error) {
	r := &treeReader{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	r.dec.UseNumber()
	n, err := r.value(0)
	if err != nil {
		return nil, r.describe(err)
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &syntaxError{r.next(), "text after the end of the document"}
	}
	return n, nil
}

type treeReader struct {
	data []byte
	dec  *json.Decoder
}

// next is the offset of the next token.
func (r *treeReader) next() int {
	i := int(r.dec.InputOffset())
	for i < len(r.data) && bytes.IndexByte([]byte(" \t\r\n,:"), r.data[i]) >= 0 {
		i++
	}
	return i
}

func (r *treeReader) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, &syntaxError{r.next(), fmt.Sprintf("nested deeper than %d levels", maxDepth)}
	}
	n := &node{offset: r.next()}
	tok, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	switch v := tok.(type) {
	case json.Delim:
		if v == '{' {
			return n, r.object(n, depth)
		}
		return n, r.array(n, depth)
	case string:
		n.kind, n.value = isString, v
	case json.Number:
		n.kind, n.value = isNumber, v
	case bool:
		n.kind, n.value = isBool, v
	}
	return n, nil
}

func (r *treeReader) object(n *node, depth int) error {
	n.kind = isObject
	for r.dec.More() {
		m := member{offset: r.next()}
		tok, err := r.dec.Token()
		if err != nil {
			return err
		}
		m.name, _ = tok.(string) // encoding/json accepts nothing else as a name
		if m.node, err = r.value(depth + 1); err != nil {
			return err
		}
		n.members = append(n.members, m)
	}
	_, err := r.dec.Token()
	return err
}

func (r *treeReader) array(n *node, depth int) error {
	n.kind = isArray
	for r.dec.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := r.dec.Token()
	return err
}

// describe gives a decoder's error its place.
func (r *treeReader) describe(err error) error {
	var own *syntaxError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &syntaxError{len(r.data), "the document ends too early"}
	case errors.As(err, &syntax):
		return &syntaxError{r.next(), "not JSON: " + syntax.Error()}
	}
	return &syntaxError{r.next(), "not JSON: " + err.Error()}
}
