// Package tone makes call-progress tones: up to four frequencies, amplitude
// modulation, cadence with an intro and a loop.
//
// A tone is described by a [Spec], usually parsed from a line of text, and
// played by a [Generator] that adds it to blocks of samples.
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
//
// Full modulation leaves no carrier: a frequency f modulated by m sounds as the
// pair f-m and f+m (ITU-T E.180 Suppl. 2 lists the same tones either way). The
// level is that of the pair together. A frequency the voice path cannot carry,
// such as a metering pulse of 12 kHz, is silent here: the line circuit makes it.
type Sound struct {
	Hz    [4]float64 // 0 = unused
	Level [4]float64 // dBm0 of each frequency
	ModHz float64    // amplitude modulation of the sum, full depth; 0 = none
}

// Silent reports whether s has no frequency.
func (s Sound) Silent() bool { return s.Hz == [4]float64{} }

// Limits of a Spec that [Parse] accepts.
const (
	maxSegments = 256            // of intro and of loop
	maxDuration = 24 * time.Hour // of a segment
	minHz       = 1
	maxHz       = 20000
)
