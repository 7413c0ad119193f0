package cisco

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/ata-agent/ata-agent/provision/foreign"
)

// takeBox takes the parameters of the whole box that make sense only together.
func (p *profile) takeBox() {
	p.openLoop()
	p.callerID()
	p.otherCadences()
}

// openLoop takes the pause of the loop current at a far end's hang-up; none is
// a key of its own.
func (p *profile) openLoop() {
	e := p.given("CPC_Duration")
	if e == nil {
		return
	}
	seconds, note, err := foreign.Number(e.Value)
	switch {
	case err != nil || seconds < 0:
		p.draft.Refuse(e, "", "not a time in seconds")
	case seconds == 0:
		p.draft.SetAll(e, "slic/lcd", false, note)
	default:
		ms := int(min(math.Round(seconds*1000), 2000))
		if seconds > 2 {
			note = "set to 2 s"
		}
		p.draft.SetAll(e, "slic/lcd_ms", ms, note)
		for n := range p.draft.Lines() {
			p.draft.Imply(e, foreign.LineKey(n, "slic/lcd"), true)
		}
	}
}

// scheme is what a name of Caller_ID_Method stands for.
type scheme struct {
	name string
	fsk  string // what Caller_ID_FSK_Standard is then, empty without FSK
	note string
}

// schemes by the name without blanks, in small letters.
var schemes = map[string]scheme{
	"bellcore(n.amer,china)": {name: "bellcore", fsk: "bell 202"},
	"dtmf(finland,sweden)":   {name: "dtmf-ac"},
	"dtmf(denmark)":          {name: "dtmf-ahash"},
	"etsidtmf":               {name: "dtmf-ac"},
	"etsidtmfwithpr":         {name: "dtmf-reversal-ac"},
	"etsidtmfafterring":      {name: "dtmf-ac", note: "before the first ring, not after it"},
	"etsifsk":                {name: "etsi-fsk", fsk: "v.23"},
	"etsifskwithpr(uk)":      {name: "sin227", fsk: "v.23"},
}

// callerID takes the scheme of two parameters.
func (p *profile) callerID() {
	e := p.given("Caller_ID_Method")
	modem := p.given("Caller_ID_FSK_Standard")
	if e == nil {
		if modem != nil {
			p.draft.Ignore(modem, "the scheme says which it is")
		}
		return
	}
	s, ok := schemes[strings.ToLower(strings.ReplaceAll(e.Value, " ", ""))]
	if !ok {
		p.draft.Refuse(e, "", "not a scheme that is known here; the country's stays")
		return
	}
	p.draft.SetAll(e, "callerid/scheme", s.name, s.note)
	switch {
	case modem == nil:
	case s.fsk == "" || strings.EqualFold(modem.Value, s.fsk):
		p.draft.Add(modem.Finding(foreign.Lossless, "", "as the scheme has it"))
	default:
		p.draft.Ignore(modem, "the scheme has "+s.fsk)
	}
}

// ring says whether a parameter is a cadence of the box that lines choose from.
func ring(base string) bool {
	return strings.HasPrefix(base, "Ring") && strings.HasSuffix(base, "_Cadence")
}

// cadence takes the one that the line rings with.
func (l lineParams) cadence() {
	number := "1"
	choice := l.entry("Default_Ring")
	if choice != nil {
		number = choice.Value
	}
	e := l.given("Ring" + number + "_Cadence")
	if e == nil {
		if choice != nil {
			l.draft.Ignore(choice, "there is no cadence of this number")
		}
		return
	}
	l.rung[e] = true
	times, note, err := parseCadence(e.Value)
	if err != nil {
		l.draft.Refuse(e, foreign.LineKey(l.n, "ring/cadence_ms"), err.Error())
		return
	}
	l.set(e, "ring/cadence_ms", times, note)
	l.confirm(choice)
}

// otherCadences are those that no line rings with.
func (p *profile) otherCadences() {
	for i := range 8 {
		e := p.given(fmt.Sprintf("Ring%d_Cadence", i+1))
		if e != nil && !p.rung[e] {
			p.draft.Ignore(e, "no line rings with it: distinctive ringing is not supported")
		}
	}
}

// parseCadence makes milliseconds, on and off, of the first section of
// LENGTH(on/off,on/off);LENGTH(…), in seconds. The length is how long it goes on.
func parseCadence(value string) (times []int, note string, err error) {
	wrong := errors.New("not a cadence, as 60(2/4)")
	section, rest, _ := strings.Cut(value, ";")
	if strings.TrimSpace(rest) != "" {
		note = "only its first section"
	}
	_, steps, ok := strings.Cut(strings.TrimSpace(section), "(")
	if !ok || !strings.HasSuffix(steps, ")") {
		return nil, "", wrong
	}
	for step := range strings.SplitSeq(strings.TrimSuffix(steps, ")"), ",") {
		on, off, ok := strings.Cut(step, "/")
		off, _, _ = strings.Cut(off, "/") // of a tone the frequencies follow
		for _, t := range []string{on, off} {
			seconds, err := strconv.ParseFloat(strings.TrimSpace(t), 64)
			if err != nil || !ok || seconds < 0 || seconds > 60 {
				return nil, "", wrong
			}
			times = append(times, int(math.Round(seconds*1000)))
		}
	}
	if len(times) > 16 {
		return nil, "", fmt.Errorf("%d times, at most 16", len(times))
	}
	return times, note, nil
}
