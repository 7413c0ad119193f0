package quality

import "math"

const (
	quietest     = 64    // mean square taken for silence at least, -66 dBm0
	floorRise    = 1.002 // of the noise floor with each stretch; 0.9 dB a second at 10 ms
	speechAbove  = 10    // speech is 10 dB above the floor
	noiseBelow   = 4     // noise is within 6 dB of it
	floorUnknown = 0
	meanOver     = 500 // stretches, 5 s
)

// Levels tells the level of speech from that of the noise between words
// (RFC 3611 §4.7.4), each over its last seconds. The zero value is ready.
type Levels struct {
	floor         float64
	speech, noise mean
}

// mean is that of the first values, then of the last ones.
type mean struct{ mean, n float64 }

// Add takes the mean square of the samples of the next stretch, some 10 ms.
func (l *Levels) Add(square float64) {
	if !(square >= 0) || math.IsInf(square, 1) {
		return
	}
	if square*noiseBelow < l.floor {
		l.noise = mean{} // it was speech: the call began in a word
	}
	if l.floor == floorUnknown || square < l.floor {
		l.floor = square
	}
	l.floor = max(l.floor*floorRise, quietest)
	switch {
	case square > speechAbove*l.floor:
		l.speech.add(square)
	case square <= noiseBelow*l.floor:
		l.noise.add(square)
	}
}

// Speech is the mean square of speech, false if there was none.
func (l *Levels) Speech() (square float64, ok bool) { return l.speech.value() }

// Noise is the mean square between words, false if nobody paused.
func (l *Levels) Noise() (square float64, ok bool) { return l.noise.value() }

func (m *mean) add(v float64) {
	m.n = min(m.n+1, meanOver)
	m.mean += (v - m.mean) / m.n
}

func (m *mean) value() (float64, bool) { return m.mean, m.n > 0 }
