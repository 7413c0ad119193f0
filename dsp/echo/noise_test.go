package echo

import (
	"fmt"
	"math"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
	"github.com/ata-agent/ata-agent/dsp/fft"
)

// Test 9: while the far end talks alone the noise of the near end is replaced by
// noise of the same level, after it fell and rose too.
func TestComfortNoise(t *testing.T) {
	t.Parallel()
	for _, c := range laws {
		worst := 0.0
		for _, m := range models(c) {
			for _, far := range levels() {
				l := newLine(t, m, 6, c, Opts{})
				l.talk(css(2, far, 31), nil)
				for i, level := range []dsp.DBm0{-45, -55, -45} {
					l.talk(quietness(3), room(3, level, uint64(i)))
					_, out := l.talk(css(3, far, uint64(i)), room(3, level, uint64(i)+10))
					got := g168.Level(part(out, 1, 3))
					want := g168.Level(room(3, level, uint64(i)+10))
					worst = max(worst, math.Abs(float64(got-want)))
				}
			}
		}
		atMost(t, fmt.Sprintf("9 %s comfort noise off by", c), worst, 2, 0.3, "dB")
	}
}

// The noise has the colour of the noise it replaces, in half octaves.
func TestComfortNoiseSpectrum(t *testing.T) {
	var n comfortNoise
	n.reset()
	noise := room(10, -45, 32)
	for i := 0; i < len(noise); i += block {
		var d [block]float32
		for k := range d {
			d[k] = float32(noise[i+k])
		}
		n.hear(&d, &scene{rest: energy(&d)})
	}
	made := make([]int16, len(noise))
	for i := 0; i < len(made); i += block {
		var d [block]float32
		n.fill(&d, 1, 1)
		for k, v := range d {
			made[i+k] = round(v)
		}
	}
	want, got := spectrum(noise), spectrum(made)
	worst := 0.0
	for low := 6; low*3/2 <= fft.Bins; low = low * 3 / 2 {
		var w, g float64
		for k := low; k < low*3/2; k++ {
			w += want[k]
			g += got[k]
		}
		worst = max(worst, math.Abs(10*math.Log10(g/w)))
	}
	atMost(t, "comfort noise spectrum off by", worst, 2, 0.3, "dB")
}

// spectrum returns the mean power of x by bins of 50 Hz.
func spectrum(x []int16) (power [fft.Bins]float64) {
	for i := 0; i+fft.N <= len(x); i += fft.N {
		var frame [fft.N]float32
		for k := range frame {
			frame[k] = float32(x[i+k])
		}
		var s fft.Spectrum
		fft.Forward(&frame, &s)
		for k := range power {
			power[k] += float64(s.Re[k]*s.Re[k] + s.Im[k]*s.Im[k])
		}
	}
	return power
}

// Speech of the near end does not become the noise.
func TestSpeechIsNoNoise(t *testing.T) {
	l := newLine(t, "m1", 6, "PCMA", Opts{})
	near := nearCSS(20, -16, 33)
	for i, v := range room(20, -55, 33) {
		near[i] += v
	}
	l.talk(quietness(20), near)
	got := dsp.Level(math.Sqrt(float64(l.noise.level() / block)))
	atMost(t, "noise behind speech off by", math.Abs(float64(got+55)), 2, 0.3, "dB")
}
