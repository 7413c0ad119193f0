// Package foreigntest checks the importers of package foreign's kin.
package foreigntest

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision/foreign"
)

// Example is parameters and what must become of them.
type Example struct {
	Line   int // of the file
	Params [][2]string
	Wants  []string
}

// Examples reads a file of examples: parameters at the margin, each NAME: VALUE;
// below them what becomes of them, indented, each KEY = JSON, where - stands for
// no value, or NAME SEVERITY.
func Examples(t *testing.T, path string) []Example {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []Example
	fresh := true
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] == '\t':
			e := &all[len(all)-1]
			e.Wants = append(e.Wants, strings.TrimSpace(line))
			fresh = true
			continue
		case fresh:
			all = append(all, Example{Line: number})
			fresh = false
		}
		name, value, _ := strings.Cut(line, ":")
		e := &all[len(all)-1]
		e.Params = append(e.Params, [2]string{name, strings.TrimSpace(value)})
	}
	return all
}

// Check compares what was imported with what an example wants.
func (e *Example) Check(t *testing.T, r *foreign.Result) {
	t.Helper()
	if _, err := config.Parse("imported", r.Document); err != nil {
		t.Errorf("the document is not valid: %v", err)
	}
	var doc any
	if err := json.Unmarshal(r.Document, &doc); err != nil {
		t.Fatal(err)
	}
	for _, want := range e.Wants {
		if key, text, ok := strings.Cut(want, " = "); ok {
			checkKey(t, doc, key, text)
			continue
		}
		name, severity, _ := strings.Cut(want, " ")
		checkFinding(t, r, name, severity)
	}
	for _, p := range e.Params {
		if p[1] != "" && !mentioned(r, p[0]) {
			t.Errorf("no finding tells what became of %s", p[0])
		}
	}
}

func checkKey(t *testing.T, doc any, key, text string) {
	t.Helper()
	got, there := lookup(doc, key)
	if text == "-" {
		if there {
			t.Errorf("%s = %v, want none", key, got)
		}
		return
	}
	var want any
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if !there || !reflect.DeepEqual(got, want) {
		t.Errorf("%s = %#v, want %s", key, got, text)
	}
}

// lookup finds a value by JSON pointer.
func lookup(doc any, key string) (any, bool) {
	for step := range strings.SplitSeq(strings.TrimPrefix(key, "/"), "/") {
		switch v := doc.(type) {
		case map[string]any:
			inner, ok := v[step]
			if !ok {
				return nil, false
			}
			doc = inner
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(v) {
				return nil, false
			}
			doc = v[i]
		default:
			return nil, false
		}
	}
	return doc, true
}

func checkFinding(t *testing.T, r *foreign.Result, name, severity string) {
	t.Helper()
	var got []string
	for _, f := range r.Findings {
		if f.Name == name || name == "-" && f.Name == "" {
			if f.Severity.String() == severity {
				return
			}
			got = append(got, f.String())
		}
	}
	t.Errorf("findings about %s: %q, want one that is %s", name, got, severity)
}

func mentioned(r *foreign.Result, name string) bool {
	for _, f := range r.Findings {
		if f.Name == name {
			return true
		}
	}
	return false
}
