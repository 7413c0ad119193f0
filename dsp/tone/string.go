package tone

import (
	"strconv"
	"strings"
	"time"
)

// String writes s in the notation of [Parse], with every level absolute: parsed
// again at level 0 it gives s.
func (s Spec) String() string {
	var b strings.Builder
	writeSegments(&b, s.Intro)
	switch {
	case len(s.Loop) == 0:
		b.WriteString(" | end")
	case len(s.Intro) > 0:
		b.WriteString(" | ")
	}
	writeSegments(&b, s.Loop)
	return b.String()
}

func writeSegments(b *strings.Builder, list []Segment) {
	for i, seg := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(seg.String())
	}
}

// String writes s in the notation of [Parse].
func (s Segment) String() string {
	if s.Duration == 0 {
		return s.Sound.String() + ":inf"
	}
	return s.Sound.String() + ":" + number(float64(s.Duration)/float64(time.Millisecond))
}

// String writes s in the notation of [Parse].
func (s Sound) String() string {
	var b strings.Builder
	for i, hz := range s.Hz {
		if hz == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('+')
		}
		b.WriteString(number(hz))
		if s.Level[i] != 0 {
			b.WriteString("@" + number(s.Level[i]))
		}
	}
	if b.Len() == 0 {
		return "-"
	}
	if s.ModHz != 0 {
		b.WriteString("*" + number(s.ModHz))
	}
	return b.String()
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
