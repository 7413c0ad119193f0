package jsondoc

import (
	"fmt"
	"reflect"
	"strings"
)

// Column is a column of the reference page that a program adds.
type Column struct {
	Title string
	Of    func(Key) string // its text for a key
}

// Reference returns the description of every key of T as a Markdown table, below
// the given text.
func Reference[T any](head string, more ...Column) []byte {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("\n| key | allowed | default | meaning |")
	for _, c := range more {
		b.WriteString(" " + c.Title + " |")
	}
	b.WriteString("\n|---|---|---|---|" + strings.Repeat("---|", len(more)) + "\n")
	reference(&b, Key{Type: reflect.TypeFor[T]()}, "", more)
	return []byte(b.String())
}

func reference(b *strings.Builder, in Key, path string, more []Column) {
	for _, k := range in.Keys() {
		at := path + k.Name
		def := "`" + k.Default + "`"
		if !k.HasDefault {
			def = ""
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |", at, cell(k.describe()), def, cell(k.Doc))
		for _, c := range more {
			b.WriteString(" " + cell(c.Of(k)) + " |")
		}
		b.WriteByte('\n')
		switch {
		case isSection(k.Type):
			reference(b, k, at+".", more)
		case k.IsSection():
			reference(b, k.Item(), at+"[].", more)
		}
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// describe says what kind of value the key takes and which.
func (k Key) describe() string {
	a := k.Allowed()
	switch {
	case k.Type == reflect.TypeFor[Secret]() && a != "":
		return a + ", never shown"
	case k.Type == reflect.TypeFor[Secret]():
		return "a string, never shown"
	case k.Type.Kind() == reflect.Slice && !k.IsSection() && k.Item().Ranged:
		return k.AllowedLength() + " of " + k.Item().Allowed()
	case a != "":
		return a
	case k.Type.Kind() == reflect.Struct, k.Type.Kind() == reflect.Map:
		return "an object"
	case k.Type.Kind() == reflect.Bool:
		return "`true`, `false`"
	case k.Type.Kind() == reflect.String:
		return "a string"
	}
	return ""
}
