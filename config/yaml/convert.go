// Package yaml makes configuration documents of YAML. It is a convenience for
// people: devices take JSON, because YAML reads dial strings as something else.
// A bare *72 is a reference, # begins a comment, 0412 is a number to some and
// text to others, no is false to some. Convert refuses what could mean two
// things, or keeps it as it was written and says so.
package yaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/jsondoc"
)

// Convert reads a configuration in YAML and returns it as indented JSON, in the
// order of the keys, without comments. The notes say what was kept as written
// though YAML has another view of it. The error is of type config.Faults and
// lists everything that is wrong, with places in the YAML; file is the name it
// uses. The document is checked as config.Parse does.
func Convert(file string, data []byte) (out []byte, notes []config.Fault, err error) {
	c := &converter{file: file, places: map[string]*yaml.Node{}}
	root, err := c.read(data)
	if err != nil {
		return nil, nil, err
	}
	c.value(root, jsondoc.KeyOf[config.Config](), "", 0)
	if len(c.faults) > 0 {
		return nil, c.notes, c.faults
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, c.out.Bytes(), "", "  "); err != nil {
		return nil, c.notes, fmt.Errorf("yaml: %w", err)
	}
	indented.WriteByte('\n')
	_, err = config.Parse(file, indented.Bytes())
	return indented.Bytes(), c.notes, c.placed(err)
}

// maxDepth bounds nesting, as in JSON documents.
const maxDepth = 32

type converter struct {
	file   string
	out    bytes.Buffer          // JSON
	places map[string]*yaml.Node // by JSON pointer
	notes  []config.Fault
	faults config.Faults
}

// read returns the one document there is.
func (c *converter) read(data []byte) (*yaml.Node, error) {
	if len(data) > config.MaxSize {
		return nil, config.Faults{{File: c.file, Line: 1, Column: 1, Text: "larger than " + strconv.Itoa(config.MaxSize) + " bytes"}}
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := d.Decode(&doc); err != nil {
		return nil, config.Faults{c.syntax(err, data)}
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, config.Faults{{File: c.file, Line: max(more.Line, 1), Column: max(more.Column, 1), Text: "a second document"}}
	}
	return doc.Content[0], nil
}

var (
	errorLine   = regexp.MustCompile(`line ([0-9]+)`)
	errorAnchor = regexp.MustCompile(`unknown anchor '([^']*)'`)
)

// syntax gives an error of the YAML reader a place. What it quotes is not told,
// it may be a secret; only the name of a reference is, of which the place is
// found by it.
func (c *converter) syntax(err error, data []byte) config.Fault {
	f := config.Fault{File: c.file, Line: 1, Column: 1, Text: "not YAML"}
	if m := errorAnchor.FindStringSubmatch(err.Error()); m != nil {
		f.Text = "a value that begins with * must be in quotes"
		if i := bytes.Index(data, []byte("*"+m[1])); i >= 0 {
			f.Line = 1 + bytes.Count(data[:i], []byte("\n"))
			f.Column = i - bytes.LastIndexByte(data[:i], '\n')
		}
	} else if m := errorLine.FindStringSubmatch(err.Error()); m != nil {
		f.Line, _ = strconv.Atoi(m[1])
		f.Line = max(f.Line, 1)
	}
	return f
}

func (c *converter) at(n *yaml.Node, path, text string) config.Fault {
	return config.Fault{File: c.file, Line: max(n.Line, 1), Column: max(n.Column, 1), Path: path, Text: text}
}

func (c *converter) fault(n *yaml.Node, path, text string) {
	c.faults = append(c.faults, c.at(n, path, text))
}

func (c *converter) note(n *yaml.Node, path, text string) {
	c.notes = append(c.notes, c.at(n, path, text))
}

// value writes n as what the key wants.
func (c *converter) value(n *yaml.Node, k jsondoc.Key, path string, depth int) {
	c.places[path] = n
	switch {
	case depth > maxDepth:
		c.fault(n, path, fmt.Sprintf("nested deeper than %d levels", maxDepth))
	case n.Kind == yaml.AliasNode:
		c.fault(n, path, "is a reference; a value that begins with * must be in quotes")
	case n.Kind == yaml.MappingNode:
		c.mapping(n, k, path, depth)
	case n.Kind == yaml.SequenceNode:
		c.sequence(n, k, path, depth)
	default:
		c.scalar(n, k, path)
	}
}

func (c *converter) mapping(n *yaml.Node, k jsondoc.Key, path string, depth int) {
	c.out.WriteByte('{')
	for i := 0; i+1 < len(n.Content); i += 2 {
		if i > 0 {
			c.out.WriteByte(',')
		}
		name := n.Content[i].Value
		c.text(name)
		c.out.WriteByte(':')
		c.value(n.Content[i+1], member(k, name), jsondoc.Pointer(path, name), depth+1)
	}
	c.out.WriteByte('}')
}

// member is the key of that name in k; of an unknown one nothing is known, and
// the check of the whole will say so.
func member(k jsondoc.Key, name string) jsondoc.Key {
	switch {
	case k.Type == nil:
	case k.Type.Kind() == reflect.Map:
		return k.Item()
	case k.IsSection() && k.Type.Kind() == reflect.Struct:
		keys := k.Keys()
		if i := slices.IndexFunc(keys, func(m jsondoc.Key) bool { return m.Name == name }); i >= 0 {
			return keys[i]
		}
	}
	return jsondoc.Key{}
}

func (c *converter) sequence(n *yaml.Node, k jsondoc.Key, path string, depth int) {
	item := jsondoc.Key{}
	if k.Type != nil && k.Type.Kind() == reflect.Slice {
		item = k.Item()
	}
	c.out.WriteByte('[')
	for i, e := range n.Content {
		if i > 0 {
			c.out.WriteByte(',')
		}
		c.value(e, item, jsondoc.Pointer(path, strconv.Itoa(i)), depth+1)
	}
	c.out.WriteByte(']')
}

// quoted says whether what is written is text and nothing else.
func quoted(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
}

func (c *converter) scalar(n *yaml.Node, k jsondoc.Key, path string) {
	switch {
	case quoted(n):
		c.text(n.Value)
	case k.Type == reflect.TypeFor[jsondoc.Secret](), k.Type == nil, k.Type.Kind() == reflect.String:
		c.plainText(n, path)
	case k.Type.Kind() == reflect.Bool:
		c.plainBool(n, path)
	case k.IsSection() || k.Type.Kind() == reflect.Slice || k.Type.Kind() == reflect.Map:
		c.fault(n, path, "must be a list or an object")
	default:
		c.plainNumber(n, path)
	}
}

func (c *converter) text(s string) {
	out, err := json.Marshal(s)
	if err != nil { // not for strings
		out = []byte(`""`)
	}
	c.out.Write(out)
}

// plainText keeps what is written without quotes, whatever YAML takes it for.
// The value is not told: it may be a secret.
func (c *converter) plainText(n *yaml.Node, path string) {
	comment := n.LineComment + n.FootComment + n.HeadComment
	switch {
	case n.Value == "" || n.Tag == "!!null":
		c.fault(n, path, `is empty; write "", and a value that begins with # in quotes`)
	case n.Tag != "!!str":
		c.note(n, path, "is kept as it is written, though YAML takes it for another kind of value; put it in quotes")
	case strings.HasPrefix(comment, "#"):
		c.note(n, path, "what follows # is a comment and not part of the value; if it should be, put the whole in quotes")
	}
	c.text(n.Value)
}

func (c *converter) plainBool(n *yaml.Node, path string) {
	if n.Value != "true" && n.Value != "false" {
		c.fault(n, path, "must be true or false, in these words")
		return
	}
	c.out.WriteString(n.Value)
}

// plainDecimal is a number that means the same to everybody.
var plainDecimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

func (c *converter) plainNumber(n *yaml.Node, path string) {
	if !plainDecimal.MatchString(n.Value) {
		c.fault(n, path, "must be a decimal number without leading zeros or signs for thousands")
		return
	}
	c.out.WriteString(n.Value)
}

// placed gives faults of the JSON their places in the YAML.
func (c *converter) placed(err error) error {
	var faults config.Faults
	if !errors.As(err, &faults) {
		return err
	}
	for i, f := range faults {
		for p := f.Path; ; p = p[:strings.LastIndexByte(p, '/')] {
			if n, ok := c.places[p]; ok {
				faults[i].Line, faults[i].Column = max(n.Line, 1), max(n.Column, 1)
				break
			}
			if p == "" {
				break
			}
		}
	}
	return faults
}
