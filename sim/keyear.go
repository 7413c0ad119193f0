package sim

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

const (
	keyBlock  = 120 // samples, 15 ms
	keyQuiet  = -36 // dBm0 below which there is no key
	keyShare  = 0.7 // of the power that the two frequencies of a key have
	keyBlocks = 2   // blocks in a row that make a key
)

// keyEar finds keys in what is played to a telephone on hook. It looks at whole
// blocks, one frequency at a time.
type keyEar struct {
	block [keyBlock]float64
	n     int
	last  byte
	run   int
}

// hear takes one sample and returns the key that has just been recognised, 0
// for none.
func (e *keyEar) hear(v float64) byte {
	e.block[e.n] = v
	if e.n++; e.n < keyBlock {
		return 0
	}
	e.n = 0
	key := e.look()
	if key != e.last {
		e.last, e.run = key, 0
	}
	e.run++
	if e.run == keyBlocks {
		return key
	}
	return 0
}

// look returns the key that the block is full of.
func (e *keyEar) look() byte {
	total := 0.0
	for _, v := range e.block {
		total += v * v / keyBlock
	}
	if dsp.Level(math.Sqrt(total)) < keyQuiet {
		return 0
	}
	low, lowPower := e.strongest(lowGroup[:])
	high, highPower := e.strongest(highGroup[:])
	if lowPower+highPower < keyShare*total || max(lowPower, highPower) > 16*min(lowPower, highPower) {
		return 0
	}
	return padKeys[4*low+high]
}

func (e *keyEar) strongest(group []float64) (best int, power float64) {
	for i, hz := range group {
		if p := powerAt(e.block[:], hz); p > power {
			best, power = i, p
		}
	}
	return best, power
}

// powerAt is the mean square of the part of x at one frequency.
func powerAt(x []float64, hertz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hertz/dsp.SampleRate)
	a, b := 0.0, 0.0
	for _, v := range x {
		a, b = v+c*a-b, a
	}
	n := float64(len(x))
	return 2 * (a*a + b*b - c*a*b) / (n * n)
}
