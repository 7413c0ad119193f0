package dtmf

import (
	"math"
	"math/rand/v2"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
)

// signal describes what a telephone sends: bursts of digits and what disturbs
// them. Milliseconds and decibels.
type signal struct {
	keys      string // one after the other; random when empty
	on, off   float64
	low, high float64   // frequency offsets, 0.015 = 1.5 %
	level     dsp.DBm0  // of the stronger tone; 0 stands for itself
	twist     float64   // low group over high group
	noise     float64   // dB the pair is above the noise; 0 = none
	gap       float64   // ms missing in the middle of each burst
	dial      []float64 // frequencies of dial tone
	dialLevel dsp.DBm0  // of each
	law       g711.Law
}

const (
	lead     = 60.0  // ms before the first digit
	dialLead = 240.0 // ms more that dial tone needs to be known as such
)

// make renders the signal through its companding law with random phases and
// alignment. Edges are the true begin and end of each burst in samples.
func (s signal) make(rng *rand.Rand) (keyed string, x []int16, edges [][2]float64) {
	keyed = s.keys
	if keyed == "" {
		keyed = string(keys[rng.IntN(len(keys))])
	}
	pause := s.off
	start := lead*8 + rng.Float64()*160
	if s.dial != nil {
		start += dialLead * 8
	}
	total := start + float64(len(keyed))*(s.on+pause)*8 + 800
	sum := make([]float64, int(total))
	for _, key := range []byte(keyed) {
		s.burst(sum, key, start, rng)
		edges = append(edges, [2]float64{start, start + s.on*8})
		start += (s.on + pause) * 8
	}
	for _, hz := range s.dial {
		addSine(sum, 0, float64(len(sum)), hz, s.dialLevel.Amplitude(), rng.Float64())
	}
	x = make([]int16, len(sum))
	for i, v := range sum {
		x[i] = dsp.Saturate(int32(math.Round(v)))
	}
	if s.noise != 0 {
		dsptest.AddNoise(x, s.pair()-dsp.DBm0(s.noise), rng)
	}
	codes := make([]byte, len(x))
	g711.Encode(s.law, codes, x)
	g711.Decode(s.law, x, codes)
	return keyed, x, edges
}

// levels returns the levels of both tones, pair that of their sum.
func (s signal) levels() (low, high dsp.DBm0) {
	return s.level + dsp.DBm0(min(0, s.twist)), s.level - dsp.DBm0(max(0, s.twist))
}

func (s signal) pair() dsp.DBm0 {
	l, h := s.levels()
	return dsp.Level(math.Hypot(l.RMS(), h.RMS()))
}

func (s signal) burst(sum []float64, key byte, start float64, rng *rand.Rand) {
	low, high, _ := Frequencies(key)
	l, h := s.levels()
	end, middle := start+s.on*8, start+s.on*4
	p, q := rng.Float64(), rng.Float64()
	for _, part := range [][2]float64{{start, middle - s.gap*4}, {middle + s.gap*4, end}} {
		addSine(sum, part[0], part[1], low*(1+s.low), l.Amplitude(), p)
		addSine(sum, part[0], part[1], high*(1+s.high), h.Amplitude(), q)
	}
}

func addSine(sum []float64, from, to, hz, peak, phase float64) {
	for i := int(math.Ceil(from)); i < int(math.Ceil(to)); i++ {
		sum[i] += peak * math.Sin(2*math.Pi*(hz/dsp.SampleRate*float64(i)+phase))
	}
}

// heard is what a detector made of a signal.
type heard struct {
	keys   string
	events []Event
	at     []int // samples processed when each event came
}

// listen feeds x in blocks of n samples.
func listen(d *Detector, x []int16, n int) (h heard) {
	for at := 0; at < len(x); at += n {
		d.Process(x[at:min(at+n, len(x))])
		for e, ok := d.Next(); ok; e, ok = d.Next() {
			if e.Down {
				h.keys += string(e.Key)
			}
			h.events = append(h.events, e)
			h.at = append(h.at, min(at+n, len(x)))
		}
	}
	return h
}

// score is the part of n trials in which a fresh detector hears exactly what
// was keyed.
func (s signal) score(n int, seed uint64) float64 {
	rng := rand.New(rand.NewPCG(seed, 7))
	right := 0
	for i := range n {
		s.law = g711.Law(i % 2)
		keyed, x, _ := s.make(rng)
		if listen(NewDetector(Opts{}), x, 80).keys == keyed {
			right++
		}
	}
	return float64(right) / float64(n)
}
