package echo

import "math"

// comfortNoise follows the background noise of the near end and makes noise like
// it: white noise through the all-pole filter of its spectrum.
//
// Noise is what stays within a few decibels from block to block. It falls at
// once, and rises when for two seconds nothing was quieter, at first for half a
// second: speech has pauses.
type comfortNoise struct {
	power float32            // energy of a block, 0 = not known
	shape [order + 1]float32 // its autocorrelation
	now   [order + 1]float32 // that of the last blocks
	past  [order]float32     // last samples heard
	sum   float32            // of the energies of a spell
	count int                // blocks of it
	mean  [spells]float32    // energies of blocks in the last spells
	spell int                // oldest of them

	seed  uint32
	voice [order]float32 // last samples made
}

const (
	order       = 8
	spellLength = 4    // blocks
	spells      = 50   // that a rise has to last
	firstSpells = 12   // that it has to last after a reset
	unlike      = 2.5  // times the energy that is not the same noise
	likelyLeak  = 1e-3 // residual echo over echo
	nowPart     = 0.15
	shapePart   = 0.03
)

func (n *comfortNoise) reset() {
	*n = comfortNoise{seed: 1}
	for i := firstSpells; i < spells; i++ {
		n.mean[i] = math.MaxFloat32
	}
}

// level is the energy of a block of the noise.
func (n *comfortNoise) level() float32 { return n.power }

// hear takes a block after cancellation. One that may be residual echo tells only
// that the noise is not louder.
func (n *comfortNoise) hear(d *[block]float32, s *scene) {
	if s.far >= silence && s.rest < margin*max(s.bound, s.echo*likelyLeak) {
		if n.power > 0 {
			n.tally(min(s.rest, n.power))
		}
		return
	}
	var r [order + 1]float32
	n.correlate(d, s.rest, &r)
	follow(&n.now, &r, nowPart)
	if s.rest < unlike*n.power && s.rest > n.power/4 {
		n.power += shapePart * (s.rest - n.power)
		follow(&n.shape, &r, shapePart)
	}
	n.tally(s.rest)
}

// follow moves the average r towards x.
func follow(r, x *[order + 1]float32, part float32) {
	for k := range r {
		r[k] += part * (x[k] - r[k])
	}
}

// tally takes the energy of a block.
func (n *comfortNoise) tally(energy float32) {
	n.sum += energy
	if n.count++; n.count == spellLength {
		n.endSpell()
	}
}

// endSpell compares the last spells with the noise known.
func (n *comfortNoise) endSpell() {
	mean := n.sum / spellLength
	n.sum, n.count = 0, 0
	n.mean[n.spell] = mean
	n.spell = (n.spell + 1) % spells
	least := mean
	for _, m := range n.mean {
		least = min(least, m)
	}
	if mean*unlike < n.power {
		n.power, n.shape = mean, n.now
	} else if least > 1.5*n.power {
		n.power, n.shape = least, n.now
	}
}

// correlate computes the autocorrelation of a block with the samples before it.
func (n *comfortNoise) correlate(d *[block]float32, energy float32, r *[order + 1]float32) {
	var x [order + block]float32
	copy(x[:], n.past[:])
	copy(x[order:], d[:])
	copy(n.past[:], d[block-order:])
	r[0] = energy
	for k := 1; k <= order; k++ {
		y := (*[block]float32)(x[order-k:])
		var sum float32
		for i, v := range d {
			sum += v * y[i]
		}
		r[k] = sum
	}
}

// fill adds noise to d, with a gain that goes from one to another at the head.
func (n *comfortNoise) fill(d *[block]float32, from, to float32) {
	if n.power < 1 {
		return
	}
	a, gain := predict(&n.shape)
	gain *= float32(math.Sqrt(float64(n.power) / block))
	var made [order + block]float32
	copy(made[:], n.voice[:])
	for i := range d {
		v := gain * n.white()
		past := (*[order]float32)(made[i:])
		for k, c := range &a {
			v += c * past[order-1-k]
		}
		made[order+i] = v
		d[i] += v * ramp(from, to, i)
	}
	copy(n.voice[:], made[block:])
}

// white returns the next sample of white noise of unit power.
func (n *comfortNoise) white() float32 {
	n.seed = n.seed*1664525 + 1013904223
	return float32(int32(n.seed)) * (1.7320508 / (1 << 31))
}

// predict finds the linear prediction of a signal from its autocorrelation (the
// recursion of Levinson and Durbin), and the root mean square of its error
// relative to that of the signal.
func predict(r *[order + 1]float32) (a [order]float32, gain float32) {
	whole := r[0] * 1.001 // noise 30 dB below keeps it stable
	rest := whole
	for m := range order {
		k := r[m+1]
		for i := range m {
			k -= a[i] * r[m-i]
		}
		if k >= 0.99*rest || k <= -0.99*rest {
			break
		}
		k /= rest
		last := a
		a[m] = k
		for i := range m {
			a[i] = last[i] - k*last[m-1-i]
		}
		rest *= 1 - k*k
	}
	return a, float32(math.Sqrt(float64(rest / whole)))
}
