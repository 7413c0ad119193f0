package echo

import (
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
	"math"
	"testing"
)

func TestZ(t *testing.T) {
	for i, v := range dsptest.Voices[:4] {
		far := dsptest.Speech(t, v, 20, -16, uint64(i))
		near := dsptest.Speech(t, dsptest.Voices[(i+3)%8], 20, -22, uint64(i)+100)
		n := samples(20)
		far, near = far[:n], near[:n]
		for k := range near {
			switch k / 40000 % 3 {
			case 0:
				near[k] = 0
			case 2:
				far[k] = 0
			}
		}
		l := newLine(t, []string{"m1", "m4", "m5", "m7"}[i%4], 8, "PCMA", Opts{})
		for k := 0; k < n; k += 4000 {
			_, o := l.talk(far[k:k+4000], near[k:k+4000])
			c := l.Canceller
			p := g168.Peak(o)
			if at := k / 40000; at%3 == 0 && p > -60 {
				t.Logf("%d %.1f peak %.1f fg %.1f leak %.1f loss %.1f noise %.1f ign %d", i, float64(k)/8000, p, 10*math.Log10(c.contest.near/c.contest.rest), 10*math.Log10(float64(c.suppressor.leak)), 10*math.Log10(float64(c.suppressor.loss)), 10*math.Log10(float64(c.noise.level()/80/32768/32768))+6, c.suppressor.ignorant)
			}
		}
	}
}
