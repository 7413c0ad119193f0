package grandstream

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/provision/foreign"
)

// settings are a device's P values on their way into a draft.
type settings struct {
	draft   *foreign.Draft
	entries map[string]*foreign.Entry
	// many says that the ports have their accounts in numbers of their own and
	// everything else in those of the first (HT812, HT814, HT818).
	many bool
	// desk says that line 2 has the numbers of a desk telephone's second account.
	desk bool
}

// portValues are P values of one kind, for each port one, the first of port 1.
type portValues struct {
	first     int
	key, conv string
}

// ports are the P values of HT812, HT814 and HT818 that exist once for each port,
// in a row.
var ports = []portValues{
	{4060, "sip/user", "text"},
	{4090, "sip/auth_user", "text"},
	{4120, "sip/password", "secret"},
	{4180, "sip/display_name", "text"},
}

// deskNumbers are the numbers of a desk telephone's second account that some PBXs write
// for HT801 and HT802, and the adapter's own. A real adapter reads the latter.
var deskNumbers = map[string]string{"P402": "P747", "P404": "P735", "P405": "P736", "P406": "P734", "P407": "P703"}

// ofPort says whether the larger adapters have a key's value for each port.
func ofPort(key string) bool {
	return slices.ContainsFunc(ports, func(p portValues) bool { return p.key == key })
}

func newSettings(entries []foreign.Entry, devicePorts int, files []foreign.File) *settings {
	s := &settings{entries: map[string]*foreign.Entry{}}
	for i := range entries {
		s.entries[entries[i].Name] = &entries[i]
	}
	n := s.lines(entries)
	if devicePorts > 0 {
		n = min(n, devicePorts)
	}
	s.draft = foreign.NewDraft(n, files)
	return s
}

// lines is how many lines the P values are about, and in which numbers.
func (s *settings) lines(entries []foreign.Entry) int {
	n := 1
	for _, e := range entries {
		if port, ok := portOf(e.Name); ok && e.Value != "" {
			n, s.many = max(n, port+1), true
		}
		r, line, ok := table().Lookup(e.Name)
		if ok && line == 1 && r.Reason == "" {
			n = max(n, 2)
		}
	}
	own := false
	for _, number := range deskNumbers {
		own = own || s.entries[number] != nil && number != "P703"
	}
	if e := s.entries["P402"]; !own && e != nil && e.Value != "" && !s.many {
		n, s.desk = max(n, 2), true
	}
	return n
}

// portOf says for which port, from 0, a P value of the larger adapters is.
func portOf(name string) (port int, ok bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "P"))
	if err != nil {
		return 0, false
	}
	for _, p := range ports {
		if n >= p.first && n < p.first+foreign.MaxLines {
			return n - p.first, true
		}
	}
	return 0, false
}

// take puts the entries into the draft, those that stand alone first.
func (s *settings) take(entries []foreign.Entry) {
	if s.desk {
		entries = s.takeDesk(entries)
	}
	for i := range entries {
		s.takeOne(&entries[i])
	}
	if s.many {
		s.takePorts()
	}
	for n := range s.draft.Lines() {
		s.takeLine(n)
	}
	s.takeSchedule()
}

// takeDesk gives the numbers of a desk telephone's second account the adapter's.
func (s *settings) takeDesk(entries []foreign.Entry) []foreign.Entry {
	var all []foreign.Entry
	for _, e := range entries {
		number, ok := deskNumbers[e.Name]
		if !ok || e.Value == "" {
			all = append(all, e)
			continue
		}
		s.draft.Add(e.Finding(foreign.Lossy, "", "a desk telephone's number for "+number+", which an HT802 would not read; taken for line 2"))
		e.Name = number
		all = append(all, e)
		s.entries[number] = &all[len(all)-1]
	}
	for i := range all { // append may have moved them
		s.entries[all[i].Name] = &all[i]
	}
	return all
}

func (s *settings) takeOne(e *foreign.Entry) {
	if _, ok := portOf(e.Name); ok && s.many {
		return
	}
	r, line, known := table().Lookup(e.Name)
	switch {
	case !known:
		s.draft.Ignore(e, "not a P value that is known here")
	case r.Reason != "" || r.Scope != foreign.PerLine:
		table().Take(s.draft, e, r, 0)
	case s.many && line > 0:
		s.draft.Ignore(e, "the ports share the values of the first profile")
	case s.many && ofPort(r.Key):
		s.draft.Ignore(e, "each port has its own")
	case s.many:
		for n := range s.draft.Lines() {
			table().Take(s.draft, e, r, n)
		}
	case line >= s.draft.Lines():
		s.draft.Ignore(e, "the device has no such line")
	default:
		table().Take(s.draft, e, r, line)
	}
}

// takePorts takes the accounts of the larger adapters.
func (s *settings) takePorts() {
	for _, p := range ports {
		row := &foreign.Row{Key: p.key, Convert: p.conv}
		for port := range foreign.MaxLines {
			e := s.entries[fmt.Sprintf("P%d", p.first+port)]
			switch {
			case e == nil:
			case port >= s.draft.Lines():
				s.draft.Ignore(e, "the device has no such line")
			default:
				table().Take(s.draft, e, row, port)
			}
		}
	}
}
