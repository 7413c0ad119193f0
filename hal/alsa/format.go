package alsa

import (
	"encoding/binary"

	"github.com/ata-agent/ata-agent/dsp/g711"
)

// Coding is the form of the samples on the highway.
type Coding uint8

// Forms of samples. Companded ones are for SoCs and chips that have slots of
// eight bits.
const (
	Linear16 Coding = iota
	MuLaw           // G.711 µ-law
	ALaw            // G.711 A-law
)

// format is how a coding travels through the sound device.
type format struct {
	number int
	name   string
	bytes  int  // per sample
	silent bool // the kernel knows what silence is
}

// formats are those that may carry a coding, best first. A device that knows
// eight plain bits only passes companded samples through unchanged, but would
// take 0 or 0x80 for silence.
var formats = [...][]format{
	Linear16: {{formatS16, "S16_LE", 2, true}},
	MuLaw:    {{formatMuLaw, "MU_LAW", 1, true}, {formatU8, "U8", 1, false}, {formatS8, "S8", 1, false}},
	ALaw:     {{formatALaw, "A_LAW", 1, true}, {formatU8, "U8", 1, false}, {formatS8, "S8", 1, false}},
}

var laws = [...]g711.Law{MuLaw: g711.MuLaw, ALaw: g711.ALaw}

// merge puts one block per channel into interleaved bytes.
func (c Coding) merge(dst []byte, blocks [][]int16) {
	for i, block := range blocks {
		for j, v := range block {
			at := j*len(blocks) + i
			if c == Linear16 {
				binary.LittleEndian.PutUint16(dst[2*at:], uint16(v))
			} else {
				dst[at] = g711.EncodeSample(laws[c], v)
			}
		}
	}
}

// split is the reverse of merge.
func (c Coding) split(blocks [][]int16, src []byte) {
	for i, block := range blocks {
		for j := range block {
			at := j*len(blocks) + i
			if c == Linear16 {
				block[j] = int16(binary.LittleEndian.Uint16(src[2*at:]))
			} else {
				block[j] = g711.DecodeSample(laws[c], src[at])
			}
		}
	}
}

// silence fills b.
func (c Coding) silence(b []byte) {
	quiet := byte(0)
	if c != Linear16 {
		quiet = g711.EncodeSample(laws[c], 0)
	}
	for i := range b {
		b[i] = quiet
	}
}
