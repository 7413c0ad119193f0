package faxtone

import "math"

// flags hears HDLC flags, 01111110, at 300 bit/s in channel 2 of ITU-T V.21: 1
// is 1650 Hz and 0 is 1850 Hz. A flag is a run of six marks; between two of them
// are two spaces, or one that they share.
//
//	hop ─ × 1750 Hz ─ 4 samples ─ 16 samples ─ turn in 12 samples ─ runs of its sign
type flags struct {
	at    int               // step of the mixer
	parts [ring]complex64   // sums of 4 samples
	sums  [ring]complex64   // sums of 16 samples
	head  int               // of both
	sum   complex64         // the latest of sums
	turns [smoothed]float32 // of the latest steps
	total [2]float32        // sum of turns: mark lowers it
	mark  bool              // the sign that lasts
	run   int               // steps that it lasts
	band  float32           // power in the band since the run began
	all   float32           // and in all
	count int               // flags in a row
	spell int               // steps of the last run of spaces
	told  bool
}

const (
	part      = 4 // samples in a step, 0.5 ms
	ring      = 8
	smoothed  = 4
	mixPeriod = 32 // samples in seven periods of 1750 Hz

	// Runs in steps. A bit has 6 2/3 of them; the discriminator's filter and noise
	// move an edge by two at most.
	shortestMark, longestMark   = 36, 44
	shortestSpace, longestSpace = 4, 17

	enoughFlags = 5
	bandShare   = 0.5 // of the power of flags is in the band: edges lie outside
)

var mixer = func() (m [mixPeriod]complex64) {
	for i := range m {
		sin, cos := math.Sincos(2 * math.Pi * 1750 * float64(i) / 8000)
		m[i] = complex(float32(cos), float32(-sin))
	}
	return m
}()

// listen takes a hop and the sum of its squares and reports true when it makes
// flags recognized.
func (f *flags) listen(x *[hop]float32, energy float32) (found bool) {
	if energy < floorPower*hop {
		*f = flags{}
		return false
	}
	for i := 0; i < hop; i += part {
		var re, im float32
		m := mixer[f.at : f.at+part]
		for k, w := range m {
			re += x[i+k] * real(w)
			im += x[i+k] * imag(w)
		}
		f.at = (f.at + part) % mixPeriod
		f.all += energy * part / hop
		found = f.step(complex(re, im)) || found
	}
	return found
}

// step takes a sum of 4 samples.
func (f *flags) step(z complex64) bool {
	f.sum += z - f.parts[(f.head+ring-4)%ring]
	f.parts[f.head] = z
	f.sums[f.head] = f.sum
	before := f.sums[(f.head+ring-3)%ring]
	f.head = (f.head + 1) % ring

	re, im := real(f.sum), imag(f.sum)
	f.band += re*re + im*im
	slot := f.head % smoothed
	f.total[0] -= f.turns[slot]
	f.turns[slot] = im*real(before) - re*imag(before)
	f.total[0] += f.turns[slot]
	f.run++
	if mark := f.total[0] < 0; mark != f.mark {
		defer f.turnOver(mark)
		return f.judge()
	}
	if f.run > longestMark {
		f.count, f.told = 0, false
	}
	return false
}

// judge looks at the run that ends.
func (f *flags) judge() bool {
	const scale = 2.0 / 16 / 16 * part // from a sum of 16 samples squared to energy of a step
	pure := f.band*scale >= bandShare*f.all
	switch {
	case !f.mark:
		f.spell = f.run
		if f.run > longestSpace || f.run < shortestSpace {
			f.count, f.told = 0, false
		}
		return false
	case !pure, f.run < shortestMark, f.run > longestMark:
		f.count, f.told = 0, false
		return false
	}
	f.count++
	if f.told || f.count < enoughFlags {
		return false
	}
	f.told = true
	return true
}

func (f *flags) turnOver(mark bool) {
	f.mark, f.run, f.band, f.all = mark, 0, 0, 0
}
