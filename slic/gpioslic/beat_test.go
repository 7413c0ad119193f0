package gpioslic

import (
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"
)

// TestBeatGrid toggles late by up to 9 ms: no error adds up.
func TestBeatGrid(t *testing.T) {
	for _, f := range []physic.Frequency{15 * physic.Hertz, 16667 * physic.MilliHertz, 20 * physic.Hertz, 25 * physic.Hertz, 50 * physic.Hertz} {
		var b beat
		begin := time.Now()
		b.start(f, begin)
		if got := b.due(); !got.Equal(begin) {
			t.Errorf("%v: first toggle at %v", f, got.Sub(begin))
		}
		half := time.Duration(5e8 * float64(physic.Hertz) / float64(f))
		for n := range 1000 {
			b.toggled(b.due().Add(time.Duration(n%10) * half / 25))
			if got, want := b.due().Sub(begin), time.Duration(n+1)*half; got != want {
				t.Fatalf("%v: toggle %d is due at %v, want %v", f, n+1, got, want)
			}
		}
	}
}

func TestBeatAfterStall(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name        string
		late        time.Duration
		due, second time.Duration // of the toggles after the late one
	}{
		{"on time", 0, 50 * ms, 75 * ms},
		{"less than a quarter period", 12 * ms, 50 * ms, 75 * ms},
		{"catches up at twice the speed", 20 * ms, 57500 * time.Microsecond, 75 * ms},
		{"half a period: two come close", 30 * ms, 67500 * time.Microsecond, 80 * ms},
		{"whole periods are left out in step", 130 * ms, 167500 * time.Microsecond, 180 * ms},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b beat
			begin := time.Now()
			b.start(20*physic.Hertz, begin)
			b.toggled(begin)
			b.toggled(begin.Add(25*ms + tt.late))
			if got := b.due().Sub(begin); got != tt.due {
				t.Errorf("due at %v, want %v", got, tt.due)
			}
			even := b.n%2 == 0
			b.toggled(b.due())
			if got := b.due().Sub(begin); got != tt.second {
				t.Errorf("then at %v, want %v", got, tt.second)
			}
			if !even {
				t.Error("F/R is out of step with the grid")
			}
		})
	}
}
