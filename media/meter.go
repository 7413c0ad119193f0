package media

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// meterBlocks is the time constant of a meter in blocks.
const meterBlocks = 32

// meter follows the power of a signal over some 300 ms.
type meter struct{ square float64 }

// add takes a block and returns its mean square.
func (m *meter) add(block []int16) (square float64) {
	var sum int64
	for _, s := range block {
		sum += int64(s) * int64(s)
	}
	square = float64(sum) / float64(len(block))
	m.square += (square - m.square) / meterBlocks
	return square
}

// bits is the mean square in a form that atomics carry.
func (m *meter) bits() uint64 { return math.Float64bits(m.square) }

// levelOf is the level of a mean square from bits.
func levelOf(bits uint64) dsp.DBm0 {
	return dsp.Level(math.Sqrt(math.Float64frombits(bits)))
}
