package foreign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// MaxLines is how many lines a configuration may have.
const MaxLines = 8

// Draft is a configuration under construction. It knows which parameter each of
// its values came from, so that what package config says about a value can be
// said about the parameter.
type Draft struct {
	files    []File
	root     map[string]any
	lines    []map[string]any
	origins  map[string]*Entry // by JSON pointer
	secrets  map[string]bool   // keys that hold one
	findings []Finding
}

// NewDraft begins a configuration with that many lines, at most MaxLines.
func NewDraft(lines int, files []File) *Draft {
	d := &Draft{files: files, root: map[string]any{"schema": 1}, origins: map[string]*Entry{}, secrets: map[string]bool{}}
	for range min(lines, MaxLines) {
		d.lines = append(d.lines, map[string]any{})
	}
	return d
}

// Lines is how many lines there are.
func (d *Draft) Lines() int { return len(d.lines) }

// hidden stands for a secret wherever one would be shown.
const hidden = "***"

// LineKey is the JSON pointer of a key of line n, from 0.
func LineKey(n int, key string) string { return fmt.Sprintf("/lines/%d/%s", n, key) }

// Set gives a key, named by JSON pointer, the value that came of an entry. A note
// says what it lost on the way.
func (d *Draft) Set(e *Entry, key string, value any, note string) {
	d.store(e, key, value)
	severity := Lossless
	if note != "" {
		severity = Lossy
	} else {
		note = "taken over as " + key
	}
	d.Add(e.Finding(severity, key, note))
}

// SetAll is Set for a key of every line.
func (d *Draft) SetAll(e *Entry, key string, value any, note string) {
	for n := range d.lines {
		d.store(e, LineKey(n, key), value)
	}
	if len(d.lines) > 0 {
		d.Set(e, LineKey(0, key), value, note)
	}
}

// Imply gives a key the value that another of the same entry brings along.
func (d *Draft) Imply(e *Entry, key string, value any) { d.store(e, key, value) }

func (d *Draft) store(e *Entry, key string, value any) {
	object, last := d.parent(key, true)
	object[last] = value
	d.origins[key] = e
}

// parent returns the object that holds a key and its name there. Without create
// it returns nil where there is none.
func (d *Draft) parent(key string, create bool) (object map[string]any, last string) {
	steps := strings.Split(key, "/")[1:]
	object = d.root
	if steps[0] == "lines" && len(steps) > 2 {
		n, err := strconv.Atoi(steps[1])
		if err != nil || n >= len(d.lines) {
			return nil, ""
		}
		object, steps = d.lines[n], steps[2:]
	}
	for _, step := range steps[:len(steps)-1] {
		inner, there := object[step].(map[string]any)
		if !there && !create {
			return nil, ""
		}
		if !there {
			inner = map[string]any{}
			object[step] = inner
		}
		object = inner
	}
	return object, steps[len(steps)-1]
}

// Get returns the value of a key so far, nil if it has none.
func (d *Draft) Get(key string) any {
	object, last := d.parent(key, false)
	return object[last]
}

// Drop takes back what a key was set to, and says why.
func (d *Draft) Drop(key, why string) {
	object, last := d.parent(key, false)
	delete(object, last)
	e := d.origins[key]
	delete(d.origins, key)
	d.findings = slices.DeleteFunc(d.findings, func(f Finding) bool {
		return f.Key == key && f.Name == e.Name && f.Severity < Ignored
	})
	d.Add(e.Finding(Invalid, key, why))
}

// Ignore says why an entry is not taken over.
func (d *Draft) Ignore(e *Entry, why string) { d.Add(e.Finding(Ignored, "", why)) }

// Refuse says what is wrong with an entry.
func (d *Draft) Refuse(e *Entry, key, why string) { d.Add(e.Finding(Invalid, key, why)) }

// Add appends findings.
func (d *Draft) Add(f ...Finding) { d.findings = append(d.findings, f...) }

// SetSecret is Set for what must not be shown.
func (d *Draft) SetSecret(e *Entry, key, value string) {
	d.secrets[key] = true
	d.Set(e, key, value, "")
}

// sources is from which file each secret is that is still there.
func (d *Draft) sources() map[string]string {
	from := map[string]string{}
	for key := range d.secrets {
		if e := d.origins[key]; e != nil {
			from[key] = e.File
		}
	}
	return from
}

// hidden is the document with *** for each secret.
func (d *Draft) hidden() ([]byte, error) {
	for key := range d.secrets {
		object, last := d.parent(key, false)
		value, there := object[last]
		if there {
			object[last] = hidden
			defer func() { object[last] = value }()
		}
	}
	return d.text()
}

// text is the document as it stands.
func (d *Draft) text() ([]byte, error) {
	root := maps.Clone(d.root)
	root["lines"] = d.lines
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("foreign: write document: %w", err)
	}
	return out.Bytes(), nil
}

// sorted returns the findings in the order of files and places.
func (d *Draft) sorted() []Finding {
	order := map[string]int{}
	for i, f := range d.files {
		order[f.Name] = i
	}
	slices.SortStableFunc(d.findings, func(a, b Finding) int {
		if a.File != b.File {
			return order[a.File] - order[b.File]
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return d.findings
}
