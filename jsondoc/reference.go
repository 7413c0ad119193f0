package jsondoc

import (
	"fmt"
	"reflect"
	"strings"
)

// Reference returns the description of every key of T as a Markdown table, below
// the given text.
func Reference[T any](head string) []byte {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("\n| key | allowed | default | meaning |\n|---|---|---|---|\n")
	reference(&b, reflect.TypeFor[T](), "")
	return []byte(b.String())
}

func reference(b *strings.Builder, t reflect.Type, path string) {
	for _, k := range keysOf(t) {
		at := path + k.Name
		def := "`" + k.Default + "`"
		if !k.HasDefault {
			def = ""
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", at, cell(k.describe()), def, cell(k.Doc))
		switch {
		case k.Type == reflect.TypeFor[Secret]():
		case k.Type.Kind() == reflect.Struct:
			reference(b, k.Type, at+".")
		case k.Type.Kind() == reflect.Slice && k.Type.Elem().Kind() == reflect.Struct:
			reference(b, k.Type.Elem(), at+"[].")
		}
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// describe says what kind of value the key takes and which.
func (k Key) describe() string {
	if a := k.Allowed(); a != "" {
		return a
	}
	switch {
	case k.Type == reflect.TypeFor[Secret]():
		return "a string, never shown"
	case k.Type.Kind() == reflect.Struct, k.Type.Kind() == reflect.Map:
		return "an object"
	case k.Type.Kind() == reflect.Bool:
		return "`true`, `false`"
	case k.Type.Kind() == reflect.String:
		return "a string"
	}
	return ""
}
