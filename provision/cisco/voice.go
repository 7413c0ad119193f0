package cisco

import (
	"errors"
	"strings"

	"github.com/ata-agent/ata-agent/provision/foreign"
)

// jitterLengths by the words of Network_Jitter_Level, in small letters.
var jitterLengths = map[string]foreign.JitterLength{
	"low": {Max: 100, Fixed: 40}, "medium": {Max: 150, Fixed: 60}, "high": {Max: 200, Fixed: 80},
	"very high": {Max: 300, Fixed: 100}, "extremely high": {Max: 400, Fixed: 140},
}

// jitter takes the length of the jitter buffer.
func (l lineParams) jitter() {
	e := l.entry("Network_Jitter_Level")
	if e == nil {
		return
	}
	length, ok := jitterLengths[strings.ToLower(e.Value)]
	if !ok {
		l.draft.Refuse(e, foreign.LineKey(l.n, "rtp/jitter_max_ms"), "not one of low, medium, high, very high, extremely high")
		return
	}
	l.draft.SetJitterLength(e, l.n, length)
}

// fax takes the mode of the line from what is said about the tones that switch it:
// a line for modems carries data in every call, one that listens for no tone, or
// has no way to carry data, never does.
func (l lineParams) fax() {
	const key = "fax/mode"
	modem, always := l.yes("Modem_Line", false)
	cng, hearsCNG := l.yes("FAX_CNG_Detect_Enable", true)
	v21, hearsV21 := l.yes("FAX_V21_Detect_Enable", true)
	method := l.entry("FAX_Passthru_Method")
	none := method != nil && strings.EqualFold(method.Value, "None")
	switch {
	case always:
		l.set(modem, key, "always", "")
		modem = nil
	case none:
		l.set(method, key, "off", "")
		method = nil
	case !hearsCNG && !hearsV21:
		l.set(cng, key, "off", "")
		cng = nil
	case cng != nil:
		note := ""
		if hearsCNG != hearsV21 {
			note = "the tones of both ends switch it"
		}
		l.set(cng, key, "auto", note)
		cng = nil
	}
	for _, e := range []*foreign.Entry{modem, cng, v21, method} {
		l.confirm(e)
	}
}

// convertAdjustment makes a mode of whether the jitter buffer adapts, in the words
// of older and newer adapters.
func convertAdjustment(value string, _ []string) (any, string, error) {
	switch strings.ToLower(value) {
	case "yes", "1", "true", "up and down":
		return "adaptive", "", nil
	case "up only", "down only":
		return "adaptive", "it adapts up and down", nil
	case "no", "0", "false", "disable":
		return "fixed", "", nil
	}
	return nil, "", errors.New("not one of Yes, No, up and down, up only, down only, disable")
}
