package slictest

import (
	"math"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/slic/twowire"
)

func TestTelephoneDC(t *testing.T) {
	for _, tt := range []struct {
		name        string
		ohms        float64
		lifted      bool
		drive       twowire.Drive
		volts, amps float64
	}{
		{"on hook", 400, false, twowire.Drive{Volts: 48, Ohms: 160, LimitAmps: 0.02}, 48, 0},
		{"constant current", 400, true, twowire.Drive{Volts: 48, Ohms: 160, LimitAmps: 0.02}, 8, 0.02},
		{"constant voltage", 4640, true, twowire.Drive{Volts: 48, Ohms: 160, LimitAmps: 0.02}, 46.4, 0.01},
		{"reversed", 400, true, twowire.Drive{Volts: -48, Ohms: 160, LimitAmps: 0.02}, -8, -0.02},
		{"no limit", 440, true, twowire.Drive{Volts: 48, Ohms: 160}, 35.2, 0.08},
		{"open", 400, true, twowire.Drive{Open: true, Volts: 48, Ohms: 160}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			phone := NewTelephone(tt.ohms, 1)
			if tt.lifted {
				phone.Lift()
			}
			var s twowire.Sense
			for range 8000 {
				s = phone.Step(tt.drive)
			}
			if math.Abs(s.Volts-tt.volts) > 0.01 || math.Abs(s.Amps-tt.amps) > 2e-5 {
				t.Errorf("%.3f V %.2f mA, want %.3f V %.2f mA", s.Volts, s.Amps*1e3, tt.volts, tt.amps*1e3)
			}
		})
	}
}

// TestRingers checks the rms current of 45 V at 20 Hz against the impedance of
// n ringers and the source: |R/n + R0 + 1/(jwnC)|.
func TestRingers(t *testing.T) {
	for _, tt := range []struct{ ren, source, amps float64 }{
		{1, 1, 0.0064}, {3, 1, 0.0191}, {5, 1, 0.0318}, {3, 200, 0.0177}, {5, 200, 0.0280},
	} {
		phone := NewTelephone(400, tt.ren)
		var sum float64
		const n = 8000
		for i := range 2 * n {
			v := 45 * math.Sqrt2 * math.Sin(2*math.Pi*20*float64(i)/8000)
			s := phone.Step(twowire.Drive{Volts: v, Ohms: tt.source})
			if i >= n {
				sum += s.Amps * s.Amps
			}
		}
		if got := math.Sqrt(sum / n); math.Abs(got/tt.amps-1) > 0.02 {
			t.Errorf("%v REN behind %v ohm draw %.2f mA, want %.2f mA", tt.ren, tt.source, got*1e3, tt.amps*1e3)
		}
	}
}

// contacts runs a telephone for d and returns when its contact changed.
func contacts(t *Telephone, d time.Duration) (times []time.Duration) {
	was := t.closed
	for i := range d / step {
		t.Step(twowire.Drive{Volts: 48, Ohms: 160})
		if t.closed != was {
			times = append(times, i*step)
			was = t.closed
		}
	}
	return times
}

func TestPulses(t *testing.T) {
	phone := NewTelephone(400, 1)
	phone.Lift()
	contacts(phone, time.Second)
	phone.Pulse(5, 10, 0.6)
	got := contacts(phone, time.Second)
	if len(got) != 10 {
		t.Fatalf("%d changes for five pulses", len(got))
	}
	for i, at := range got {
		want := time.Duration(i/2)*100*time.Millisecond + time.Duration(i%2)*60*time.Millisecond
		if (at - want).Abs() > step {
			t.Errorf("change %d at %v, want %v", i, at, want)
		}
	}
}

func TestBounce(t *testing.T) {
	phone := NewTelephone(400, 1)
	phone.SetBounce(20 * time.Millisecond)
	for range 50 {
		phone.Lift()
		got := contacts(phone, 100*time.Millisecond)
		if !phone.closed || len(got) < 3 || len(got)%2 == 0 || got[len(got)-1] > 20*time.Millisecond {
			t.Fatalf("lifting bounces at %v", got)
		}
		phone.Hang()
		if got = contacts(phone, 100*time.Millisecond); phone.closed || len(got)%2 == 0 {
			t.Fatalf("hanging up bounces at %v", got)
		}
	}
}

func TestFlashOrder(t *testing.T) {
	phone := NewTelephone(400, 1)
	phone.Lift()
	phone.Flash(200 * time.Millisecond)
	contacts(phone, 50*time.Millisecond)
	phone.Lift() // before the flash is over
	contacts(phone, time.Second)
	if !phone.closed {
		t.Error("the telephone is on hook at the end")
	}
}

func TestSpeech(t *testing.T) {
	phone := NewTelephone(400, 1)
	phone.Speak(func() float64 { return 0.5 })
	d := twowire.Drive{Volts: 48, Ohms: 160}
	if s := phone.Step(d); s.Voice != 0 {
		t.Error("a telephone on hook speaks")
	}
	phone.Lift()
	if s := phone.Step(d); s.Voice != 0.5 {
		t.Errorf("Voice = %v, want 0.5", s.Voice)
	}
	phone.Speak(nil)
	phone.Ground(1000)
	if s := phone.Step(d); s.Voice != 0 || s.LeakAmps == 0 {
		t.Errorf("silent telephone with a fault to ground: %+v", s)
	}
	phone.Ground(0)
	phone.Short(true)
	if s := phone.Step(d); s.LeakAmps != 0 || s.Amps < 0.2 {
		t.Errorf("short: %+v", s)
	}
}
