package line_test

import (
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dialplan"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/line/script"
)

// TestCountriesEmergency dials every emergency number of every country on a
// line without service, with keys and with a dial of the country's coding.
func TestCountriesEmergency(t *testing.T) {
	for _, c := range country.All() {
		plan, err := dialplan.Parse(c.DialPlan, dialplan.Sipura)
		if err != nil {
			t.Fatalf("%s: %v", c.Code, err)
		}
		build := func(port line.Port) script.Machine {
			return line.New(port, c, plan.WithEmergency(c.Emergency...), line.Settings{})
		}
		for _, number := range c.Emergency {
			s := &script.Script{Steps: []script.Step{script.EventStep(0, line.Hook{Off: true})}}
			checkEmergency(t, c, number, "keys", withKeys(*s, number), build)
			checkEmergency(t, c, number, "dial", withDial(*s, c.Pulses, number), build)
		}
	}
}

func checkEmergency(t *testing.T, c *country.Country, number, how string, s *script.Script, build func(line.Port) script.Machine) {
	t.Helper()
	for _, step := range script.Run(s, build).Steps {
		for _, e := range step.Effects {
			if e.Call.Op == script.Dial && e.Call.Number == number && e.Call.Emergency {
				return
			}
		}
	}
	t.Errorf("%s: %s with a %s is not dialed", c.Code, number, how)
}

func withKeys(s script.Script, number string) *script.Script {
	at := time.Second
	for i := range len(number) {
		s.Steps = append(s.Steps, script.EventStep(at, line.Digit{Key: number[i]}))
		at += 200 * ms
	}
	return patient(s, at)
}

// withDial turns a dial of ten pulses per second.
func withDial(s script.Script, coding country.PulseCoding, number string) *script.Script {
	at := time.Second
	for i := range len(number) {
		for range pulsesOf(coding, number[i]) {
			s.Steps = append(s.Steps, script.EventStep(at, line.Hook{}), script.EventStep(at+62*ms, line.Hook{Off: true}))
			at += 100 * ms
		}
		at += 700 * ms
	}
	return patient(s, at)
}

func pulsesOf(coding country.PulseCoding, key byte) int {
	for n := range 13 {
		if k, ok := country.Digit(coding, n); ok && k == key {
			return n
		}
	}
	return 0
}

// patient waits for the timers that follow.
func patient(s script.Script, at time.Duration) *script.Script {
	s.Steps = append(s.Steps, script.Step{At: at + 10*time.Second, Text: "wait"})
	return &s
}

// TestRecordings records what every script does and replays the recording, as
// text, on a new machine.
func TestRecordings(t *testing.T) {
	for name, want := range allScripts(t) {
		var recorder *script.Recorder
		machine := builder(t, want)
		played := script.Run(want, func(port line.Port) script.Machine {
			recorder = script.NewRecorder(port, script.Start, 1000)
			return recording{machine(recorder), recorder}
		})
		text := recorder.Script().Format()
		again, err := script.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := script.Replay(again, machine).Format(); got != text {
			t.Errorf("%s: %s", name, firstDifference(got, text))
		}
		if n, m := effects(played), effects(again); n != m {
			t.Errorf("%s: %d effects, %d recorded", name, n, m)
		}
	}
}

// recording tells a recorder of each event before the machine.
type recording struct {
	script.Machine
	recorder *script.Recorder
}

func (r recording) Handle(at time.Time, e line.Event) {
	r.recorder.Event(at, e, false)
	r.Machine.Handle(at, e)
}

func effects(s *script.Script) (n int) {
	for _, step := range s.Steps {
		n += len(step.Effects)
	}
	return n
}
