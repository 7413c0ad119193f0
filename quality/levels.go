package quality

import "math"

const (
	quietest    = 64  // mean square taken for silence at least, -66 dBm0
	speechAbove = 10  // speech is 10 dB above the floor
	noiseBelow  = 4   // noise is within 6 dB of it
	meanOver    = 500 // stretches, 5 s
	meanFrom    = 20  // stretches from which a mean is one
	floorOver   = 200 // stretches, 2 s: nobody speaks for twice as long without a breath
)

// Levels tells the level of speech from that of the noise between words
// (RFC 3611 §4.7.4), each over its last seconds. The zero value is ready.
type Levels struct {
	floor         float64 // least of the last 2 to 4 s, 0 = not known
	least, before float64 // of this span of floorOver, of the one before
	count         int     // of stretches in this span
	speech, noise mean
}

// mean is that of the first values, then of the last ones.
type mean struct{ mean, n float64 }

// Add takes the mean square of the samples of the next stretch, some 10 ms.
func (l *Levels) Add(square float64) {
	if !(square >= 0) || math.IsInf(square, 1) {
		return
	}
	l.follow(max(square, quietest))
	switch {
	case square > speechAbove*l.floor:
		l.speech.add(square)
	case square <= noiseBelow*l.floor:
		l.noise.add(square)
	}
}

// follow keeps the floor. What was taken for noise before it fell was speech, for
// the call began in a word; what was before it rose was a line not yet connected.
func (l *Levels) follow(square float64) {
	if l.count == floorOver {
		l.count, l.before, l.least = 0, l.least, square
	}
	if l.count == 0 {
		l.least = square
	}
	l.count++
	l.least = min(l.least, square)
	floor := l.least
	if l.before > 0 {
		floor = min(floor, l.before)
	}
	if l.floor > 0 && (floor*noiseBelow < l.floor || floor > l.floor*speechAbove) {
		l.noise = mean{}
	}
	l.floor = floor
}

// Speech is the mean square of speech, false if there was hardly any.
func (l *Levels) Speech() (square float64, ok bool) { return l.speech.value() }

// Noise is the mean square between words, false if hardly anybody paused.
func (l *Levels) Noise() (square float64, ok bool) { return l.noise.value() }

func (m *mean) add(v float64) {
	m.n = min(m.n+1, meanOver)
	m.mean += (v - m.mean) / m.n
}

func (m *mean) value() (float64, bool) { return m.mean, m.n >= meanFrom }
