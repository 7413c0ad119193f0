package model

import (
	"math"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// send sends two tones of a level for d, or silence when row is 0.
func (b *bench) send(l *loop, row, col float64, level dsp.DBm0, d time.Duration) {
	for i := range int(d / FrameTime) {
		at := float64(i) / 8000
		a := level.Amplitude() * twowire.VoltsPerUnit
		l.voice = a * (math.Sin(2*math.Pi*row*at) + math.Sin(2*math.Pi*col*at))
		b.run(FrameTime)
	}
}

func TestDTMF(t *testing.T) {
	l := &loop{ohms: 400}
	b := newBench(t, Opts{Pair: l, Variant: Si3210})
	b.ready()
	b.write(drLinefeed, lfForward)
	b.run(100 * time.Millisecond)
	codes := []byte{1, 2, 3, 13, 4, 5, 6, 14, 7, 8, 9, 15, 11, 10, 12, 0} // Si3210 data sheet, DR24
	for i, want := range codes {
		b.write(20, 0xFF)
		b.send(l, dtmfHertz[i/4], dtmfHertz[4+i%4], -10, 90*time.Millisecond)
		if got := b.read(drDigit); got != digitValid|want {
			t.Errorf("key %d: DR24 = %#02x, want %#02x", i, got, digitValid|want)
		}
		if b.read(20) != int3Digit {
			t.Errorf("key %d: no interrupt", i)
		}
		b.write(20, 0xFF)
		b.send(l, 0, 0, 0, 60*time.Millisecond)
		if got := b.read(drDigit); got&digitValid != 0 {
			t.Errorf("key %d: still valid after release: %#02x", i, got)
		}
		if b.read(20) != 0 {
			t.Errorf("key %d: interrupt at release", i)
		}
	}
	for name, try := range map[string]struct {
		row, col float64
		level    dsp.DBm0
		d        time.Duration
	}{
		"too short":  {697, 1209, -10, 20 * time.Millisecond},
		"too weak":   {697, 1209, -40, 200 * time.Millisecond},
		"one tone":   {697, 697, -10, 200 * time.Millisecond},
		"other tone": {697, 1000, -10, 200 * time.Millisecond},
	} {
		b.send(l, try.row, try.col, try.level, try.d)
		if b.read(drDigit)&digitValid != 0 || b.read(20) != 0 {
			t.Errorf("%s is taken for a digit", name)
		}
		b.send(l, 0, 0, 0, 60*time.Millisecond)
	}
}

func TestNoDTMFInNewParts(t *testing.T) {
	l := &loop{ohms: 400}
	b := newBench(t, Opts{Pair: l, Variant: Si3215})
	b.ready()
	b.write(drLinefeed, lfForward)
	b.run(100 * time.Millisecond)
	b.send(l, 697, 1209, -10, 200*time.Millisecond)
	if b.read(drDigit) != 0 {
		t.Error("a Si3215 detects DTMF")
	}
}
