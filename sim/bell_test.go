package sim

import (
	"math"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/slic/twowire"
)

// ringDrive is ringing over battery: the DC stays on in the pauses.
func ringDrive(sample int64, volts, hertz, offset float64, on bool) twowire.Drive {
	d := battery
	d.Voice = 0
	if on {
		d.Volts = offset + volts*math.Sqrt2*math.Sin(2*math.Pi*hertz*float64(sample)/8000)
		d.LimitAmps = 0
	}
	return d
}

func TestRingingMeasured(t *testing.T) {
	tests := []struct {
		hertz, volts, offset float64
		cadence              []time.Duration
	}{
		{20, 45, 0, []time.Duration{2 * time.Second, 4 * time.Second}},
		{25, 60, 20, []time.Duration{1 * time.Second, 4 * time.Second}},
		{25, 45, 0, []time.Duration{400 * ms, 200 * ms, 400 * ms, 2000 * ms}},
		{16, 65, 0, []time.Duration{1 * time.Second, 2 * time.Second}},
		{50, 40, 10, []time.Duration{1 * time.Second, 5 * time.Second}},
		{68, 50, 0, []time.Duration{2 * time.Second, 4 * time.Second}},
	}
	for _, tt := range tests {
		tel := newPlain(t, func(s *Settings) { s.REN = 0 })
		run(tel, battery, time.Second)
		first := time.Duration(-1)
		for round := range 3 {
			for i, d := range tt.cadence {
				for n := range samples(d) {
					tel.Step(ringDrive(n, tt.volts, tt.hertz, tt.offset, i%2 == 0))
					if first < 0 && tel.bell.bursting {
						first = time.Duration(tel.now)*125*time.Microsecond - time.Second
					}
				}
				if r := tel.State().Ring; round > 0 && (r == nil || r.Bursting != (i%2 == 0) && i%2 == 0) {
					t.Fatalf("%v Hz: not ringing in round %d: %+v", tt.hertz, round, r)
				}
			}
		}
		r := tel.State().Ring
		if r == nil {
			t.Fatalf("%v Hz: not ringing", tt.hertz)
		}
		if first > 200*ms {
			t.Errorf("%v Hz: noticed after %v", tt.hertz, first)
		}
		within(t, "frequency", r.Hertz, tt.hertz, 0.02*tt.hertz)
		within(t, "volts", r.Volts, tt.volts, 0.05*tt.volts)
		for i, got := range r.CadenceMS {
			within(t, "cadence in ms", float64(got), float64(tt.cadence[i%len(tt.cadence)]/ms), 45)
		}
		if len(r.CadenceMS) < 4 {
			t.Errorf("%v Hz: cadence %v", tt.hertz, r.CadenceMS)
		}
		// The caller gives up: the telephone notices after a pause too long.
		run(tel, battery, 7*time.Second)
		if tel.State().Ring != nil {
			t.Errorf("%v Hz: still ringing 7 s after the last burst", tt.hertz)
		}
	}
}

// Putting the handset down makes the voltage jump as the hook switch bounces,
// which is no ringing.
func TestNoRingingWhenPutDown(t *testing.T) {
	for seed := range uint64(500) {
		tel := NewTelephone(TelephoneOpts{Seed: seed})
		run(tel, battery, 100*ms)
		tel.Hook(true)
		run(tel, battery, 100*ms)
		tel.Hook(false)
		for range samples(300 * ms) {
			if tel.Step(battery); tel.bell.bursting {
				t.Fatalf("seed %d: rings %v after the handset went down", seed, tel.State().Ring)
			}
		}
	}
}

// Reversals, open loops and a parallel rotary dial are no ringing.
func TestNoRinging(t *testing.T) {
	tel := newPlain(t, nil)
	for i := range 40 {
		d := battery
		switch i % 4 {
		case 1:
			d.Volts = -48
		case 2:
			d.Open = true
		}
		run(tel, d, time.Duration(40+23*i)*ms)
		if tel.State().Ring != nil {
			t.Fatalf("step %d: rings", i)
		}
	}
}

func TestPolarityAndOpenLoop(t *testing.T) {
	tel := newPlain(t, nil)
	tel.Hook(true)
	run(tel, battery, 100*ms)
	if s := tel.State(); s.Polarity != Normal || s.OpenLoops != 0 {
		t.Errorf("off hook: %v", s)
	}
	run(tel, twowire.Drive{Volts: -48, Ohms: 160, LimitAmps: 0.02}, 100*ms)
	if s := tel.State(); s.Polarity != Reversed || s.OpenLoops != 0 {
		t.Errorf("reversed: %v", s)
	}
	open := twowire.Drive{Open: true}
	for _, tt := range []struct {
		length time.Duration
		want   int
	}{{40 * ms, 0}, {250 * ms, 1}, {900 * ms, 2}} {
		run(tel, open, tt.length)
		run(tel, battery, 300*ms)
		if got := tel.State().OpenLoops; got != tt.want {
			t.Errorf("after an open loop of %v: %d counted, want %d", tt.length, got, tt.want)
		}
	}
	// A flash of its own is no open loop of the exchange.
	tel.mu.Lock()
	tel.flash(400 * ms)
	tel.mu.Unlock()
	run(tel, battery, time.Second)
	if got := tel.State().OpenLoops; got != 2 {
		t.Errorf("after a flash: %d open loops", got)
	}
}

// Ringing that was answered is over when the handset goes down again.
func TestAnsweredRingingIsOver(t *testing.T) {
	tel := newPlain(t, nil)
	run(tel, battery, time.Second)
	for n := range samples(time.Second) {
		tel.Step(ringDrive(n, 45, 20, 0, true))
	}
	if !tel.bell.bursting {
		t.Fatal("not ringing")
	}
	tel.Hook(true)
	run(tel, battery, 500*ms)
	tel.Hook(false)
	for range 100 {
		if run(tel, battery, 10*ms); tel.State().Ring != nil {
			t.Fatal("rings after the call")
		}
	}
	for n := range samples(time.Second) {
		tel.Step(ringDrive(n, 45, 20, 0, true))
	}
	if r := tel.State().Ring; r == nil || len(r.CadenceMS) != 0 {
		t.Errorf("ringing again is %v", r)
	}
}
