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

	// strange is the part of what is left that no error of the model explains, 0 to 1.
	strange float32
}

// suppressor is the non-linear processor: it decides from block to block whether
// what is left is residual echo alone.
//
// The bound of residual echo is a part of the echo just cancelled: that which was
// left in the best spell lately. Speech has gaps within each tenth of a second, so
// the near end hides it for no longer. Until such a spell came the bound is what a
// filter leaves that has learnt for as long, which sinks fast: who talks at the
// same time keeps it from learning, and is rather heard with some echo than lost.
// Until it has sunk the spectrum tells too, see surprised; and what errors of the model
// explain at all frequencies is never taken for the beginning of speech.
type suppressor struct {
	leak   float32 // residual echo over cancelled echo
	limit  float32 // of the leak
	loss   float32 // echo over far signal
	echo   float32 // energy that the cancelled echo decays from
	spell  scene   // sums
	blocks int     // of the spell
	heard  int     // blocks of a loud far end, up to headStart
	hold   int     // blocks that the near end is still taken to talk
	gain   float32 // at the end of the last block
}

const (
	margin      = 4 // of the bound, below which all is residual echo
	spellBlocks = 6
	aboveBest   = 2     // times the best spell
	creep       = 1.003 // rise of the leak in a block, 1.3 dB a second
	learning    = 0.933 // fall of the limit in a block, 30 dB a second
	least       = 0.005 // limit
	headStart   = 4     // blocks without an echo to compare with
	softly      = 0.3   // gain in them, of what is taken for echo
	firstLoss   = 0.03  // echo over far signal, that is taken to be residual echo in them
	firstLift   = 1.3   // of the bound for sounds that the filter knows less of, while the limit sinks
	lift        = 2     // afterwards
	clipLift    = 100   // of the bound for an echo that clips
	firstHold   = 5     // blocks, after a sound of the near end
	talkHold    = 25    // after another one within that time
	fadeLength  = 16    // samples
	echoDecay   = 0.6   // of the energy of an echo in a block: the end of a model is never quite silent
	masked      = 0.25
	explained   = 0.001 // part of what is left that may be chance: however loud it is, it proves no near end
	surprising  = 0.05  // part of what is left that only the near end can have said
	anyLoss     = 0.5   // of a path not known
	anyLeak     = 1
)

// residual is the energy of what a quantized echo leaves in a quiet block, -66 dBm0.
const residual = block * 64

func (s *suppressor) reset() {
	*s = suppressor{leak: anyLeak, limit: anyLeak, loss: anyLoss, gain: 1}
}

// nearTalks says whether speech was found lately.
func (s *suppressor) nearTalks() bool { return s.hold > 0 }

// judge returns the gain for the block.
func (s *suppressor) judge(b *scene) float32 {
	if b.far < silence {
		s.alone(b)
		return 1
	}
	s.echo = max(b.echo, echoDecay*s.echo)
	s.age(b)
	bound := s.bound(b)
	b.bound = bound
	s.learn(b)
	s.hold = max(0, s.hold-1)
	switch {
	case b.rest > 2*margin*(bound+b.noise) && b.strange > explained, s.surprised(b):
		s.extend()
		return 1
	case s.hold > 0, bound < masked*b.noise:
		return 1
	case b.rest <= margin*bound:
		return s.floor()
	}
	return max(s.floor(), float32(math.Sqrt(float64(1-margin*bound/b.rest))))
}

// surprised says whether the near end is heard in what is left of a line not known
// yet, whose echo may be louder than it: by frequencies at which the far end is too
// weak for any error of the model.
func (s *suppressor) surprised(b *scene) bool {
	return s.limit > least && b.strange > surprising && b.rest > 2*margin*(residual+b.noise)
}

// floor is the least gain. Before there is anything to tell speech from echo by,
// what is taken for echo is made weaker and not removed.
func (s *suppressor) floor() float32 {
	if s.heard < headStart {
		return softly
	}
	return 0
}

// alone takes a block while there can be no echo.
func (s *suppressor) alone(b *scene) {
	s.hold = max(0, s.hold-1)
	if b.rest > 2*margin*(residual+b.noise) {
		s.extend()
	}
}

// extend takes the near end to talk for some time.
func (s *suppressor) extend() {
	if s.hold > 0 {
		s.hold = talkHold
	} else {
		s.hold = firstHold
	}
}

// age lowers the limit and lets the leak rise.
func (s *suppressor) age(b *scene) {
	s.leak = min(anyLeak, creep*s.leak)
	if b.far <= float32(loud) {
		return
	}
	s.limit = max(least, learning*s.limit)
	s.heard = min(s.heard+1, headStart)
}

// bound is the energy that residual echo is taken to stay below.
func (s *suppressor) bound(b *scene) float32 {
	if s.heard < headStart {
		return firstLoss*b.far + residual
	}
	bound := s.loss * b.far
	leaked := min(s.leak, s.limit) * s.echo
	if b.clips {
		return min(bound, clipLift*leaked) + residual
	}
	return min(bound, max(leaked, min(b.model, s.lift()*leaked))) + residual
}

// lift is by how much the filter's own doubt may raise the bound. At first that
// would hide a near end who talks too.
func (s *suppressor) lift() float32 {
	if s.limit > least {
		return firstLift
	}
	return lift
}

// learn follows leak and loss over spells in which there is echo. Near speech
// can only raise what is left of a spell, so the leak falls to that of the best
// spells at once and rises slowly.
func (s *suppressor) learn(b *scene) {
	if b.echo < float32(loud) || b.far < float32(loud) {
		return
	}
	s.spell.far += b.far
	s.spell.near += b.near
	s.spell.echo += b.echo
	s.spell.rest += max(b.rest-b.noise, b.rest/4)
	if s.blocks++; s.blocks < spellBlocks {
		return
	}
	s.leak = min(s.leak, aboveBest*s.spell.rest/s.spell.echo)
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
