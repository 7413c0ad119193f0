package echo

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// Energies are sums of squares over a block, in 16-bit units.

// silence is the energy of a block that nobody hears, -72 dBm0.
const silence = block * 4

// energyAt returns the energy of a block of level l.
func energyAt(l dsp.DBm0) float32 { return float32(block * l.RMS() * l.RMS()) }

func energy(x *[block]float32) float32 {
	var a, b float32
	for i := 0; i < block; i += 2 {
		a += x[i] * x[i]
		b += x[i+1] * x[i+1]
	}
	return a + b
}

// subtract computes a - b.
func subtract(out, a, b *[block]float32) {
	for i := range out {
		out[i] = a[i] - b[i]
	}
}

// fade goes over from x to y within the block.
func fade(x, y *[block]float32) {
	for i := range x {
		x[i] += (y[i] - x[i]) * float32(i) / block
	}
}

// round returns the sample nearest to v.
func round(v float32) int16 {
	switch {
	case v >= math.MaxInt16:
		return math.MaxInt16
	case v <= math.MinInt16:
		return math.MinInt16
	case v < 0:
		return int16(v - 0.5)
	}
	return int16(v + 0.5)
}

// clips says whether a block reaches what A-law and mu-law can carry at most,
// 32256 and 32124.
func clips(x *[block]int16) bool {
	for _, v := range x {
		if v >= 32124 || v <= -32124 {
			return true
		}
	}
	return false
}

// highPass removes an offset: a first-order filter at 10 Hz. Far and near pass
// the same, so the echo path between them does not change.
type highPass struct {
	in, out float32
}

// process filters a block and returns its energy.
func (h *highPass) process(in *[block]int16, out *[block]float32) float32 {
	const pole = 1 - 2*math.Pi*10/dsp.SampleRate
	last, y := h.in, h.out
	for i, s := range in {
		x := float32(s)
		y = x - last + pole*y
		last = x
		out[i] = y
	}
	if y < 1e-9 && y > -1e-9 {
		y = 0 // keep denormal numbers out of the silence
	}
	h.in, h.out = last, y
	return energy(out)
}
