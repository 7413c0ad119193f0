package vad

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

const (
	steepest   = 0.98 // reflection coefficient that is taken: beyond is a tone, or unstable
	most       = 12   // coefficients that are heard
	loudest    = -30  // dBov: a far end does not get to make more noise than this
	glide      = 0.2  // part of the way to a new description that a block goes
	uniformRMS = 1 / 1.7320508
)

// Noise makes the sound that a payload describes. Its zero value is silent; it
// belongs to one goroutine and allocates nothing.
type Noise struct {
	gain, wanted float32
	k, target    [most]float32
	order        int
	state        [most + 1]float32
	seed         uint32
	described    bool
}

// Describe takes a payload (RFC 3389 §3). The sound goes over to it in some 100
// ms, unless it is the first. It reports false for a payload that says nothing.
func (n *Noise) Describe(payload []byte) bool {
	if len(payload) == 0 {
		return false
	}
	level := max(-float64(payload[0]&0x7F), -quietest)
	coefficients := payload[1:min(len(payload), 1+most)]
	n.target = [most]float32{}
	rest := 1.0
	for i, q := range coefficients {
		k := max(-steepest, min(steepest, (float64(q)-127)*step))
		n.target[i] = float32(k)
		rest *= 1 - k*k
	}
	n.order = max(n.order, len(coefficients))
	n.wanted = float32(overload * math.Pow(10, min(level, loudest)/20) * math.Sqrt(rest) / uniformRMS)
	if !n.described {
		n.described = true
		n.gain, n.k = n.wanted, n.target
	}
	return true
}

// Read fills out with the noise.
func (n *Noise) Read(out []int16) {
	for len(out) > 0 {
		part := out[:min(len(out), block)]
		n.approach()
		for i := range part {
			part[i] = dsp.Saturate(int32(math.Round(float64(n.next()))))
		}
		out = out[len(part):]
	}
}

// approach goes some of the way to what was described last.
func (n *Noise) approach() {
	n.gain += glide * (n.wanted - n.gain)
	for i := range n.k[:n.order] {
		n.k[i] += glide * (n.target[i] - n.k[i])
	}
}

// next runs white noise through the lattice of the reflection coefficients.
func (n *Noise) next() float32 {
	n.seed = n.seed*1664525 + 1013904223
	forward := n.gain * (float32(int32(n.seed)) / (1 << 31))
	for i := n.order - 1; i >= 0; i-- {
		forward -= n.k[i] * n.state[i]
		n.state[i+1] = n.state[i] + n.k[i]*forward
	}
	n.state[0] = forward
	return forward
}
