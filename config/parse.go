package config

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

// Parse reads a document: JSON, with comments and trailing commas allowed.
// Values that the document does not give have their defaults. The error is of
// type Faults and lists everything that is wrong; file is the name it uses.
func Parse(file string, data []byte) (*Config, error) {
	doc, err := parse(file, data)
	if err != nil {
		return nil, err
	}
	return doc.config, nil
}

// document is a parsed document that still knows where each key stands.
type document struct {
	file   string
	data   []byte
	config *Config
	places map[string]int // offset of each value, by JSON pointer
	faults Faults
}

func parse(file string, data []byte) (*document, error) {
	d := &document{file: file, data: data, config: &Config{}, places: map[string]int{}}
	if len(data) > MaxSize {
		d.fault(0, "", "larger than "+strconv.Itoa(MaxSize)+" bytes")
		return nil, d.faults
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
		return nil, d.faults
	}
	setDefaults(reflect.ValueOf(d.config).Elem())
	d.bind(root, reflect.ValueOf(d.config).Elem(), "", key{typ: reflect.TypeFor[Config]()})
	d.check()
	if len(d.faults) > 0 {
		slices.SortStableFunc(d.faults, func(a, b Fault) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Column - b.Column
		})
		return nil, d.faults
	}
	return d, nil
}

func (d *document) fault(offset int, path, text string) {
	line, column := position(d.data, offset)
	d.faults = append(d.faults, Fault{d.file, line, column, path, text})
}

// faultAt reports a fault of a key that may not stand in the document itself.
func (d *document) faultAt(path, text string) {
	for p := path; ; p = p[:strings.LastIndexByte(p, '/')] {
		if offset, ok := d.places[p]; ok {
			d.fault(offset, path, text)
			return
		}
		if p == "" {
			d.fault(0, path, text)
			return
		}
	}
}

// bind stores a value of the document in v and reports what does not fit.
func (d *document) bind(n *node, v reflect.Value, path string, k key) {
	d.places[path] = n.offset
	if v.Type() == reflect.TypeFor[Secret]() {
		if s, ok := n.value.(string); ok {
			v.Set(reflect.ValueOf(NewSecret(s)))
			return
		}
		d.wrongKind(n, path, isString, k)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.bindStruct(n, v, path, k)
	case reflect.Slice:
		d.bindSlice(n, v, path, k)
	case reflect.Map:
		d.bindMap(n, v, path, k)
	case reflect.String:
		d.bindString(n, v, path, k)
	case reflect.Bool:
		b, ok := n.value.(bool)
		if !ok {
			d.wrongKind(n, path, isBool, k)
			return
		}
		v.SetBool(b)
	default:
		d.bindNumber(n, v, path, k)
	}
}

func (d *document) bindStruct(n *node, v reflect.Value, path string, k key) {
	if n.kind != isObject {
		d.wrongKind(n, path, isObject, k)
		return
	}
	fields := keysOf(v.Type())
	seen := map[string]bool{}
	for _, m := range n.members {
		at := pointer(path, m.name)
		i := slices.IndexFunc(fields, func(f key) bool { return f.name == m.name })
		switch {
		case i < 0:
			d.fault(m.offset, at, unknownKey(fields))
			if near, ok := nearest(m.name, names(fields)); ok {
				d.faults[len(d.faults)-1].Text = "unknown key; did you mean " + strconv.Quote(near) + "?"
			}
		case seen[m.name]:
			d.fault(m.offset, at, "this key is there twice")
		default:
			seen[m.name] = true
			d.bind(m.node, v.Field(i), at, fields[i])
		}
	}
}

func unknownKey(fields []key) string {
	return "unknown key; known here: " + strings.Join(names(fields), ", ")
}

func (d *document) bindSlice(n *node, v reflect.Value, path string, k key) {
	if n.kind != isArray {
		d.wrongKind(n, path, isArray, k)
		return
	}
	if !k.inRange(float64(len(n.items))) {
		d.fault(n.offset, path, "has "+strconv.Itoa(len(n.items))+" entries, allowed: "+rangeOnly(k).allowed())
	}
	items := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		setDefaults(items.Index(i))
		d.bind(item, items.Index(i), pointer(path, strconv.Itoa(i)), key{enum: k.enum, typ: v.Type().Elem()})
	}
	v.Set(items)
}

// rangeOnly is k without its list of values, which is meant for its entries.
func rangeOnly(k key) key {
	k.enum = nil
	return k
}

func (d *document) bindMap(n *node, v reflect.Value, path string, k key) {
	if n.kind != isObject {
		d.wrongKind(n, path, isObject, k)
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, m := range n.members {
		at := pointer(path, m.name)
		item := reflect.New(v.Type().Elem()).Elem()
		if v.MapIndex(reflect.ValueOf(m.name)).IsValid() {
			d.fault(m.offset, at, "this key is there twice")
			continue
		}
		d.bind(m.node, item, at, key{enum: k.enum, typ: v.Type().Elem()})
		v.SetMapIndex(reflect.ValueOf(m.name), item)
	}
}

func (d *document) bindString(n *node, v reflect.Value, path string, k key) {
	s, ok := n.value.(string)
	switch {
	case !ok:
		d.wrongKind(n, path, isString, k)
	case len(k.enum) > 0 && !slices.Contains(k.enum, s):
		text := strconv.Quote(s) + " is not allowed, allowed: " + k.allowed()
		if near, ok := nearest(s, k.enum); ok {
			text += "; did you mean " + strconv.Quote(near) + "?"
		}
		d.fault(n.offset, path, text)
	case len(k.enum) == 0 && !k.inRange(float64(len(s))):
		d.fault(n.offset, path, "has "+strconv.Itoa(len(s))+" characters, allowed: "+k.allowed())
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		d.fault(n.offset, path, "must not contain control characters")
	default:
		v.SetString(s)
	}
}

func (d *document) bindNumber(n *node, v reflect.Value, path string, k key) {
	if n.kind != isNumber {
		d.wrongKind(n, path, isNumber, k)
		return
	}
	text := n.value.(interface{ String() string }).String()
	f, err := strconv.ParseFloat(text, 64)
	whole := v.Kind() == reflect.Int
	switch {
	case err != nil, !k.inRange(f):
		d.fault(n.offset, path, text+" is out of range, allowed: "+k.allowed())
	case whole && f != float64(int(f)):
		d.fault(n.offset, path, text+" must be a whole number")
	case k.step > 0 && f != k.step*float64(int(f/k.step)):
		d.fault(n.offset, path, text+" is not allowed, allowed: "+k.allowed())
	default:
		setNumber(v, f)
	}
}

func setNumber(v reflect.Value, f float64) {
	if u := unitOf(v.Type()); u != 0 {
		v.SetInt(int64(f * float64(u)))
		return
	}
	if v.Kind() == reflect.Int {
		v.SetInt(int64(f))
		return
	}
	v.SetFloat(f)
}

func (d *document) wrongKind(n *node, path string, want kind, k key) {
	text := "is " + n.kind.String() + ", must be " + want.String()
	if a := k.allowed(); a != "" {
		text += ": " + a
	}
	d.fault(n.offset, path, text)
}

// setDefaults gives every key below v the value its tag says.
func setDefaults(v reflect.Value) {
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[Secret]() {
		return
	}
	for i, k := range keysOf(v.Type()) {
		f := v.Field(i)
		switch {
		case f.Kind() == reflect.Struct:
			setDefaults(f)
		case !k.has:
		case f.Kind() == reflect.String:
			f.SetString(k.def)
		case f.Kind() == reflect.Bool:
			f.SetBool(k.def == "true")
		case f.Kind() == reflect.Slice:
			f.Set(reflect.ValueOf(strings.Split(k.def, ",")))
		default:
			number, _ := strconv.ParseFloat(k.def, 64)
			setNumber(f, number)
		}
	}
}

func keysOf(t reflect.Type) []key {
	keys := make([]key, t.NumField())
	for i := range keys {
		keys[i] = keyOf(t.Field(i))
	}
	return keys
}

func names(keys []key) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k.name
	}
	return out
}
