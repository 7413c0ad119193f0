package foreign

import "sort"

// places turns offsets of a text into lines and columns.
type places struct {
	starts   []int // offset of each line
	inserted []int // offsets behind which repair put an ampersand's rest
}

func newPlaces(data []byte, inserted []int) *places {
	p := &places{starts: []int{0}, inserted: inserted}
	for i, c := range data {
		if c == '\n' {
			p.starts = append(p.starts, i+1)
		}
	}
	return p
}

// of returns line and column, both from 1, that an offset of the repaired text has
// in the file.
func (p *places) of(offset int) (line, column int) {
	line = sort.SearchInts(p.starts, offset+1)
	start := p.starts[line-1]
	repairs := sort.SearchInts(p.inserted, offset) - sort.SearchInts(p.inserted, start)
	return line, offset - start + 1 - repairs*len(ampersand)
}
