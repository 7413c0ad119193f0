package jsondoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

type writer struct {
	bytes.Buffer
	doc *binding
}

// value writes v, then comma and the place it comes from.
func (w *writer) value(v reflect.Value, path string, depth int, comma string) {
	switch {
	case isSection(v.Type()):
		w.WriteString("{\n")
		keys := (Key{Type: v.Type()}).Keys()
		for i, k := range keys {
			w.indent(depth + 1)
			fmt.Fprintf(w, "%q: ", k.Name)
			w.value(v.Field(i), Pointer(path, k.Name), depth+1, commaUnless(i == len(keys)-1))
		}
		w.indent(depth)
		w.WriteString("}" + comma + "\n")
	case v.Kind() == reflect.Slice && isSection(v.Type().Elem()):
		w.WriteString("[\n")
		for i := range v.Len() {
			w.indent(depth + 1)
			w.value(v.Index(i), Pointer(path, strconv.Itoa(i)), depth+1, commaUnless(i == v.Len()-1))
		}
		w.indent(depth)
		w.WriteString("]" + comma + "\n")
	default:
		w.leaf(v, path, comma)
	}
}

func (w *writer) leaf(v reflect.Value, path, comma string) {
	out, err := json.Marshal(v.Interface())
	if err != nil {
		panic("jsondoc: show: " + err.Error()) // only our own types are in it
	}
	if string(out) == "null" {
		out = []byte("[]")
		if v.Kind() == reflect.Map {
			out = []byte("{}")
		}
	}
	from := w.doc.Origin(path).String()
	if s, ok := v.Interface().(Secret); ok {
		from = "set, " + from
		if s.IsZero() {
			from = "not set"
		}
	}
	fmt.Fprintf(w, "%s%s // %s\n", out, comma, from)
}

func (w *writer) indent(depth int) { w.WriteString(strings.Repeat("  ", depth)) }

func commaUnless(last bool) string {
	if last {
		return ""
	}
	return ","
}
