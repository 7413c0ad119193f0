package alsa

import (
	"encoding/binary"

	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/hal/alsa/abi"
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
	Linear16: {{abi.FormatS16, "S16_LE", 2, true}},
	MuLaw:    {{abi.FormatMuLaw, "MU_LAW", 1, true}, {abi.FormatU8, "U8", 1, false}, {abi.FormatS8, "S8", 1, false}},
	ALaw:     {{abi.FormatALaw, "A_LAW", 1, true}, {abi.FormatU8, "U8", 1, false}, {abi.FormatS8, "S8", 1, false}},
}

var laws = [...]g711.Law{MuLaw: g711.MuLaw, ALaw: g711.ALaw}

// merge puts one block per channel into interleaved bytes.
func (c Coding) merge(dst []byte, blocks [][]int16) {
	step := len(blocks) * formats[c][0].bytes
	for i, block := range blocks {
		at := i * formats[c][0].bytes
		if c == Linear16 {
			mergeLinear(dst[at:], block, step)
		} else {
			mergeLaw(dst[at:], block, step, laws[c])
		}
	}
}

func mergeLinear(dst []byte, block []int16, step int) {
	at := 0
	for _, v := range block {
		binary.LittleEndian.PutUint16(dst[at:], uint16(v))
		at += step
	}
}

func mergeLaw(dst []byte, block []int16, step int, law g711.Law) {
	at := 0
	for _, v := range block {
		dst[at] = g711.EncodeSample(law, v)
		at += step
	}
}

// split is the reverse of merge.
func (c Coding) split(blocks [][]int16, src []byte) {
	step := len(blocks) * formats[c][0].bytes
	for i, block := range blocks {
		at := i * formats[c][0].bytes
		if c == Linear16 {
			splitLinear(block, src[at:], step)
		} else {
			splitLaw(block, src[at:], step, laws[c])
		}
	}
}

func splitLinear(block []int16, src []byte, step int) {
	at := 0
	for i := range block {
		block[i] = int16(binary.LittleEndian.Uint16(src[at:]))
		at += step
	}
}

func splitLaw(block []int16, src []byte, step int, law g711.Law) {
	at := 0
	for i := range block {
		block[i] = g711.DecodeSample(law, src[at])
		at += step
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
