package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Reference returns the description of every key as Markdown (docs/config.md).
func Reference() []byte {
	var b strings.Builder
	b.WriteString(referenceHead)
	reference(&b, reflect.TypeFor[Config](), "")
	return []byte(b.String())
}

const referenceHead = `# Configuration

One JSON document; files on the device may have comments and trailing commas. A key that is unknown, written twice or in the wrong
case is an error, and every error is reported with file, line and column. ` + "`docs/config.sample.json`" + ` is a complete file. This page is
made from the types in the package ` + "`config`" + `.

| key | allowed | default | meaning |
|---|---|---|---|
`

func reference(b *strings.Builder, t reflect.Type, path string) {
	for _, k := range keysOf(t) {
		at := path + k.name
		def := "`" + k.def + "`"
		if !k.has {
			def = ""
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", at, cell(k.describe()), def, cell(k.doc))
		switch {
		case k.typ == reflect.TypeFor[Secret]():
		case k.typ.Kind() == reflect.Struct:
			reference(b, k.typ, at+".")
		case k.typ.Kind() == reflect.Slice && k.typ.Elem().Kind() == reflect.Struct:
			reference(b, k.typ.Elem(), at+"[].")
		}
	}
}

func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// describe says what kind of value the key takes and which.
func (k key) describe() string {
	if a := k.allowed(); a != "" {
		return a
	}
	switch {
	case k.typ == reflect.TypeFor[Secret]():
		return "a string, never shown"
	case k.typ.Kind() == reflect.Struct, k.typ.Kind() == reflect.Map:
		return "an object"
	case k.typ.Kind() == reflect.Bool:
		return "`true`, `false`"
	case k.typ.Kind() == reflect.String:
		return "a string"
	}
	return ""
}
