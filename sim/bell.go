package sim

import (
	"math"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
)

const (
	bellVolts    = 10    // a bell does not sound below this, rms
	bellDecay    = 0.994 // of the high-pass in front of the detector, 20 ms
	bellLowest   = 8000 / 12
	bellHighest  = 8000 / 75
	bellGap      = 8000 / 8 // without a cycle for this long the burst is over
	bellPatience = 6500 * time.Millisecond
	maxCadence   = 8
)

// bell detects ringing from the voltage at the telephone: whole cycles between
// crossings of zero, each with its own period and rms value.
type bell struct {
	slow  float64 // what the high-pass takes off
	high  bool    // side of the last crossing
	since int64   // sample of the last crossing upwards, -1 = none

	sum, squares float64 // of the running cycle

	bursting bool
	begun    int64 // sample at which the burst began
	loud     int64 // last sample with ringing voltage
	first    int64 // first sample of the run of loud samples
	cycles   int   // of this burst
	hertz    float64
	volts    float64 // rms, averaged over the burst

	run   int      // loud blocks in a row, of a loudspeaker
	level dsp.DBm0 // of the loudspeaker

	ringing bool // a burst came, and the pause since is not too long
	ended   int64
	cadence [maxCadence]int64 // lengths of bursts and pauses, samples, oldest first
	n       int
}

// step takes the voltage at sample now.
func (b *bell) step(v float64, now int64) {
	b.slow += (v - b.slow) * (1 - bellDecay)
	y := v - b.slow
	b.sum += v
	b.squares += v * v
	if math.Abs(y) > bellVolts {
		if now-b.loud > bellGap {
			b.first = now
		}
		b.loud = now
	}
	switch {
	case b.high && y < -bellVolts/2:
		b.high = false
	case !b.high && y > bellVolts/2:
		b.high = true
		b.cycle(now)
	}
	if b.bursting && now-b.since > bellGap {
		b.end()
	}
	b.fade(now)
}

// fade ends the ringing when the pause has been too long.
func (b *bell) fade(now int64) {
	if b.ringing && !b.bursting && now-b.ended > b.patience() {
		b.ringing = false
	}
}

func (b *bell) cycle(now int64) {
	length := now - b.since
	mean := b.sum / float64(length)
	rms := math.Sqrt(max(0, b.squares/float64(length)-mean*mean))
	b.since, b.sum, b.squares = now, 0, 0
	if length < bellHighest || length > bellLowest || rms < bellVolts {
		return
	}
	if !b.bursting {
		b.start()
	}
	b.cycles++
	weight := 1 / float64(b.cycles)
	b.hertz += (8000/float64(length) - b.hertz) * weight
	b.volts += (rms - b.volts) * weight
}

func (b *bell) start() {
	if b.ringing {
		b.note(b.first - b.ended)
	} else {
		b.n = 0
	}
	b.bursting, b.ringing, b.begun = true, true, b.first
	b.cycles, b.hertz, b.volts = 0, 0, 0
}

func (b *bell) end() {
	b.bursting, b.ended = false, b.loud
	b.note(b.ended - b.begun)
}

func (b *bell) note(length int64) {
	if b.n == maxCadence {
		copy(b.cadence[:], b.cadence[2:])
		b.n -= 2
	}
	b.cadence[b.n] = length
	b.n++
}

// shortBurst says whether a burst of half a second has just ended.
func (b *bell) shortBurst(now int64) bool {
	if b.bursting || b.n == 0 || now-b.ended > bellGap+80 {
		return false
	}
	last := b.cadence[b.n-1]
	return last > samples(350*time.Millisecond) && last < samples(650*time.Millisecond)
}

// patience is how long a pause may last before the caller is thought to have
// gone: a quarter more than the longest pause of this ringing, or more than any
// country's.
func (b *bell) patience() int64 {
	longest := int64(0)
	for i := 1; i < b.n; i += 2 {
		longest = max(longest, b.cadence[i])
	}
	if longest == 0 || b.n < 4 {
		return samples(bellPatience)
	}
	return longest + longest/4 + 800
}
