package dtmf

import (
	"math/rand/v2"
	"testing"

	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

func BenchmarkProcess(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	noise := make([]int16, 8000)
	dsptest.AddNoise(noise, -20, rng)
	_, digits, _ := signal{keys: keys, on: 50, off: 50, level: -10}.make(rng)
	for _, in := range []struct {
		name string
		x    []int16
	}{{"silence", make([]int16, 8000)}, {"noise", noise}, {"digits", digits}} {
		b.Run(in.name, func(b *testing.B) {
			d := NewDetector(Opts{})
			at := 0
			for b.Loop() {
				if at+160 > len(in.x) {
					at = 0
				}
				d.Process(in.x[at : at+160])
				at += 160
			}
		})
	}
}

func BenchmarkGenerator(b *testing.B) {
	var g Generator
	g.Start('5', -10, 2)
	out := make([]int16, 160)
	for b.Loop() {
		g.Read(out)
	}
}
