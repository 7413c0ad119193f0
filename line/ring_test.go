package line

import (
	"slices"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
)

func TestCadence(t *testing.T) {
	own := millis(1000, 4000)
	tests := []struct {
		name    string
		country []time.Duration
		ring    int
		want    []time.Duration
	}{
		{"country", own, 0, own},
		{"distinctive", own, 3, distinctive[2]},
		{"last distinctive", own, 8, distinctive[7]},
		{"beyond", own, 9, own},
		{"below", own, -1, own},
		{"country without cadence", nil, 0, distinctive[0]},
		{"country with a part of no length", millis(1000, 0), 0, distinctive[0]},
	}
	for _, tt := range tests {
		m := New(newWorld(t), &country.Country{Ring: tt.country}, mustPlan(t, "(x)"), Settings{})
		if got := m.cadenceOf(tt.ring); !slices.Equal(got, tt.want) {
			t.Errorf("%s: ring %d is %v, want %v", tt.name, tt.ring, got, tt.want)
		}
	}
	for i, cadence := range distinctive {
		if len(cadence)%2 != 0 || cadence[len(cadence)-1] < 4*time.Second {
			t.Errorf("distinctive ring %d is %v, want pairs and a pause of 4 s for caller ID", i+1, cadence)
		}
	}
}

// TestDialFails covers a port that cannot even name a call.
func TestDialFails(t *testing.T) {
	w := newWorld(t)
	m := New(noCalls{w}, testCountry(), mustPlan(t, "(x)"), Settings{NoServiceDialTone: true})
	m.Handle(epoch, Hook{Off: true})
	m.Handle(epoch.Add(time.Second), Digit{'1'})
	if m.State() != Failed || m.Tone() != Reorder {
		t.Errorf("%v, tone %v, want failed, reorder", m.State(), m.Tone())
	}
	m.Handle(epoch.Add(2*time.Second), Answered{})
	m.Handle(epoch.Add(3*time.Second), Released{})
	m.Handle(epoch.Add(4*time.Second), Hook{Off: false})
	w.run(m, epoch.Add(time.Minute))
	w.idle(m)
}

type noCalls struct{ *world }

func (noCalls) Dial(string, bool) CallID { return 0 }

// BenchmarkCall is a whole call: lift, dial, talk, flash, put down.
func BenchmarkCall(b *testing.B) {
	w := newWorld(b)
	m := New(w, testCountry(), mustPlan(b, "(xx)"), Settings{NoServiceDialTone: true})
	at := epoch
	step := func(d time.Duration, e Event) {
		at = at.Add(d)
		m.Handle(at, e)
	}
	b.ReportAllocs()
	for b.Loop() {
		w.dialed = w.dialed[:0]
		step(time.Second, Hook{Off: true})
		step(time.Second, Digit{'1'})
		step(time.Second, Digit{'2'})
		w.calls[w.next].answered = true
		step(time.Second, Answered{w.next})
		step(time.Second, Hook{Off: false})
		step(300*millisecond, Hook{Off: true})
		step(time.Second, Hook{Off: false})
		step(300*millisecond, Hook{Off: true})
		step(time.Second, Hook{Off: false})
		step(time.Second, Timer{})
	}
	w.idle(m)
}
