package foreign

import (
	"bytes"
	"regexp"
)

// ampersand is what templates insert for a bare one.
const ampersand = "amp;"

// entity is what may follow an ampersand (XML 1.0 §4.1; the five that need no
// declaration).
var entity = regexp.MustCompile(`^&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});`)

// repaired is a text in which every ampersand begins an entity.
type repaired struct {
	data []byte
	at   []int // offsets behind the ampersands that were not, in data
}

// repair writes & as &amp; where it begins no entity: some templates put
// passwords in as they are.
func repair(data []byte) *repaired {
	r := &repaired{data: make([]byte, 0, len(data))}
	inCDATA := false
	for len(data) > 0 {
		switch {
		case !inCDATA && bytes.HasPrefix(data, []byte("<![CDATA[")):
			inCDATA = true
		case inCDATA && bytes.HasPrefix(data, []byte("]]>")):
			inCDATA = false
		}
		c := data[0]
		r.data = append(r.data, c)
		if c == '&' && !inCDATA && !entity.Match(data[:min(len(data), 12)]) {
			r.at = append(r.at, len(r.data))
			r.data = append(r.data, ampersand...)
		}
		data = data[1:]
	}
	return r
}

// findings has one for each line that was repaired.
func (r *repaired) findings(f File, p *places) (list []Finding) {
	for _, at := range r.at {
		line, column := p.of(at - 1)
		if n := len(list); n > 0 && list[n-1].Line == line {
			continue
		}
		list = append(list, Finding{f.Name, line, column, "", "", Lossy, "'&' stands alone here, read as '&amp;'"})
	}
	return list
}
