// Package grandstream imports the P values that PBXs make for the adapters
// HT801, HT802, HT812, HT814 and HT818, as XML or as text.
package grandstream

import (
	_ "embed" // the table
	"strings"
	"sync"

	"github.com/ata-agent/ata-agent/provision/foreign"
)

//go:embed params.txt
var params string

// table is what becomes of each P value.
var table = sync.OnceValue(func() *foreign.Table {
	t, err := foreign.ParseTable(params, converters)
	if err != nil {
		panic(err) // the tests read the table in full
	}
	return t
})

// Root is the outermost element of an XML file.
const Root = "gs_provision"

// Import makes a configuration of the files a device got, in the order it got
// them: a P value in a later file takes the place of the same in an earlier one.
// The error is a *foreign.Error; a file that is for another device gives one too.
func Import(opts foreign.Opts, files ...foreign.File) (*foreign.Result, error) {
	var entries []foreign.Entry
	var findings []foreign.Finding
	for _, f := range files {
		e, more, err := read(f)
		if err != nil {
			return nil, err
		}
		if e, err = owner(e, opts.MAC); err != nil {
			return nil, err
		}
		entries = append(entries, e...)
		findings = append(findings, more...)
	}
	latest, doubled := foreign.Latest(entries)
	s := newSettings(latest, opts.Ports, files)
	s.draft.Add(findings...)
	for i := range doubled {
		s.draft.Ignore(&doubled[i], "a later one in the same file takes its place")
	}
	s.take(latest)
	return s.draft.Finish()
}

// read reads a file in either form.
func read(f foreign.File) ([]foreign.Entry, []foreign.Finding, error) {
	if IsText(f.Data) {
		return readText(f)
	}
	doc, err := foreign.ReadXML(f)
	if err != nil {
		return nil, nil, err
	}
	if doc.Root != Root {
		return nil, nil, &foreign.Error{File: f.Name, Line: 1, Column: 1, Text: "no P values: it has no <" + Root + ">"}
	}
	return doc.Entries, doc.Findings, nil
}

// owner takes the element out that says for which device the file is, and
// compares its hexadecimal digits with those of mac.
func owner(entries []foreign.Entry, mac string) ([]foreign.Entry, error) {
	var rest []foreign.Entry
	for _, e := range entries {
		if e.Group != Root || e.Name != "mac" {
			rest = append(rest, e)
			continue
		}
		if own := hexDigits(mac); own != "" && hexDigits(e.Value) != "" && hexDigits(e.Value) != own {
			return nil, &foreign.Error{File: e.File, Line: e.Line, Column: e.Column, Text: "the file is for another device: " + e.Value}
		}
	}
	return rest, nil
}

func hexDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("0123456789abcdef", r) {
			return r
		}
		return -1
	}, strings.ToLower(s))
}
