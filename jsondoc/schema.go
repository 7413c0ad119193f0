package jsondoc

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

// Schema returns the JSON Schema (2020-12) of documents of type T.
func Schema[T any](title string) []byte {
	root := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", title},
	}
	root = append(root, schemaOf(Key{Type: reflect.TypeFor[T]()})...)
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic("jsondoc: schema: " + err.Error()) // only our own types are in it
	}
	return append(out, '\n')
}

func schemaOf(k Key) object {
	var s object
	if k.Doc != "" {
		s = append(s, field{"description", k.Doc})
	}
	if k.Type == reflect.TypeFor[Secret]() {
		s = append(s, field{"type", "string"}, field{"writeOnly", true})
		return append(s, limits(k, "minLength", "maxLength")...)
	}
	switch k.Type.Kind() {
	case reflect.Struct:
		s = append(s, schemaOfStruct(k)...)
	case reflect.Slice:
		s = append(s, field{"type", "array"}, field{"items", schemaOf(k.Item())})
		s = append(s, limits(k, "minItems", "maxItems")...)
	case reflect.Map:
		s = append(s, field{"type", "object"}, field{"additionalProperties", schemaOf(k.Item())})
		s = append(s, limits(k, "minProperties", "maxProperties")...)
	case reflect.String:
		s = append(s, field{"type", "string"})
		if len(k.Enum) > 0 {
			s = append(s, field{"enum", k.Enum})
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
	if k.Step > 0 {
		s = append(s, field{"multipleOf", k.Step})
	}
	if v, ok := defaultOf(k); ok {
		s = append(s, field{"default", v})
	}
	return s
}

func schemaOfStruct(k Key) object {
	var props object
	for _, c := range k.Keys() {
		props = append(props, field{c.Name, schemaOf(c)})
	}
	return object{{"type", "object"}, {"properties", props}, {"additionalProperties", false}}
}

func limits(k Key, low, high string) object {
	if !k.Ranged {
		return nil
	}
	return object{{low, k.Min}, {high, k.Max}}
}

// defaultOf is the default of a key as a JSON value.
func defaultOf(k Key) (any, bool) {
	if !k.HasDefault {
		return nil, false
	}
	if k.Type.Kind() == reflect.Slice {
		var list []any
		for _, word := range strings.Split(k.Default, ",") {
			v, ok := defaultOf(Key{Type: k.Type.Elem(), Default: word, HasDefault: true})
			if !ok {
				return nil, false
			}
			list = append(list, v)
		}
		return list, true
	}
	switch k.Type.Kind() {
	case reflect.String:
		return k.Default, true
	case reflect.Bool:
		return k.Default == "true", true
	}
	n, err := strconv.ParseFloat(k.Default, 64)
	return n, err == nil
}
