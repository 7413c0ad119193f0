package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/jsondoc"
)

// ErrNotSet says that a document does not have the key that is to be removed.
var ErrNotSet = errors.New("config: this document does not set the key")

// PointerOf is the JSON pointer of a key that a person wrote: /lines/0/name or
// lines.0.name.
func PointerOf(key string) string {
	if strings.HasPrefix(key, "/") {
		return key
	}
	path := ""
	for step := range strings.SplitSeq(key, ".") {
		path = jsondoc.Pointer(path, step)
	}
	return path
}

// WithKey returns a layer's document, which may be empty, with a key set to what a
// person wrote: text where the key takes text, else JSON. Whether it may be so is
// for Merge to say. The document has no comments afterwards.
func WithKey(document []byte, path, value string) ([]byte, error) {
	root, err := rootOf(document)
	if err != nil {
		return nil, err
	}
	v, err := valueOf(path, value)
	if err != nil {
		return nil, err
	}
	steps := jsondoc.Steps(path)
	if len(steps) == 0 {
		return nil, errors.New("config: set: a key is missing")
	}
	if _, err := put(root, steps, v); err != nil {
		return nil, fmt.Errorf("config: set %s: %w", path, err)
	}
	return json.Marshal(root)
}

// WithoutKey returns a layer's document without a key, and without the objects
// that are empty then. It fails with ErrNotSet if the key is not there.
func WithoutKey(document []byte, path string) ([]byte, error) {
	root, err := rootOf(document)
	if err != nil {
		return nil, err
	}
	_, found := take(root, jsondoc.Steps(path))
	if !found {
		return nil, fmt.Errorf("%w: %s", ErrNotSet, path)
	}
	return json.Marshal(root)
}

func rootOf(document []byte) (map[string]any, error) {
	root := map[string]any{}
	if len(bytes.TrimSpace(document)) == 0 {
		return root, nil
	}
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	if err := d.Decode(&root); err != nil {
		return nil, errors.New("config: the owner's document cannot be read") // it may hold a password
	}
	return root, nil
}

// valueOf reads a value as its key has it.
func valueOf(path, text string) (any, error) {
	k, known := jsondoc.Find[Config](path)
	if !known || k.Type.Kind() == reflect.String || k.Type == reflect.TypeFor[Secret]() {
		return text, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return nil, fmt.Errorf("config: set %s: not JSON; allowed: %s", path, k.Allowed())
	}
	return v, nil
}

// put sets what steps lead to and returns the tree. Entries of lines before one
// that is set are empty: what is below them stays.
func put(in any, steps []string, v any) (any, error) {
	if len(steps) == 0 {
		return v, nil
	}
	if list, ok := in.([]any); ok || in == nil && isIndex(steps[0]) {
		i, err := strconv.Atoi(steps[0])
		if err != nil || i < 0 || i >= maxEntries {
			return nil, fmt.Errorf("no entry %q, allowed: 0 to %d", steps[0], maxEntries-1)
		}
		for len(list) <= i {
			list = append(list, map[string]any{})
		}
		list[i], err = put(list[i], steps[1:], v)
		return list, err
	}
	object, ok := in.(map[string]any)
	if !ok && in != nil {
		return nil, errors.New("it is within a value")
	}
	if object == nil {
		object = map[string]any{}
	}
	inner, err := put(object[steps[0]], steps[1:], v)
	object[steps[0]] = inner
	return object, err
}

// maxEntries bounds the lists that a key can be set in.
const maxEntries = 8

func isIndex(step string) bool {
	_, err := strconv.Atoi(step)
	return err == nil
}

// take removes what steps lead to and returns what is left, nil if that is
// nothing.
func take(in any, steps []string) (left any, found bool) {
	if len(steps) == 0 {
		return nil, in != nil
	}
	switch in := in.(type) {
	case map[string]any:
		inner, found := take(in[steps[0]], steps[1:])
		if in[steps[0]] = inner; inner == nil {
			delete(in, steps[0])
		}
		if len(in) == 0 {
			return nil, found
		}
		return in, found
	case []any:
		i, err := strconv.Atoi(steps[0])
		if err != nil || i < 0 || i >= len(in) {
			return in, false
		}
		inner, found := take(in[i], steps[1:])
		if in[i] = inner; inner == nil {
			in[i] = map[string]any{}
		}
		return shortened(in), found
	}
	return in, false
}

// shortened leaves out the empty entries at the end; nil if there are no others.
func shortened(list []any) any {
	for len(list) > 0 {
		if last, ok := list[len(list)-1].(map[string]any); !ok || len(last) > 0 {
			return slices.Clip(list)
		}
		list = list[:len(list)-1]
	}
	return nil
}
