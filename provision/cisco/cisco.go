// Package cisco imports the flat profiles that PBXs make for the adapters of
// Sipura, Linksys and Cisco: SPA112, SPA122, SPA2102, SPA3102, ATA191, ATA192.
package cisco

import (
	_ "embed" // the table
	"regexp"
	"strconv"
	"sync"

	"github.com/ata-agent/ata-agent/provision/foreign"
)

//go:embed params.txt
var params string

// table is what becomes of each parameter.
var table = sync.OnceValue(func() *foreign.Table {
	t, err := foreign.ParseTable(params, converters)
	if err != nil {
		panic(err) // the tests read the table in full
	}
	return t
})

// Root is the outermost element of a flat profile.
const Root = "flat-profile"

// profile is a device's set of parameters on its way into a draft.
type profile struct {
	draft   *foreign.Draft
	entries map[string]*foreign.Entry
	rung    map[*foreign.Entry]bool // cadences that a line rings with
}

// suffix is the end of a parameter's name that says for which line it is.
var suffix = regexp.MustCompile(`^(.+)_([1-9])_$`)

// Import makes a configuration of the files a device got, in the order it got
// them: a parameter in a later file takes the place of the same in an earlier one,
// and those a file does not have keep their value. The error is a *foreign.Error.
func Import(opts foreign.Opts, files ...foreign.File) (*foreign.Result, error) {
	var entries []foreign.Entry
	var findings []foreign.Finding
	for _, f := range files {
		doc, err := foreign.ReadXML(f)
		if err != nil {
			return nil, err
		}
		if doc.Root != Root {
			return nil, &foreign.Error{File: f.Name, Line: 1, Column: 1, Text: "not a flat profile: it has no <" + Root + ">"}
		}
		entries = append(entries, doc.Entries...)
		findings = append(findings, doc.Findings...)
	}
	latest, doubled := foreign.Latest(entries)
	p := &profile{
		draft:   foreign.NewDraft(lines(latest, opts.Ports), files),
		entries: map[string]*foreign.Entry{}, rung: map[*foreign.Entry]bool{},
	}
	p.draft.Add(findings...)
	for i := range doubled {
		p.draft.Ignore(&doubled[i], "a later one in the same file takes its place")
	}
	p.take(latest)
	return p.draft.Finish()
}

// lines is how many lines the parameters are about, at most ports.
func lines(entries []foreign.Entry, ports int) int {
	n := 1
	for _, e := range entries {
		base, line, ok := split(e.Name)
		if r, _, known := table().Lookup(base); ok && known && r.Reason == "" && r.Scope == foreign.PerLine {
			n = max(n, line+1)
		}
	}
	n = min(n, foreign.MaxLines)
	if ports > 0 {
		n = min(n, ports)
	}
	return n
}

// split parts a name from its suffix; line counts from 0.
func split(name string) (base string, line int, ok bool) {
	m := suffix.FindStringSubmatch(name)
	if m == nil {
		return name, 0, false
	}
	line, _ = strconv.Atoi(m[2]) // one digit
	return m[1], line - 1, true
}

// take puts the entries into the draft, those that stand alone first.
func (p *profile) take(entries []foreign.Entry) {
	for i := range entries {
		e := &entries[i]
		base, line, ofLine := split(e.Name)
		row, _, known := table().Lookup(base)
		if !known { // the suffix may be part of a name
			row, _, known = table().Lookup(e.Name)
		}
		switch {
		case !known:
			p.draft.Ignore(e, "not a parameter that is known here")
		case row.Reason == "" && e.Group != Root:
			p.draft.Ignore(e, "a setting of the router")
		case row.Reason == "" && ofLine != (row.Scope == foreign.PerLine) && !ring(base):
			p.draft.Ignore(e, "not a parameter of a line, or one without its line")
		case row.Reason == "" && line >= p.draft.Lines():
			p.draft.Ignore(e, "the device has no such line")
		default:
			p.entries[e.Name] = e
			table().Take(p.draft, e, row, line)
		}
	}
	for n := range p.draft.Lines() {
		p.takeLine(n)
	}
	p.takeBox()
}
