package config

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// object keeps the order of its keys, which encoding/json does not for maps.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON writes the fields in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b strings.Builder
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return []byte(b.String()), nil
}

// Schema returns the JSON Schema (2020-12) of the document.
func Schema() []byte {
	root := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "ata-agent configuration"},
	}
	root = append(root, schemaOf(key{typ: reflect.TypeFor[Config]()})...)
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic("config: schema: " + err.Error()) // only our own types are in it
	}
	return append(out, '\n')
}

func schemaOf(k key) object {
	var s object
	if k.doc != "" {
		s = append(s, field{"description", k.doc})
	}
	if k.typ == reflect.TypeFor[Secret]() {
		return append(s, field{"type", "string"}, field{"writeOnly", true})
	}
	switch k.typ.Kind() {
	case reflect.Struct:
		s = append(s, schemaOfStruct(k.typ)...)
	case reflect.Slice:
		s = append(s, field{"type", "array"}, field{"items", schemaOf(key{typ: k.typ.Elem(), enum: k.enum})})
		s = append(s, limits(k, "minItems", "maxItems")...)
	case reflect.Map:
		s = append(s, field{"type", "object"}, field{"additionalProperties", schemaOf(key{typ: k.typ.Elem(), enum: k.enum})})
	case reflect.String:
		s = append(s, field{"type", "string"})
		if len(k.enum) > 0 {
			s = append(s, field{"enum", k.enum})
		} else {
			s = append(s, limits(k, "minLength", "maxLength")...)
		}
	case reflect.Bool:
		s = append(s, field{"type", "boolean"})
	case reflect.Int:
		s = append(append(s, field{"type", "integer"}), limits(k, "minimum", "maximum")...)
	default:
		s = append(append(s, field{"type", "number"}), limits(k, "minimum", "maximum")...)
	}
	if k.step > 0 {
		s = append(s, field{"multipleOf", k.step})
	}
	if v, ok := defaultOf(k); ok {
		s = append(s, field{"default", v})
	}
	return s
}

func schemaOfStruct(t reflect.Type) object {
	var props object
	for _, k := range keysOf(t) {
		props = append(props, field{k.name, schemaOf(k)})
	}
	return object{{"type", "object"}, {"properties", props}, {"additionalProperties", false}}
}

func limits(k key, low, high string) object {
	if !k.span {
		return nil
	}
	return object{{low, k.min}, {high, k.max}}
}

// defaultOf is the default of a key as a JSON value.
func defaultOf(k key) (any, bool) {
	if !k.has {
		return nil, false
	}
	switch k.typ.Kind() {
	case reflect.String:
		return k.def, true
	case reflect.Bool:
		return k.def == "true", true
	case reflect.Slice:
		return strings.Split(k.def, ","), true
	}
	n, err := strconv.ParseFloat(k.def, 64)
	return n, err == nil
}
