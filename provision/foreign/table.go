package foreign

import (
	"fmt"
	"strings"
)

// Scope says what a parameter is about.
type Scope uint8

const (
	PerLine Scope = iota // one line; the parameter exists once for each
	AllLine              // every line, though the parameter exists once
	Box                  // the device
)

// Row says what becomes of a parameter.
type Row struct {
	Names   []string // for a parameter per line: of line 1, of line 2
	Scope   Scope
	Key     string // of the configuration, below the line unless the scope is Box
	Convert string // how the value changes
	Args    []string
	Reason  string // why it is ignored; empty if it is not
}

// Converter makes a value of the configuration out of a parameter's. A note says
// what was lost. The error's text says what is wrong with the value, without
// repeating it. A nil value is ignored, and the note says why.
type Converter func(value string, args []string) (out any, note string, err error)

// ByHand is the conversion of parameters that make sense only together with
// others: the importer reads them itself.
const ByHand = "-"

// secret is the conversion of what must not be shown.
const secret = "secret"

// Table is what becomes of each parameter of a maker.
type Table struct {
	Rows       []*Row
	byName     map[string]reference
	converters map[string]Converter
}

type reference struct {
	row  *Row
	line int
}

// ParseTable reads a table. A row is
//
//	NAME[/NAME2] line|all|box KEY CONVERSION [ARGUMENT …]
//
// and a paragraph of names that are ignored is
//
//	ignored REASON
//		NAME[/NAME2] …
//
// Empty lines and those that begin with # are not read. More converters are those
// only this maker needs.
func ParseTable(text string, more map[string]Converter) (*Table, error) {
	t := &Table{byName: map[string]reference{}, converters: converters(more)}
	reason := ""
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Fields(line)
		var err error
		switch {
		case len(fields) == 0, strings.HasPrefix(line, "#"):
		case line[0] == '\t':
			err = t.ignore(fields, reason)
		case fields[0] == "ignored":
			reason = strings.Join(fields[1:], " ")
		default:
			err = t.row(fields)
		}
		if err != nil {
			return nil, fmt.Errorf("foreign: read table: line %d: %w", number, err)
		}
	}
	return t, nil
}

func (t *Table) ignore(names []string, reason string) error {
	if reason == "" {
		return fmt.Errorf("names without a reason to ignore them")
	}
	for _, n := range names {
		if err := t.add(&Row{Names: strings.Split(n, "/"), Reason: reason}); err != nil {
			return err
		}
	}
	return nil
}

var scopes = map[string]Scope{"line": PerLine, "all": AllLine, "box": Box}

func (t *Table) row(fields []string) error {
	if len(fields) < 4 {
		return fmt.Errorf("%d fields, want 4 at least", len(fields))
	}
	scope, ok := scopes[fields[1]]
	if !ok {
		return fmt.Errorf("scope %q", fields[1])
	}
	if _, ok := t.converters[fields[3]]; !ok && fields[3] != ByHand {
		return fmt.Errorf("conversion %q", fields[3])
	}
	return t.add(&Row{Names: strings.Split(fields[0], "/"), Scope: scope, Key: fields[2], Convert: fields[3], Args: fields[4:]})
}

func (t *Table) add(r *Row) error {
	for i, name := range r.Names {
		if _, twice := t.byName[name]; twice {
			return fmt.Errorf("%s is there twice", name)
		}
		t.byName[name] = reference{r, i}
	}
	t.Rows = append(t.Rows, r)
	return nil
}

// Lookup returns the row of a parameter and the line its name is for, from 0.
func (t *Table) Lookup(name string) (r *Row, line int, ok bool) {
	ref, ok := t.byName[name]
	return ref.row, ref.line, ok
}

// Take puts an entry into the draft as the row says; line is meant where the
// row is about one. What the importer reads by hand is left to it. An empty value is
// the same as none.
func (t *Table) Take(d *Draft, e *Entry, r *Row, line int) {
	switch {
	case e.Value == "":
		return
	case r.Reason != "":
		d.Ignore(e, r.Reason)
		return
	case r.Convert == ByHand:
		return
	}
	key := r.Key
	if r.Scope != Box {
		key = LineKey(line, r.Key)
	}
	value, note, err := t.convert(e, r)
	switch {
	case err != nil:
		d.Refuse(e, key, err.Error())
	case value == inherent:
		d.Add(e.Finding(Lossless, "", note))
	case value == nil:
		d.Ignore(e, note)
	case r.Convert == secret:
		d.SetSecret(e, key, e.Value)
	case r.Scope == AllLine:
		d.SetAll(e, r.Key, value, note)
	case r.Scope == Box:
		d.Set(e, "/"+r.Key, value, note)
	default:
		d.Set(e, key, value, note)
	}
}

func (t *Table) convert(e *Entry, r *Row) (any, string, error) {
	if r.Convert != secret && Unfilled(e.Value) {
		return nil, "", errUnfilled
	}
	return t.converters[r.Convert](e.Value, r.Args)
}
