package jsondoc

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key is what the tags of a field say.
type Key struct {
	Name       string
	Default    string
	HasDefault bool
	Doc        string
	Enum       []string
	Min, Max   float64 // of the value, or of the length of a string or list
	Step       float64 // 0: any
	Ranged     bool    // Min and Max are given
	Multiline  bool    // a string may have line breaks
	Type       reflect.Type

	tag    reflect.StructTag
	parent *Key // what the key is in, nil at the top
}

// Keys are the keys of an object of the key's type.
func (k Key) Keys() []Key {
	keys := make([]Key, k.Type.NumField())
	for i := range keys {
		keys[i] = keyOf(k.Type.Field(i), &k)
	}
	return keys
}

// Item is what each entry of a list or map is.
func (k Key) Item() Key {
	i := Key{Enum: k.Enum, Type: k.Type.Elem(), parent: &k}
	i.bound(k.tag.Get("each"))
	return i
}

func (k *Key) bound(text string) {
	lo, hi, ok := strings.Cut(text, "..")
	if !ok {
		return
	}
	k.Ranged = true
	k.Min, _ = strconv.ParseFloat(lo, 64)
	k.Max, _ = strconv.ParseFloat(hi, 64)
}

// Inherited is a tag of the key, else of the nearest it is in that has it. With
// it a program adds tags of its own, for a key or a whole section.
func (k Key) Inherited(tag string) string {
	for at := &k; at != nil; at = at.parent {
		if v, ok := at.tag.Lookup(tag); ok {
			return v
		}
	}
	return ""
}

// IsSection says whether the key holds further keys, or a list of such.
func (k Key) IsSection() bool {
	return isSection(k.Type) || k.Type.Kind() == reflect.Slice && isSection(k.Type.Elem())
}

func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[Secret]()
}

func keyOf(f reflect.StructField, parent *Key) Key {
	k := Key{Name: f.Tag.Get("json"), Doc: f.Tag.Get("doc"), Type: f.Type, tag: f.Tag, parent: parent}
	k.Multiline = f.Tag.Get("multiline") == "true"
	k.Default, k.HasDefault = f.Tag.Lookup("default")
	if e := f.Tag.Get("enum"); e != "" {
		k.Enum = strings.Split(e, ",")
	}
	k.bound(f.Tag.Get("range"))
	k.Step, _ = strconv.ParseFloat(f.Tag.Get("step"), 64)
	return k
}

// unitOf is the Go duration of one unit of the key's number, or 0.
func unitOf(t reflect.Type) time.Duration {
	switch t {
	case reflect.TypeFor[Seconds]():
		return time.Second
	case reflect.TypeFor[Milliseconds]():
		return time.Millisecond
	}
	return 0
}

// Allowed says in words what the key may be.
func (k Key) Allowed() string {
	if len(k.Enum) > 0 {
		return "one of " + strings.Join(quoted(k.Enum), ", ")
	}
	if !k.Ranged {
		return ""
	}
	bounds := fmt.Sprintf("%s to %s", number(k.Min), number(k.Max))
	switch {
	case k.Type.Kind() == reflect.String, k.Type == reflect.TypeFor[Secret]():
		return bounds + " characters"
	case k.Type.Kind() == reflect.Slice, k.Type.Kind() == reflect.Map:
		return bounds + " entries"
	}
	if k.Step > 0 && k.Step != 1 {
		bounds += " in steps of " + number(k.Step)
	}
	switch unitOf(k.Type) {
	case time.Second:
		bounds += " seconds"
	case time.Millisecond:
		bounds += " milliseconds"
	}
	return bounds
}

// AllowedLength says in words how long the list may be, whatever its entries.
func (k Key) AllowedLength() string {
	k.Enum = nil
	return k.Allowed()
}

func (k Key) inRange(v float64) bool {
	return !k.Ranged || v >= k.Min && v <= k.Max
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func quoted(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strconv.Quote(s)
	}
	return out
}

// nearest returns the candidate most like s, if one is like it at all.
func nearest(s string, candidates []string) (string, bool) {
	best, at := len(s)/2+1, ""
	for _, c := range candidates {
		if strings.EqualFold(s, c) {
			return c, true
		}
		if d := distance(s, c); d < best {
			best, at = d, c
		}
	}
	return at, at != ""
}

// distance is the number of letters to add, drop or change between a and b.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

// Walk visits every key of documents of type T in order, the keys of a list's
// entries with 0 for the index.
func Walk[T any](visit func(path []string, k Key)) {
	walk(Key{Type: reflect.TypeFor[T]()}, nil, visit)
}

func walk(in Key, path []string, visit func([]string, Key)) {
	for _, k := range in.Keys() {
		at := append(slices.Clone(path), k.Name)
		visit(at, k)
		switch {
		case isSection(k.Type):
			walk(k, at, visit)
		case k.IsSection():
			walk(k.Item(), append(at, "0"), visit)
		}
	}
}

// Find returns the key that a JSON pointer into documents of type T is about:
// of an entry of a list or map, the entry's.
func Find[T any](pointer string) (Key, bool) {
	k := Key{Type: reflect.TypeFor[T]()}
	for _, step := range Steps(pointer) {
		switch {
		case isSection(k.Type):
			keys := k.Keys()
			i := slices.IndexFunc(keys, func(c Key) bool { return c.Name == step })
			if i < 0 {
				return Key{}, false
			}
			k = keys[i]
		case k.Type.Kind() == reflect.Slice || k.Type.Kind() == reflect.Map:
			k = k.Item()
		default:
			return Key{}, false
		}
	}
	return k, true
}

// KeyOf is the key of a whole document of type T.
func KeyOf[T any]() Key { return Key{Type: reflect.TypeFor[T]()} }
