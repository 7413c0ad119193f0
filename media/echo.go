package media

import (
	"math"
	"sync/atomic"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/echo"
	"github.com/ata-agent/ata-agent/dsp/faxtone"
	"github.com/ata-agent/ata-agent/dsp/pcm"
)

// farRing holds what the telephone heard lately, 512 ms, a power of two.
const farRing = 4096

// maxEchoDelay bounds Voice.DelayEcho: with a Frame of 20 ms it fits into
// farRing.
const maxEchoDelay = farRing - 4*dsp.Frame

// lookBlocks is how many blocks of 10 ms pass between two looks at the figures.
const lookBlocks = 25

// trustedERLE is the enhancement in dB from which the figures of the echo path are
// believed. Less is what two people who talk at once look like.
const trustedERLE = 15

// canceller takes the echo of what the telephone heard out of what it says. The
// line stays the same from call to call, so what was learnt stays too.
type canceller struct {
	echo     *echo.Canceller
	off      bool
	delay    int // samples, see Voice.DelayEcho
	heard    [farRing]int16
	at       int // where the next sample of heard goes
	far      [dsp.Frame]int16
	highPass pcm.HighPass // what the near end has passed, so that both have
	cleaned  bool         // the near end has passed it
	data     bool         // see carry
	raw      bool         // data pass without high pass and gains
	aside    bool         // data are carried by modems that cancel echo themselves
	count    int          // blocks since the figures were taken

	loss   atomic.Uint64 // float64 bits of the echo return loss with cancellation, in dB; 0 = not known
	figure sharedEcho
}

func newCanceller(delay int) *canceller {
	return &canceller{delay: max(0, min(delay, maxEchoDelay))}
}

// treat takes over a treatment.
func (c *canceller) treat(t *treatment) {
	c.off, c.cleaned = t.NoEchoCanceller, !t.NoHighPass
	c.echo = t.echo
	c.echo.SetNLP(!c.data)
}

// carry has data pass as the tone they began with needs it, 0 for none; heard again
// within the same data, a tone can only free them of more. What was learnt of the
// line is kept. It is of the audio goroutine.
//
// Faxes take turns: their echo is cancelled, but nothing is taken for echo that the
// model of the line does not explain. Modems that talk both at once cancel echo
// themselves; what they say passes unchanged (ITU-T G.168 §7, V.152). Who types takes
// turns as well, and talks in between.
func (c *canceller) carry(tone faxtone.Kind) {
	c.aside = c.data && c.aside || !taking(tone)
	c.raw = c.data && c.raw || !tone.Text()
	c.data = true
	c.echo.SetNLP(false)
}

// carryVoice ends data.
func (c *canceller) carryVoice() {
	c.data, c.raw, c.aside = false, false, false
	c.echo.SetNLP(true)
}

// taking says whether those who begin with a tone take turns.
func taking(tone faxtone.Kind) bool {
	switch tone {
	case faxtone.Calling, faxtone.Answer, faxtone.Modulated, faxtone.Preamble:
		return true
	}
	return tone.Text()
}

// remember keeps what the telephone is about to hear.
func (c *canceller) remember(toPhone []int16) {
	n := copy(c.heard[c.at:], toPhone)
	copy(c.heard[:], toPhone[n:])
	c.at = (c.at + len(toPhone)) % farRing
}

// cancel takes the echo out of a block. behind is how many samples before the end
// of what was remembered the telephone heard the first of its samples.
func (c *canceller) cancel(block []int16, behind int) {
	if c.off || c.aside {
		return
	}
	from := (c.at - behind - c.delay + 2*farRing) % farRing
	n := copy(c.far[:], c.heard[from:])
	copy(c.far[n:], c.heard[:])
	if c.cleaned && !c.raw {
		c.highPass.Process(c.far[:])
	}
	c.echo.Process(c.far[:], block, block)
	if c.count++; c.count >= lookBlocks {
		c.count = 0
		c.look()
	}
}

// look takes the figures.
func (c *canceller) look() {
	loss := 0.0
	m := c.echo.Meters()
	if m.Converged && m.ERLE >= trustedERLE {
		loss = max(0, m.ERL+m.ERLE)
	}
	c.loss.Store(math.Float64bits(loss))
	c.figure.store(Echo{Loss: m.ERL, Enhancement: m.ERLE, Known: m.Converged})
}

// Echo is how well the echo of a line is cancelled. Before the far end has talked
// all is 0.
type Echo struct {
	Loss        float64 // echo return loss of the line in dB (ERL)
	Enhancement float64 // by how many dB the filter weakens the echo, the suppressor left out (ERLE)
	Known       bool    // the echo path is known
}

// Echo returns how the echo canceller fares; its figures are renewed four times a
// second while somebody is connected.
func (v *Voice) Echo() Echo { return v.canceller.figure.load() }

// sharedEcho is an Echo for other goroutines. Its parts may be of two looks.
type sharedEcho struct {
	loss, enhancement atomic.Uint64
	known             atomic.Bool
}

func (s *sharedEcho) store(e Echo) {
	s.loss.Store(math.Float64bits(e.Loss))
	s.enhancement.Store(math.Float64bits(e.Enhancement))
	s.known.Store(e.Known)
}

func (s *sharedEcho) load() Echo {
	return Echo{math.Float64frombits(s.loss.Load()), math.Float64frombits(s.enhancement.Load()), s.known.Load()}
}
