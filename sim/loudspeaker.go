package sim

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

const (
	ringLoud  = -40 // dBm0 of a loudspeaker that is noticed
	ringBlock = 80  // samples, 10 ms
	ringSure  = 5   // blocks that make it a ring
)

// loudness is what a person in the room hears of a loudspeaker, block by block.
type loudness struct {
	sum       float64
	count     int
	high      bool // side of the last crossing of zero
	crossings int
}

// listen finds ringing in one sample of a loudspeaker, in 16-bit units.
func (b *bell) listen(l *loudness, v float64, now int64) {
	l.sum += v * v
	if high := v > 0; high != l.high && v != 0 {
		l.high = high
		l.crossings++
	}
	if l.count++; l.count < ringBlock {
		return
	}
	level := dsp.Level(math.Sqrt(l.sum / ringBlock))
	hertz := float64(l.crossings) / 2 * dsp.SampleRate / ringBlock
	*l = loudness{high: l.high}
	if level > ringLoud {
		b.sounds(hertz, level, now)
	} else if b.bursting && now-b.loud > bellGap {
		b.end()
	}
	b.fade(now)
}

// sounds takes a loud block that ends now.
func (b *bell) sounds(hertz float64, level dsp.DBm0, now int64) {
	if now-b.loud > bellGap {
		b.first, b.run = now-ringBlock, 0
	}
	b.loud = now
	if b.run++; b.run < ringSure {
		return
	}
	if !b.bursting {
		b.start()
		b.level = level
	}
	b.level = max(b.level, level)
	if level < b.level-1 {
		return // the sound ends within this block
	}
	b.cycles++
	b.hertz += (hertz - b.hertz) / float64(b.cycles)
}
