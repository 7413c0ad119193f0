// Package tone makes call-progress tones: up to four frequencies, amplitude
// modulation, cadence with an intro and a loop.
package tone

import "time"

// Spec describes a tone: an intro played once, then a loop played until
// stopped. A Spec without loop ends after its intro.
type Spec struct {
	Intro []Segment
	Loop  []Segment
}

// Segment is a stretch of one sound. The zero Duration lasts until stopped.
type Segment struct {
	Duration time.Duration
	Sound    Sound
}

// Sound is up to four added frequencies, or one carrier with amplitude
// modulation. No frequency at all is silence.
type Sound struct {
	Hz    [4]float64 // 0 = unused
	Level [4]float64 // dBm0 of each frequency
	ModHz float64    // amplitude modulation of the sum, full depth; 0 = none
}
