package grandstream

import "github.com/ata-agent/ata-agent/provision/foreign"

// jitterLengths by the numbers of P132: low, medium, high.
var jitterLengths = map[string]foreign.JitterLength{
	"0": {Max: 100, Fixed: 40}, "1": {Max: 200, Fixed: 60}, "2": {Max: 400, Fixed: 120},
}

// jitter takes the length of the jitter buffer.
func (l lineValues) jitter() {
	e := l.entry("P132")
	if e == nil {
		return
	}
	length, ok := jitterLengths[e.Value]
	if !ok {
		l.draft.Refuse(e, foreign.LineKey(l.n, "rtp/jitter_max_ms"), "not a length, 0 to 2")
		return
	}
	l.draft.SetJitterLength(e, l.n, length)
}

// fax takes how faxes travel. Both ways begin with the same tones.
func (l lineValues) fax() {
	e := l.entry("P228")
	if e == nil {
		return
	}
	switch e.Value {
	case "0":
		l.set(e, "fax/mode", "auto", "T.38 is not supported, faxes travel as voice")
	case "1":
		l.set(e, "fax/mode", "auto", "")
	default:
		l.draft.Refuse(e, foreign.LineKey(l.n, "fax/mode"), "not a way, 0 or 1")
	}
}
