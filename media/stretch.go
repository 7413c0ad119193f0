package media

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// unit is the block the jitter buffer plays, conceals and corrects at once.
const unit = dsp.Frame

const (
	stretchTaps  = 8
	stretchAhead = stretchTaps / 2   // samples needed after the unit
	stretchBack  = stretchTaps/2 - 1 // and before it
	stretchSpan  = stretchBack + unit + stretchAhead
)

type stretchTable [][stretchTaps]float32

// A unit becomes one sample shorter or longer by resampling, which is heard
// neither in speech nor in a tone.
var (
	shorten  = newStretchTable(unit - 1)
	lengthen = newStretchTable(unit + 1)
)

// newStretchTable returns the interpolation weights of each of n samples made
// from a unit: a sinc under a Blackman window, normalised for gain 1.
func newStretchTable(n int) stretchTable {
	table := make(stretchTable, n)
	for i := range table {
		pos := float64(i*unit) / float64(n)
		frac := pos - math.Floor(pos)
		var w [stretchTaps]float64
		var sum float64
		for k := range w {
			x := float64(k-stretchBack) - frac
			w[k] = sinc(x) * blackman(x/(stretchTaps/2+0.5))
			sum += w[k]
		}
		for k := range w {
			table[i][k] = float32(w[k] / sum)
		}
	}
	return table
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// blackman is the window on -1..1.
func blackman(x float64) float64 {
	if x < -1 || x > 1 {
		return 0
	}
	return 0.42 + 0.5*math.Cos(math.Pi*x) + 0.08*math.Cos(2*math.Pi*x)
}

// resample makes len(table) samples from the unit in the middle of span.
func resample(dst []int16, table stretchTable, span *[stretchSpan]int16) {
	n := len(table)
	for i := range table {
		at := i * unit / n
		in := span[at : at+stretchTaps]
		var sum float32
		for k, w := range table[i] {
			sum += w * float32(in[k])
		}
		dst[i] = dsp.Saturate(int32(math.Round(float64(sum))))
	}
}

// crossfade makes one unit of two that follow each other: it begins like the
// first and ends like the second.
func crossfade(dst, first, second []int16) {
	for i := range dst {
		a, b := int32(first[i]), int32(second[i])
		dst[i] = int16((a*int32(unit-i) + b*int32(i)) / unit)
	}
}
