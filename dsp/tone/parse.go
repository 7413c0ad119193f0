package tone

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
)

// Parse reads a tone in the notation of our tables:
//
//	[intro |] loop
//
// Both sides are segments FREQ:MS separated by blanks, where the time is in
// milliseconds or inf, and FREQ is
//
//   - silence
//     350+440    frequencies in hertz, added
//     400*25     amplitude modulation by the second
//     440@-4     4 dB below level (each frequency has its own)
//     425||400   alternatives; the first is taken
//
// 3x(350+440:100 -:100) repeats a group. "| end" plays what stands before it
// once. Level is that of every frequency without @.
func Parse(s string, level dsp.DBm0) (Spec, error) {
	p := parser{level: float64(level)}
	spec, err := p.spec(s)
	if err != nil {
		return Spec{}, fmt.Errorf("tone: parse %q: %w", s, err)
	}
	return spec, nil
}

// MustParse is [Parse] for texts in the source; it panics on an error.
func MustParse(s string, level dsp.DBm0) Spec {
	spec, err := Parse(s, level)
	if err != nil {
		panic(err)
	}
	return spec
}

type parser struct{ level float64 }

func (p *parser) spec(s string) (spec Spec, err error) {
	intro, loop, two := cutBar(s)
	if !two {
		spec.Loop, err = p.segments(s)
		return spec, err
	}
	if spec.Intro, err = p.segments(intro); err != nil {
		return Spec{}, err
	}
	if strings.TrimSpace(loop) == "end" {
		return spec, nil
	}
	spec.Loop, err = p.segments(loop)
	return spec, err
}

// cutBar cuts s at the bar that stands alone; || parts alternatives.
func cutBar(s string) (before, after string, found bool) {
	for i := 0; i < len(s); i++ {
		if s[i] != '|' {
			continue
		}
		if strings.HasPrefix(s[i:], "||") {
			i++
			continue
		}
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// segments reads a list of segments and groups, which is never empty.
func (p *parser) segments(s string) ([]Segment, error) {
	var list []Segment
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var item []Segment
		var err error
		if item, s, err = p.item(s); err != nil {
			return nil, err
		}
		if list = append(list, item...); len(list) > maxSegments {
			return nil, fmt.Errorf("more than %d segments", maxSegments)
		}
	}
	if len(list) == 0 {
		return nil, errors.New("no segment")
	}
	return list, endless(list)
}

// endless finds a segment that would never be reached.
func endless(list []Segment) error {
	for _, seg := range list[:len(list)-1] {
		if seg.Duration == 0 {
			return errors.New("a segment follows one that lasts for ever")
		}
	}
	return nil
}

// item reads one segment or one group at the start of s.
func (p *parser) item(s string) (item []Segment, rest string, err error) {
	if count, group, found := strings.Cut(s, "x("); found && isNumber(count) {
		body, rest, closed := strings.Cut(group, ")")
		if !closed {
			return nil, "", fmt.Errorf("%q: group without )", s)
		}
		item, err = p.group(count, body)
		return item, rest, err
	}
	word, rest, _ := strings.Cut(s, " ")
	seg, err := p.segment(word)
	return []Segment{seg}, rest, err
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func (p *parser) group(count, body string) ([]Segment, error) {
	n, err := strconv.Atoi(count)
	if err != nil || n < 1 || n > maxSegments {
		return nil, fmt.Errorf("%q: repeat 1 to %d times", count, maxSegments)
	}
	if strings.Contains(body, "(") {
		return nil, fmt.Errorf("%q: group inside a group", body)
	}
	once, err := p.segments(body)
	if err != nil {
		return nil, err
	}
	if len(once)*n > maxSegments {
		return nil, fmt.Errorf("more than %d segments", maxSegments)
	}
	list := make([]Segment, 0, n*len(once))
	for range n {
		list = append(list, once...)
	}
	return list, nil
}

func (p *parser) segment(word string) (Segment, error) {
	freq, ms, found := strings.Cut(word, ":")
	if !found {
		return Segment{}, fmt.Errorf("%q: no time", word)
	}
	d, err := duration(ms)
	if err != nil {
		return Segment{}, err
	}
	sound, err := p.sound(freq)
	return Segment{Duration: d, Sound: sound}, err
}

func duration(ms string) (time.Duration, error) {
	if ms == "inf" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(ms, 64)
	d := time.Duration(v * float64(time.Millisecond))
	if err != nil || !(v >= 1) || d > maxDuration || v > 1e9 {
		return 0, fmt.Errorf("time %q: want 1 ms to %v or inf", ms, maxDuration)
	}
	return d, nil
}

func (p *parser) sound(freq string) (s Sound, err error) {
	first, _, _ := strings.Cut(freq, "||")
	if first == "-" {
		return s, nil
	}
	sum, mod, modulated := strings.Cut(first, "*")
	if modulated {
		if s.ModHz, err = hertz(mod); err != nil {
			return s, err
		}
	}
	terms := strings.Split(sum, "+")
	if len(terms) > len(s.Hz) {
		return s, fmt.Errorf("%q: more than %d frequencies", freq, len(s.Hz))
	}
	for i, term := range terms {
		if s.Hz[i], s.Level[i], err = p.term(term); err != nil {
			return s, err
		}
		if err = inBand(s.Hz[i]-s.ModHz, s.Hz[i]+s.ModHz); err != nil {
			return s, fmt.Errorf("%q: %w", freq, err)
		}
	}
	return s, nil
}

func (p *parser) term(term string) (hz, level float64, err error) {
	freq, offset, found := strings.Cut(term, "@")
	if hz, err = hertz(freq); err != nil {
		return 0, 0, err
	}
	if !found {
		return hz, p.level, nil
	}
	db, err := strconv.ParseFloat(offset, 64)
	if err != nil || !(db >= -100 && db <= 100) {
		return 0, 0, fmt.Errorf("level %q: want decibels", offset)
	}
	return hz, p.level + db, nil
}

func hertz(s string) (float64, error) {
	hz, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("frequency %q: want hertz", s)
	}
	return hz, inBand(hz, hz)
}

func inBand(low, high float64) error {
	if !(low >= minHz && high <= maxHz) {
		return fmt.Errorf("frequency out of %d to %d Hz", minHz, maxHz)
	}
	return nil
}
