package agent

import (
	"fmt"
	"time"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/line/script"
	"github.com/ata-agent/ata-agent/quality/cause"
)

// flightSteps is how many events a line's recorder keeps at least: a call has some
// twenty, and a timer or two a minute.
const flightSteps = 400

// figuresPeriod is how often the figures of a call are noted.
const figuresPeriod = 5 * time.Second

// flight is the flight recorder of a line: what happened and what the machine did, as
// a script that replays, with how the voice fared as comments. It stands between the
// machine and its port.
type flight struct {
	*script.Recorder
	began time.Time
	noted time.Time // figures
}

func newFlight(p *port) *flight {
	f := &flight{began: time.Now()}
	f.Recorder = script.NewRecorder(p, f.began, flightSteps)
	record := f.Did
	f.Did = func(c script.Call) {
		record(c)
		p.agent.hub.action(p.n, p.at, c)
	}
	return f
}

// event records an event before the machine gets it. Keys in a call mean nothing to
// the machine and are nobody's business.
func (f *flight) event(at time.Time, e line.Event, state line.State) {
	if _, key := e.(line.Digit); key && state == line.Talking {
		return
	}
	f.Event(at, e, state == line.Idle)
}

// figures notes how the voice of a call fares.
func (f *flight) figures(id line.CallID, s *cause.Snapshot) {
	if s.At.Sub(f.noted) < figuresPeriod {
		return
	}
	f.noted = s.At
	q := &s.Heard
	f.Note(fmt.Sprintf("@%v call %d: received %d, lost %d, discarded %d, jitter %v, buffer %v, round trip %v, concealed %v, sent %d, far end lost %d, to telephone %.0f dBm0, from it %.0f dBm0",
		s.At.Sub(f.began).Round(time.Second), id, s.Received, q.Lost, q.Discarded, q.Jitter.Round(time.Millisecond), q.Buffer, q.RoundTrip.Round(time.Millisecond),
		s.Concealed, s.Sent, s.FarLost, s.ToPhone, s.SentLevel))
}
