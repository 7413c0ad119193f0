package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"github.com/ata-agent/ata-agent/jsondoc"
)

// Change is one key that two configurations have differently.
type Change struct {
	Path  string `json:"path"`  // JSON pointer
	Class Class  `json:"class"` // what it interrupts
	Doc   string `json:"doc"`   // purpose of the key
	// Old and New are the values as JSON, "" where there is none. Of a secret
	// they only tell whether it is set.
	Old string `json:"old"`
	New string `json:"new"`
}

// String says in words what the change does.
func (c Change) String() string {
	return fmt.Sprintf("%s: %s (%s) %s", c.Path, c.words(), c.Class, c.Doc)
}

func (c Change) words() string {
	switch {
	case c.Old == "":
		return "new: " + c.New
	case c.New == "":
		return "gone, was " + c.Old
	case c.Old == hiddenJSON && c.New == hiddenJSON:
		return "changed"
	}
	return c.Old + " → " + c.New
}

// hiddenJSON is a secret that is set.
const hiddenJSON = `"***"`

// Changes is what differs, in the order of the document.
type Changes []Change

// Class is what the changes interrupt together: the most that one of them does.
func (cs Changes) Class() Class {
	worst := Live
	for _, c := range cs {
		worst = max(worst, c.Class)
	}
	return worst
}

// Diff lists what differs from old to next, defaults filled in.
func Diff(old, next *Config) Changes {
	return diffOf(jsondoc.KeyOf[Config](), old, next)
}

// DiffLine lists what differs between two states of one line; the paths begin
// within the line.
func DiffLine(old, next *Line) Changes {
	k, _ := jsondoc.Find[Config]("/lines/0")
	return diffOf(k, old, next)
}

func diffOf(k jsondoc.Key, old, next any) Changes {
	d := &differ{}
	d.compare(k, "", reflect.ValueOf(old).Elem(), reflect.ValueOf(next).Elem())
	return d.changes
}

type differ struct {
	changes Changes
	class   *Class // of all keys of an entry that only one side has; nil: their own
}

// compare walks both values at once. One that is not there is invalid.
func (d *differ) compare(k jsondoc.Key, path string, old, next reflect.Value) {
	switch {
	case !k.IsSection() && k.Type.Kind() == reflect.Map:
		d.compareMaps(k, path, old, next)
	case !k.IsSection():
		d.leaf(k, path, old, next)
	case k.Type.Kind() == reflect.Slice:
		for i := range max(length(old), length(next)) {
			d.compareEntry(k, jsondoc.Pointer(path, strconv.Itoa(i)), entry(old, i), entry(next, i))
		}
	default:
		for i, c := range k.Keys() {
			d.compare(c, jsondoc.Pointer(path, c.Name), field(old, i), field(next, i))
		}
	}
}

// compareEntry compares an entry of a list. One that comes or goes is a change
// of the list.
func (d *differ) compareEntry(list jsondoc.Key, path string, old, next reflect.Value) {
	if !old.IsValid() || !next.IsValid() {
		d.class = new(ClassOf(list))
		defer func() { d.class = nil }()
	}
	d.compare(list.Item(), path, old, next)
}

func (d *differ) compareMaps(k jsondoc.Key, path string, old, next reflect.Value) {
	names := map[string]bool{}
	for _, m := range []reflect.Value{old, next} {
		if m.IsValid() {
			for _, name := range m.MapKeys() {
				names[name.String()] = true
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d.leaf(k, jsondoc.Pointer(path, name), member(old, name), member(next, name))
	}
}

func (d *differ) leaf(k jsondoc.Key, path string, old, next reflect.Value) {
	a, b := text(old), text(next)
	if a == b && (a != hiddenJSON || old.Interface() == next.Interface()) {
		return
	}
	c := Change{Path: path, Class: ClassOf(k), Doc: k.Doc, Old: a, New: b}
	if d.class != nil {
		c.Class = *d.class
	}
	d.changes = append(d.changes, c)
}

// text is a value as JSON. An empty list is one whether it is nil or not.
func text(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	if v.Kind() == reflect.Slice && v.Len() == 0 {
		return "[]"
	}
	out, err := json.Marshal(v.Interface())
	if err != nil {
		panic("config: diff: " + err.Error()) // only our own types are in it
	}
	return string(out)
}

func length(v reflect.Value) int {
	if !v.IsValid() {
		return 0
	}
	return v.Len()
}

func entry(v reflect.Value, i int) reflect.Value {
	if i >= length(v) {
		return reflect.Value{}
	}
	return v.Index(i)
}

func field(v reflect.Value, i int) reflect.Value {
	if !v.IsValid() {
		return v
	}
	return v.Field(i)
}

func member(v reflect.Value, name string) reflect.Value {
	if !v.IsValid() {
		return v
	}
	return v.MapIndex(reflect.ValueOf(name))
}
