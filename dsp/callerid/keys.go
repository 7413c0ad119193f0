package callerid

import (
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dtmf"
	"github.com/ata-agent/ata-agent/dsp/tone"
)

// Codes that stand for a number in the form A … C (EN 300 659-3 annex A).
const (
	infoUnavailable = "B00C"
	infoWithheld    = "B10C"
)

// keyed returns the call as it can be told by keys: of its number the figures alone,
// for * and # end it or mean something else.
func (c Call) keyed() Call {
	c.Number = strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, c.Number)
	return c.clean(0)
}

// keysAC returns a call as A number C.
func keysAC(c Call) string {
	switch c = c.keyed(); c.Absence {
	case Withheld:
		return infoWithheld
	case Unavailable:
		return infoUnavailable
	}
	return "A" + c.Number + "C"
}

// keysAHash returns a call as A number #; D1# is a number withheld, D3# one that
// is not known.
func keysAHash(c Call) string {
	switch c = c.keyed(); c.Absence {
	case Withheld:
		return "D1#"
	case Unavailable:
		return "D3#"
	}
	return "A" + c.Number + "#"
}

// keysDC returns a call as D number C, which has no word for absence.
func keysDC(c Call) string {
	if c = c.keyed(); c.Number == "" {
		return ""
	}
	return "D" + c.Number + "C"
}

// keysHash returns a call as number #, which has no word for absence.
func keysHash(c Call) string {
	if c = c.keyed(); c.Number == "" {
		return ""
	}
	return c.Number + "#"
}

// How keys are sounded: the usual 70 ms, the high group 2 dB above the low one.
const (
	keyTime  = 70 * time.Millisecond
	keyPause = 70 * time.Millisecond
	keyLow   = dsp.DBm0(-11)
	keyHigh  = dsp.DBm0(-9)
)

// keySpec is the sound of a string of keys.
func keySpec(keys string) *tone.Spec {
	spec := &tone.Spec{}
	for i := range len(keys) {
		low, high, ok := dtmf.Frequencies(keys[i])
		if !ok {
			continue
		}
		s := pair(low, keyLow, high, keyHigh, keyTime)
		spec.Intro = append(spec.Intro, s, tone.Segment{Duration: keyPause})
	}
	return spec
}

func pair(low float64, lowLevel dsp.DBm0, high float64, highLevel dsp.DBm0, d time.Duration) tone.Segment {
	s := tone.Segment{Duration: d}
	s.Sound.Hz[0], s.Sound.Level[0] = low, float64(lowLevel)
	s.Sound.Hz[1], s.Sound.Level[1] = high, float64(highLevel)
	return s
}

// The alert tone: DT-AS of EN 300 659-1 §6.1, CAS of GR-30-CORE §2.4.2.
const (
	alertLow   = 2130
	alertHigh  = 2750
	alertLevel = dsp.DBm0(-15) // of each frequency
)

func alertSpec(d time.Duration) *tone.Spec {
	return &tone.Spec{Intro: []tone.Segment{pair(alertLow, alertLevel, alertHigh, alertLevel, d)}}
}
