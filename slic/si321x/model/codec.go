package model

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// coding is how samples travel in a slot.
type coding uint8

const (
	aLaw coding = iota
	muLaw
	reserved
	linear
)

// codec is the audio path. From the pair to the highway it takes one frame.
type codec struct {
	enabled        bool
	coding         coding
	bits           int
	rxStart        int // bits from the start of the bytes
	txStart        int
	toLine         float64 // volts per unit
	fromLine       float64 // units per volt
	digital        bool    // digital loopback
	analog         bool    // analog loopback
	received       int16   // last sample from the highway
	voice          float64 // from the pair, volts
	rxMute, txMute bool
}

// attenuation is the analog gain that ATX and ARX select, DR9.
var attenuation = [4]float64{1, 0.668343918, 1.496235656, 0}

func (k *codec) derive(c *Chip) {
	pcm, gain := c.dr[drPCM], c.dr[drAudioGain]
	k.enabled = pcm&pcmEnable != 0
	k.coding = coding(pcm >> 3 & 3)
	k.bits = 8
	if k.coding == linear || pcm&pcm16 != 0 {
		k.bits = 16
	}
	k.txStart = c.word(drTxStart)&0x3FF - c.opts.FrameDelay
	k.rxStart = c.word(drRxStart)&0x3FF - c.opts.FrameDelay
	k.toLine = digitalGain(c.ir[c.irMap.dacg]) * attenuation[gain&3] * twowire.VoltsPerUnit
	k.fromLine = digitalGain(c.ir[c.irMap.adcg]) * attenuation[gain>>2&3] / twowire.VoltsPerUnit
	k.rxMute, k.txMute = gain&0x10 != 0, gain&0x20 != 0
	k.digital = c.dr[drLoopback]&loopDigit != 0
	k.analog = c.dr[drLoopback]&loopAnalog != 0
}

// digitalGain is the factor of DACG and ADCG: 0x4000 is one.
func digitalGain(v uint16) float64 { return float64(int16(v)) / 0x4000 }

// audible says that the audio path has power: always in on-hook transmission,
// with a closed loop in the active states.
func (c *Chip) audible() bool {
	switch c.lfs {
	case lfOnHook, lfOnHookR:
		return true
	case lfForward, lfReverse:
		return c.loop.debounce.state
	}
	return false
}

// receive takes the sample from the highway and returns the volts it makes.
func (c *Chip) receive(dr []byte) float64 {
	k := &c.codec
	k.received = 0
	if k.enabled {
		k.received = k.expand(slot(dr, k.rxStart, k.bits))
	}
	v := float64(k.received) + c.toneUnits(0x02)
	if k.rxMute || !c.audible() {
		return 0
	}
	return v * k.toLine
}

// transmit puts the sample of the frame before on the highway.
func (c *Chip) transmit(dx []byte) {
	k := &c.codec
	if !k.enabled {
		return
	}
	setSlot(dx, k.txStart, k.bits, k.compress(c.outgoing()))
}

func (c *Chip) outgoing() int16 {
	k := &c.codec
	switch {
	case k.digital:
		return k.received
	case k.txMute || !c.audible():
		return 0
	case k.analog:
		return round16(float64(k.received) * k.toLine * k.fromLine)
	}
	return round16(k.voice*k.fromLine + c.toneUnits(0x01))
}

func round16(v float64) int16 {
	return dsp.Saturate(int32(math.Round(max(-1e6, min(1e6, v)))))
}

func (k *codec) expand(v uint16) int16 {
	switch k.coding {
	case aLaw:
		return expandA(byte(v))
	case muLaw:
		return expandMu(byte(v))
	}
	return int16(v)
}

func (k *codec) compress(v int16) uint16 {
	switch k.coding {
	case aLaw:
		return uint16(compressA(v))
	case muLaw:
		return uint16(compressMu(v))
	}
	return uint16(v)
}

// slot reads n bits that begin start bits into the frame, first bit on top. A
// slot that does not lie within the frame reads zero.
func slot(frame []byte, start, n int) uint16 {
	if start < 0 || start+n > 8*len(frame) {
		return 0
	}
	if start&7 == 0 {
		i := start >> 3
		if n == 8 {
			return uint16(frame[i])
		}
		return uint16(frame[i])<<8 | uint16(frame[i+1])
	}
	var v uint16
	for i := start; i < start+n; i++ {
		v = v<<1 | uint16(frame[i>>3]>>(7-i&7)&1)
	}
	return v
}

// setSlot writes n bits likewise and leaves all others alone.
func setSlot(frame []byte, start, n int, v uint16) {
	if start < 0 || start+n > 8*len(frame) {
		return
	}
	if start&7 == 0 {
		i := start >> 3
		if n == 16 {
			frame[i] = byte(v >> 8)
			i++
		}
		frame[i] = byte(v)
		return
	}
	for i := start + n - 1; i >= start; i-- {
		mask := byte(0x80) >> (i & 7)
		frame[i>>3] &^= mask
		if v&1 != 0 {
			frame[i>>3] |= mask
		}
		v >>= 1
	}
}
