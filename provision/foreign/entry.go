package foreign

// Entry is a parameter as a file gives it.
type Entry struct {
	Name  string
	Value string // without the blanks around it
	// Group is the innermost element around the parameter.
	Group        string
	File         string
	Line, Column int
}

// Finding is a finding about the entry.
func (e *Entry) Finding(s Severity, key, message string) Finding {
	return Finding{e.File, e.Line, e.Column, e.Name, key, s, message}
}

// Latest returns the entry that counts for each name, in the order of their first
// places: a later one takes the place of an earlier. Doubled are those whose
// value was not the last word.
func Latest(entries []Entry) (latest, doubled []Entry) {
	index := map[string]int{}
	for _, e := range entries {
		i, again := index[e.Name]
		if !again {
			index[e.Name] = len(latest)
			latest = append(latest, e)
			continue
		}
		if latest[i].File == e.File && latest[i].Value != e.Value {
			doubled = append(doubled, latest[i])
		}
		latest[i] = e
	}
	return latest, doubled
}
