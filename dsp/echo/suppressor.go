package echo

import "math"

// scene is what one block sounds like, as energies.
type scene struct {
	far   float32 // the loudest that can still echo
	near  float32 // as it came
	echo  float32 // the part that was recognized as echo
	model float32 // residual echo that the filter expects of itself
	rest  float32 // what is left
	noise float32 // a block of background noise
	clips bool    // the near end reaches full scale, so the echo is not linear
	bound float32 // that residual echo is taken to stay below
}

// suppressor is the non-linear processor: it decides from block to block whether
// what is left is residual echo alone.
//
// The bound of residual echo is a part of the echo just cancelled, learnt while
// the near end is silent; until a path is known, it is a part of the far signal.
type suppressor struct {
	leak     float32 // residual echo over cancelled echo
	loss     float32 // echo over far signal
	echo     float32 // energy that the cancelled echo decays from
	spell    scene   // sums
	blocks   int     // of the spell
	ignorant int     // blocks with echo before the leak was known
	hold     int     // blocks that the near end is still taken to talk
	gain     float32 // at the end of the last block
}

const (
	margin      = 4 // of the bound, below which all is residual echo
	spellBlocks = 40
	creep       = 1.1   // rise of the leak in a spell, 1 dB a second
	lift        = 8     // of the bound for sounds that the filter knows less of
	clipLift    = 100   // of the bound for an echo that clips
	patience    = 100   // blocks
	favour      = 0.005 // of the bound
	holdBlocks  = 5     // after the last speech
	fadeLength  = 16    // samples
	echoDecay   = 0.6   // of the energy of an echo in a block: the end of a model is never quite silent
	masked      = 0.25
	anyLoss     = 0.5 // of a path not known
	anyLeak     = 1
	known       = 0.1 // leak of a path that is
)

// residual is the energy of what a quantized echo leaves in a quiet block, -66 dBm0.
const residual = block * 64

func (s *suppressor) reset() { *s = suppressor{leak: anyLeak, loss: anyLoss, gain: 1} }

// nearTalks says whether speech was found lately.
func (s *suppressor) nearTalks() bool { return s.hold > 0 }

// judge returns the gain for the block.
func (s *suppressor) judge(b *scene) float32 {
	if b.far < silence {
		s.hold = 0
		return 1
	}
	s.echo = max(b.echo, echoDecay*s.echo)
	bound := s.bound(b)
	b.bound = bound
	s.learn(b)
	if s.hold > 0 {
		s.hold--
	}
	switch {
	case b.rest > 2*margin*(bound+b.noise):
		s.hold = holdBlocks
		return 1
	case s.hold > 0, bound < masked*b.noise:
		return 1
	case b.rest <= margin*bound:
		return 0
	}
	return float32(math.Sqrt(float64(1 - margin*bound/b.rest)))
}

// bound is the energy that residual echo is taken to stay below. When both ends
// have talked from the start the leak is not known; then all that looks like echo
// is suppressed for a short time, and after that the near end is favoured.
func (s *suppressor) bound(b *scene) float32 {
	bound := s.loss * b.far
	if s.leak < known {
		leaked := s.leak * s.echo
		if b.clips {
			return min(bound, clipLift*leaked) + residual
		}
		return min(bound, max(leaked, min(b.model, lift*leaked))) + residual
	}
	if b.far > float32(loud) {
		s.ignorant++
	}
	if s.ignorant > patience {
		bound *= favour
	}
	return bound + residual
}

// learn follows leak and loss over spells in which there is echo. Near speech
// can only raise what is left of a spell, so the leak falls to that of the best
// spells at once and rises slowly.
func (s *suppressor) learn(b *scene) {
	if b.echo < float32(loud) && s.leak < known || b.far < float32(loud) {
		return
	}
	s.spell.far += b.far
	s.spell.near += b.near
	s.spell.echo += b.echo
	s.spell.rest += max(b.rest-b.noise, b.rest/4)
	if s.blocks++; s.blocks < spellBlocks {
		return
	}
	s.leak = min(creep*s.leak, s.spell.rest/(s.spell.echo+1), anyLeak)
	s.loss = min(s.loss, s.spell.near/s.spell.far)
	s.spell, s.blocks = scene{}, 0
}

// apply goes to gain at the head of the block and returns the gain before.
func (s *suppressor) apply(d *[block]float32, gain float32) (before float32) {
	before = s.gain
	s.gain = gain
	if before == 1 && gain == 1 {
		return before
	}
	for i := range d {
		d[i] *= ramp(before, gain, i)
	}
	return before
}

// ramp is the gain of sample i on the way from one gain to another.
func ramp(from, to float32, i int) float32 {
	if i >= fadeLength {
		return to
	}
	return from + (to-from)*float32(i)/fadeLength
}

// complement returns the gain of noise that keeps the power of noise passed with
// gain.
func complement(gain float32) float32 { return float32(math.Sqrt(float64(1 - gain*gain))) }
