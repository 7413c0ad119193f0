package jsondoc

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// bind stores a value of the document in v and reports what does not fit.
func (d *binding) bind(n *node, v reflect.Value, path string, k Key) {
	if !k.IsSection() && d.source.may != nil && !d.source.may(k) {
		d.fault(n.offset, path, "may not be set by the "+d.source.layer)
		return
	}
	d.places[path] = place{d.source, n.offset}
	if v.Type() == reflect.TypeFor[Secret]() {
		d.bindSecret(n, v, path, k)
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
	fields := k.Keys()
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
	items := d.room(v, path, k, len(n.items))
	for i, item := range n.items {
		d.bind(item, items.Index(i), Pointer(path, strconv.Itoa(i)), k.Item())
	}
	v.Set(items)
}

// room is a list with n entries to bind into. Entries that are objects lie over
// those of the sources below, other lists take their place.
func (d *binding) room(v reflect.Value, path string, k Key, n int) reflect.Value {
	below := 0
	if k.IsSection() {
		below = v.Len()
	} else {
		d.forget(path)
	}
	items := reflect.MakeSlice(v.Type(), max(n, below), max(n, below))
	for i := range items.Len() {
		if i < below {
			items.Index(i).Set(v.Index(i))
		} else {
			setDefaults(items.Index(i))
		}
	}
	return items
}

// forget drops the places below path.
func (d *binding) forget(path string) {
	for p := range d.places {
		if strings.HasPrefix(p, path+"/") {
			delete(d.places, p)
		}
	}
}

func (d *binding) bindMap(n *node, v reflect.Value, path string, k Key) {
	if n.kind != isObject {
		d.wrongKind(n, path, isObject, k)
		return
	}
	if !k.inRange(float64(len(n.members))) {
		d.fault(n.offset, path, "has "+strconv.Itoa(len(n.members))+" entries, allowed: "+k.AllowedLength())
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	seen := map[string]bool{}
	for _, m := range n.members {
		at := Pointer(path, m.name)
		if seen[m.name] {
			d.fault(m.offset, at, "this key is there twice")
			continue
		}
		seen[m.name] = true
		item := reflect.New(v.Type().Elem()).Elem()
		d.bind(m.node, item, at, k.Item())
		v.SetMapIndex(reflect.ValueOf(m.name), item)
	}
}

// bindSecret never repeats the value in what it says.
func (d *binding) bindSecret(n *node, v reflect.Value, path string, k Key) {
	s, ok := n.value.(string)
	switch {
	case !ok:
		d.wrongKind(n, path, isString, k)
	case !k.inRange(float64(len(s))):
		d.fault(n.offset, path, "has "+strconv.Itoa(len(s))+" characters, allowed: "+k.Allowed())
	default:
		v.Set(reflect.ValueOf(NewSecret(s)))
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
	case strings.ContainsFunc(s, func(r rune) bool { return isControl(r) && (!k.Multiline || r != '\n' && r != '\r') }):
		d.fault(n.offset, path, "must not contain control characters")
	default:
		v.SetString(s)
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

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
	for i, k := range (Key{Type: v.Type()}).Keys() {
		f := v.Field(i)
		switch {
		case f.Kind() == reflect.Struct:
			setDefaults(f)
		case k.HasDefault:
			setDefault(f, k.Default)
		}
	}
}

// setDefault gives v the value that a tag writes as text.
func setDefault(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(text == "true")
	case reflect.Slice:
		words := strings.Split(text, ",")
		v.Set(reflect.MakeSlice(v.Type(), len(words), len(words)))
		for i, w := range words {
			setDefault(v.Index(i), w)
		}
	default:
		number, _ := strconv.ParseFloat(text, 64)
		setNumber(v, number)
	}
}

func names(keys []Key) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k.Name
	}
	return out
}
