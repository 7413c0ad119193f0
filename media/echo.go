package media

import (
	"math"
	"sync/atomic"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/echo"
)

// farRing holds what the telephone heard lately, 512 ms, a power of two.
const farRing = 4096

// maxEchoDelay bounds Voice.DelayEcho: with a Frame of 20 ms it fits into
// farRing.
const maxEchoDelay = farRing - 4*dsp.Frame

// lookBlocks is how many blocks of 10 ms pass between two looks at the figures.
const lookBlocks = 25

// trustedERLE is the enhancement in dB from which the model of the echo path is
// believed. Less is what two people who talk at once look like.
const trustedERLE = 15

// canceller takes the echo of what the telephone heard out of what it says. The
// line stays the same from call to call, so what was learnt stays too. Until it
// knows the line nothing is changed, and then it subtracts the echo and suppresses
// nothing: a suppressor would clip who talks first.
type canceller struct {
	echo  *echo.Canceller // nil = none
	delay int             // samples, see Voice.DelayEcho
	heard [farRing]int16
	at    int // where the next sample of heard goes
	far   [dsp.Frame]int16
	near  [dsp.Frame]int16
	off   atomic.Bool
	vbd   bool // see setVBD
	count int  // blocks since the figures were taken

	trusted bool          // the echo path is known: what comes out is better than what went in
	loss    atomic.Uint64 // float64 bits of the echo return loss with cancellation, in dB; 0 = not known
}

func newCanceller(opts VoiceOpts) *canceller {
	c := &canceller{delay: max(0, min(opts.EchoDelay, maxEchoDelay))}
	if !opts.NoEchoCanceller {
		c.echo = echo.New(echo.Opts{Tail: opts.EchoTail, NoNLP: true})
	}
	return c
}

// setVBD has what the telephone says pass unchanged, as voice-band data needs it
// (ITU-T V.152): modems cancel their own echo and must not be suppressed. What was
// learnt of the line is kept. It is of the audio goroutine.
func (c *canceller) setVBD(on bool) { c.vbd = on }

// remember keeps what the telephone is about to hear.
func (c *canceller) remember(toPhone []int16) {
	for _, s := range toPhone {
		c.heard[c.at] = s
		c.at = (c.at + 1) % farRing
	}
}

// cancel returns the block without its echo. behind is how many samples before
// the end of what was remembered the telephone heard the first of its samples.
// The result is good until the next call.
func (c *canceller) cancel(block []int16, behind int) []int16 {
	if c.echo == nil || c.vbd || c.off.Load() {
		return block
	}
	from := (c.at - behind - c.delay + 2*farRing) % farRing
	for i := range c.far {
		c.far[i] = c.heard[(from+i)%farRing]
	}
	c.echo.Process(c.far[:], block, c.near[:])
	if c.count++; c.count >= lookBlocks {
		c.count = 0
		m := c.echo.Meters()
		loss := 0.0
		if c.trusted = m.Converged && m.ERLE >= trustedERLE; c.trusted {
			loss = max(0, m.ERL+m.ERLE)
		}
		c.loss.Store(math.Float64bits(loss))
	}
	if !c.trusted {
		return block
	}
	return c.near[:]
}
