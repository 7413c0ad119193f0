package echo

import (
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
	"math"
	"testing"
)

func lv(e float32) dsp.DBm0 { return dsp.Level(math.Sqrt(float64(e) / 80)) }
func TestZ(t *testing.T) {
	for _, m := range g168.Names() {
		for _, far := range []dsp.DBm0{-25, -20, -10, -6, 0} {
			l := newLine(t, m, 6, "PCMA", Opts{})
			l.talk(css(2, far, 31), nil)
			for i, level := range []dsp.DBm0{-45, -55, -45} {
				l.talk(quietness(3), room(3, level, uint64(i)))
				nl := lv(l.noise.level())
				_, out := l.talk(css(3, far, uint64(i)), room(3, level, uint64(i)+10))
				got := g168.Level(part(out, 1, 3))
				want := g168.Level(room(3, level, uint64(i)+10))
				if math.Abs(float64(got-want)) > 1 {
					t.Logf("%s far %v level %v (%d): out %.1f want %.1f noise known %.1f after %.1f leak %.1f %+v", m, far, level, i, got, want, nl, lv(l.noise.level()), 10*math.Log10(float64(l.suppressor.leak)), l.Meters())
				}
			}
		}
	}
}
