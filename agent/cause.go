package agent

import (
	"strconv"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/sip"
)

// failureTone is the tone for a call that failed: the configuration's word on
// the status code first, then the network's Q.850 cause, then the code.
func failureTone(causes map[string]string, e sip.Ended) line.Tone {
	if name, ok := causes[strconv.Itoa(e.Code)]; ok {
		return toneNamed(name)
	}
	if tone, ok := causeTone(e.Cause); ok {
		return tone
	}
	return statusTone(e.Code)
}

// causeTone is the tone for a cause of ITU-T Q.850 that a Reason header
// carries (RFC 3326 §2).
func causeTone(cause int) (line.Tone, bool) {
	switch cause {
	case 1, 3, 28: // unallocated number, no route to destination, invalid number format
		return line.VacantCode, true
	case 17: // user busy
		return line.Busy, true
	case 18, 19, 20: // no user responding, no answer, subscriber absent
		return line.Reorder, true
	case 22: // number changed
		return line.VacantCode, true
	case 34, 38, 41, 42: // no circuit, network out of order, temporary failure, congestion
		return line.NoCircuit, true
	}
	return line.Silence, false
}

// statusTone is the tone for a final status of an INVITE. Unknown codes of a
// class count as its x00 (RFC 3261 §8.1.3.2).
func statusTone(code int) line.Tone {
	switch code {
	case 486, 600, 603, 607, 608: // busy here, busy everywhere, decline, unwanted, rejected
		return line.Busy
	case 404, 410, 485, 604: // not found, gone, ambiguous, does not exist anywhere
		return line.VacantCode
	case 503: // every server refused
		return line.NoCircuit
	}
	return line.Reorder
}

// toneNamed is the tone a configuration names; config allows no other name.
func toneNamed(name string) line.Tone {
	for _, t := range []line.Tone{line.Silence, line.Busy, line.Reorder, line.VacantCode, line.NoCircuit} {
		if t.String() == name {
			return t
		}
	}
	return line.Reorder
}
