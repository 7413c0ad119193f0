package media

import "github.com/ata-agent/ata-agent/dsp"

// concealFade is the number of units after which made-up voice is silent.
const concealFade = 6

// concealer makes up units that did not come: the last one again, fainter each
// time. A pitch-based one takes its place.
type concealer struct {
	last [dsp.Frame]int16
	lost int
}

// Good takes a unit that came.
func (c *concealer) Good(frame []int16) {
	copy(c.last[:], frame)
	c.lost = 0
}

// Lost fills a unit that did not.
func (c *concealer) Lost(frame []int16) {
	c.lost = min(c.lost+1, concealFade)
	for i := range frame {
		frame[i] = int16(int(c.last[i%dsp.Frame]) * (concealFade - c.lost) / concealFade)
	}
}
