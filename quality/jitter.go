package quality

// jump is a change of transit, in timestamp units, that no network makes: the
// timestamps jumped. It is a second of telephone voice.
const jump = 8000

// Jitter is the interarrival jitter of RFC 3550 §6.4.1, reckoned in integers
// (appendix A.8).
type Jitter struct {
	transit int32
	scaled  uint32 // by 16
	started bool
}

// Add takes the transit of a packet: its arrival minus its timestamp, both in
// timestamp units, from any origin and modulo 2^32. A jump of a second or more
// is no jitter.
func (j *Jitter) Add(transit uint32) {
	d, ok := difference(&j.transit, &j.started, transit)
	if ok {
		j.scaled += d - (j.scaled+8)>>4
	}
}

// Value is the jitter in timestamp units, as reports carry it.
func (j *Jitter) Value() uint32 { return j.scaled >> 4 }

// SmoothJitter is the same estimator with fractions.
type SmoothJitter struct {
	transit int32
	value   float64
	started bool
}

// Add takes the transit of a packet, as [Jitter.Add] does.
func (j *SmoothJitter) Add(transit uint32) {
	d, ok := difference(&j.transit, &j.started, transit)
	if ok {
		j.value += (float64(d) - j.value) / 16
	}
}

// Value is the jitter in timestamp units.
func (j *SmoothJitter) Value() float64 { return j.value }

// difference is how much transit differs from the one before, which it
// replaces.
func difference(before *int32, started *bool, transit uint32) (d uint32, ok bool) {
	step := int32(transit - uint32(*before))
	ok = *started && step > -jump && step < jump
	*before, *started = int32(transit), true
	return uint32(max(step, -step)), ok
}
