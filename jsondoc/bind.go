package jsondoc

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// bind stores a value of the document in v and reports what does not fit.
func (d *binding) bind(n *node, v reflect.Value, path string, k Key) {
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

func (d *binding) bindStruct(n *node, v reflect.Value, path string, k Key) {
	if n.kind != isObject {
		d.wrongKind(n, path, isObject, k)
		return
	}
	fields := keysOf(v.Type())
	seen := map[string]bool{}
	for _, m := range n.members {
		at := Pointer(path, m.name)
		i := slices.IndexFunc(fields, func(f Key) bool { return f.Name == m.name })
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

func unknownKey(fields []Key) string {
	return "unknown key; known here: " + strings.Join(names(fields), ", ")
}

func (d *binding) bindSlice(n *node, v reflect.Value, path string, k Key) {
	if n.kind != isArray {
		d.wrongKind(n, path, isArray, k)
		return
	}
	if !k.inRange(float64(len(n.items))) {
		d.fault(n.offset, path, "has "+strconv.Itoa(len(n.items))+" entries, allowed: "+k.AllowedLength())
	}
	items := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		setDefaults(items.Index(i))
		d.bind(item, items.Index(i), Pointer(path, strconv.Itoa(i)), Key{Enum: k.Enum, Type: v.Type().Elem()})
	}
	v.Set(items)
}

func (d *binding) bindMap(n *node, v reflect.Value, path string, k Key) {
	if n.kind != isObject {
		d.wrongKind(n, path, isObject, k)
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, m := range n.members {
		at := Pointer(path, m.name)
		item := reflect.New(v.Type().Elem()).Elem()
		if v.MapIndex(reflect.ValueOf(m.name)).IsValid() {
			d.fault(m.offset, at, "this key is there twice")
			continue
		}
		d.bind(m.node, item, at, Key{Enum: k.Enum, Type: v.Type().Elem()})
		v.SetMapIndex(reflect.ValueOf(m.name), item)
	}
}

func (d *binding) bindString(n *node, v reflect.Value, path string, k Key) {
	s, ok := n.value.(string)
	switch {
	case !ok:
		d.wrongKind(n, path, isString, k)
	case len(k.Enum) > 0 && !slices.Contains(k.Enum, s):
		text := strconv.Quote(s) + " is not allowed, allowed: " + k.Allowed()
		if near, ok := nearest(s, k.Enum); ok {
			text += "; did you mean " + strconv.Quote(near) + "?"
		}
		d.fault(n.offset, path, text)
	case len(k.Enum) == 0 && !k.inRange(float64(len(s))):
		d.fault(n.offset, path, "has "+strconv.Itoa(len(s))+" characters, allowed: "+k.Allowed())
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		d.fault(n.offset, path, "must not contain control characters")
	default:
		v.SetString(s)
	}
}

func (d *binding) bindNumber(n *node, v reflect.Value, path string, k Key) {
	if n.kind != isNumber {
		d.wrongKind(n, path, isNumber, k)
		return
	}
	text := n.value.(interface{ String() string }).String()
	f, err := strconv.ParseFloat(text, 64)
	whole := v.Kind() == reflect.Int
	switch {
	case err != nil, !k.inRange(f):
		d.fault(n.offset, path, text+" is out of range, allowed: "+k.Allowed())
	case whole && f != float64(int(f)):
		d.fault(n.offset, path, text+" must be a whole number")
	case k.Step > 0 && f != k.Step*float64(int(f/k.Step)):
		d.fault(n.offset, path, text+" is not allowed, allowed: "+k.Allowed())
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

func (d *binding) wrongKind(n *node, path string, want kind, k Key) {
	text := "is " + n.kind.String() + ", must be " + want.String()
	if a := k.Allowed(); a != "" {
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
		case !k.HasDefault:
		case f.Kind() == reflect.String:
			f.SetString(k.Default)
		case f.Kind() == reflect.Bool:
			f.SetBool(k.Default == "true")
		case f.Kind() == reflect.Slice:
			f.Set(reflect.ValueOf(strings.Split(k.Default, ",")))
		default:
			number, _ := strconv.ParseFloat(k.Default, 64)
			setNumber(f, number)
		}
	}
}

func keysOf(t reflect.Type) []Key {
	keys := make([]Key, t.NumField())
	for i := range keys {
		keys[i] = keyOf(t.Field(i))
	}
	return keys
}

func names(keys []Key) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k.Name
	}
	return out
}
