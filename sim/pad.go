package sim

import (
	"math"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// Frequencies of ITU-T Q.23.
var (
	lowGroup  = [4]float64{697, 770, 852, 941}
	highGroup = [4]float64{1209, 1336, 1477, 1633}
)

// padKeys is the keypad row by row; ',' is a pause of one second.
const padKeys = "123A456B789C*0#D"

const (
	padPause    = time.Second
	padPatience = time.Second // with a telephone that does not notice a key
)

// keyStyle is how a key is pressed.
type keyStyle struct {
	on, off time.Duration
	level   dsp.DBm0 // of the low group
	twist   float64  // high minus low group, dB
}

// pad makes DTMF in the place of the microphone.
type pad struct {
	keys      string
	style     keyStyle
	until     int64 // end of the running key or pause
	sounding  bool
	key       byte // that is down while sounding
	waits     bool // the telephone has not noticed the key yet
	low, high oscillator
}

// press starts a sequence of keys at sample now.
func (p *pad) press(keys string, style keyStyle, now int64) {
	p.keys, p.style, p.until, p.sounding = keys, style, now, false
}

func (p *pad) stop() { p.keys, p.sounding, p.until = "", false, 0 }

func (p *pad) busy(now int64) bool { return p.sounding || p.keys != "" || now < p.until }

// step returns the pad's voltage at sample now and whether the pad has taken
// the place of the microphone.
func (p *pad) step(now int64) (volts float64, on bool) {
	if now >= p.until && (!p.waits || now >= p.until+samples(padPatience)) {
		p.next(now)
	}
	if !p.sounding {
		return 0, p.busy(now)
	}
	return p.low.step() + p.high.step(), true
}

func (p *pad) next(now int64) {
	switch {
	case p.sounding:
		p.sounding = false
		p.until = now + samples(p.style.off)
	case p.keys != "":
		key := p.keys[0]
		p.keys = p.keys[1:]
		p.strike(key, now)
	}
}

func (p *pad) strike(key byte, now int64) {
	if key == ',' {
		p.until = now + samples(padPause)
		return
	}
	p.sounding, p.key = true, key
	p.until = now + samples(p.style.on)
	i := strings.IndexByte(padKeys, key)
	if i < 0 {
		return // a key without tones
	}
	p.low.set(lowGroup[i/4], p.style.level)
	p.high.set(highGroup[i%4], p.style.level+dsp.DBm0(p.style.twist))
}

// oscillator is a sine generator in volts on a matched pair.
type oscillator struct{ phase, turns, peak float64 }

func (o *oscillator) set(hertz float64, level dsp.DBm0) {
	o.phase, o.turns = 0, hertz/dsp.SampleRate
	o.peak = level.Amplitude() * twowire.VoltsPerUnit
}

func (o *oscillator) step() float64 {
	v := o.peak * math.Sin(2*math.Pi*o.phase)
	o.phase += o.turns
	if o.phase >= 1 {
		o.phase--
	}
	return v
}
