package echo

import "math"

// Meters are figures of how well the echo is cancelled.
type Meters struct {
	// ERL is the echo return loss in decibels: how much weaker than the far
	// signal its echo comes back.
	ERL float64
	// ERLE is the echo return loss enhancement in decibels: by how much the
	// filter weakens the echo, without the suppressor. Background noise counts
	// as echo.
	ERLE float64
	// Converged says that the echo path is known: ERLE is 15 dB or more, or what
	// is left is below the background noise.
	Converged bool
	// DoubleTalk says that both ends talk.
	DoubleTalk bool
}

// meter averages the energies of blocks in which the far end talks alone, over
// about a second.
type meter struct {
	far, near, rest, noise float64
	both                   bool
}

const (
	meterPart     = 0.01
	convergedERLE = 15
)

// add takes a block.
func (m *meter) add(s *scene, far float32, nearTalks bool) {
	active := float64(far) > loud
	m.both = active && nearTalks
	if !active || nearTalks {
		return
	}
	m.far += meterPart * (float64(far) - m.far)
	m.near += meterPart * (float64(s.near) - m.near)
	m.rest += meterPart * (float64(s.rest) - m.rest)
	m.noise += meterPart * (float64(s.noise) - m.noise)
}

// Meters returns the figures of the last seconds. Before the far end has talked
// they are 0.
func (c *Canceller) Meters() Meters {
	m := &c.meter
	if m.far == 0 {
		return Meters{DoubleTalk: m.both}
	}
	erle := decibels(m.near, m.rest)
	return Meters{
		ERL:        decibels(m.far, m.near),
		ERLE:       erle,
		Converged:  erle >= convergedERLE || m.rest < 2*m.noise,
		DoubleTalk: m.both,
	}
}

// decibels returns the ratio of two energies, 0 to 90 dB either way.
func decibels(a, b float64) float64 {
	const least = 1e-3
	return max(-90, min(90, 10*math.Log10((a+least)/(b+least))))
}
