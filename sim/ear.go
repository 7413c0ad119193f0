package sim

import (
	"math"
	"slices"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp"
)

// kind is what a segment sounds like.
type kind uint8

const (
	silence kind = iota
	unknown      // not long enough yet to tell
	tonal
	voice
)

// segment is a stretch of one sound.
type segment struct {
	kind   kind
	frames int // length so far
	lines  [maxLines]line
	n      int     // lines in use
	width  float64 // hertz that the stretch was too short to tell apart
	key    bool    // it was taken for a DTMF key
	known  bool    // it is a sound of the country's tones
}

const (
	maxSegments = 64
	earFrame    = 80 // samples, 10 ms
	earMemory   = 4096
	earShapes   = 8   // frames of short spectra kept
	earGap      = 3   // quiet frames that end a sound; less is the beat of two tones
	audible     = -46 // dBm0
	talkFrames  = 20  // of voice in the last second make it talk
	maxKeys     = 64
)

// ear listens to what arrives on the wires: it cuts the sound into segments at
// pauses and changes of frequency, measures the frequencies of each and names
// the country's tones from their rhythm.
type ear struct {
	patterns []pattern
	spectrum *spectrum

	memory [2 * earMemory]float32 // written twice, so that a window is contiguous
	at     int
	count  int
	sum    float64

	segs   [maxSegments]segment
	n      int // segments in use; the last is the running one
	quiet  int // quiet frames at the end
	level  dsp.DBm0
	shapes [earShapes]shape
	shapeN int

	tone Tone
	keys [maxKeys]byte
	keyN int
}

func newEar(c *country.Country) *ear {
	e := &ear{patterns: patternsOf(c), spectrum: newSpectrum()}
	e.reset()
	return e
}

// reset forgets everything, as a telephone does whose handset was put down.
func (e *ear) reset() {
	e.segs[0], e.n, e.quiet = segment{}, 1, 0
	e.level, e.tone = dsp.DBm0(math.Inf(-1)), NoTone
	e.keyN, e.shapeN = 0, 0
	clear(e.memory[:])
}

// hear takes one sample in 16-bit units.
func (e *ear) hear(v float64) {
	e.memory[e.at], e.memory[e.at+earMemory] = float32(v), float32(v)
	e.at = (e.at + 1) % earMemory
	e.sum += v * v
	if e.count++; e.count < earFrame {
		return
	}
	e.level = dsp.Level(math.Sqrt(e.sum / earFrame))
	e.count, e.sum = 0, 0
	e.frame(e.level > audible)
}

// last returns the newest n samples but the newest skip.
func (e *ear) last(n, skip int) []float32 {
	end := e.at + earMemory - skip
	return e.memory[end-n : end]
}

func (e *ear) frame(loud bool) {
	cur := &e.segs[e.n-1]
	cur.frames++
	switch {
	case cur.kind == silence && loud:
		cur.frames--
		e.begin(unknown, 1)
	case cur.kind == silence:
	case loud:
		e.quiet = 0
		e.examine(cur)
	default:
		e.pause(cur)
	}
	e.tone = name(e.patterns, e.segs[:e.n])
}

// hears says whether the tone that is heard may be called want.
func (e *ear) hears(want Tone) bool {
	if e.tone == want {
		return want != NoTone
	}
	for i := range e.patterns {
		if p := &e.patterns[i]; p.tone == e.tone && slices.Contains(p.also, want) {
			return true
		}
	}
	return false
}

// begin opens a segment whose first frames have passed.
func (e *ear) begin(k kind, frames int) {
	if cur := &e.segs[e.n-1]; e.n == 1 && cur.frames <= 0 {
		e.n-- // nothing was heard before
	}
	if e.n == maxSegments {
		copy(e.segs[:], e.segs[2:])
		e.n -= 2
	}
	e.segs[e.n] = segment{kind: k, frames: frames}
	e.n++
	e.quiet, e.shapeN = 0, 0
}

// pause counts quiet frames and closes the sound when they are more than a beat.
func (e *ear) pause(cur *segment) {
	if e.quiet++; e.quiet < earGap {
		return
	}
	cur.frames -= earGap
	if cur.frames < 3 && e.n > 1 && e.segs[e.n-2].kind == silence { // a click
		e.segs[e.n-2].frames += cur.frames + earGap
		e.n--
		e.quiet = 0
		return
	}
	if cur.kind == unknown || cur.frames < 26 {
		e.judge(cur, min(cur.frames*earFrame, fftSize/2), earGap*earFrame)
	}
	e.begin(silence, earGap)
}

// examine looks for a change of frequency and measures the sound when there is
// more of it.
func (e *ear) examine(cur *segment) {
	if e.changed(cur) {
		const since = 2 // frames of the new sound that are in the window already
		cur.frames -= since
		if cur.kind == unknown {
			e.judge(cur, cur.frames*earFrame, since*earFrame)
		}
		e.begin(unknown, since)
		return
	}
	switch cur.frames {
	case 6, 13, 26:
		e.judge(cur, cur.frames*earFrame, 0)
	default:
		if cur.frames%26 == 0 {
			e.judge(cur, fftSize/2, 0)
		}
	}
}

// changed compares the spectrum of the last 32 ms with that of 70 ms before.
func (e *ear) changed(cur *segment) bool {
	newest := &e.shapes[e.shapeN%earShapes]
	e.spectrum.measure(newest, e.last(shapeSize, 0))
	e.shapeN++
	if cur.frames < 12 || e.shapeN < earShapes {
		return false
	}
	oldest := &e.shapes[e.shapeN%earShapes]
	return alike(newest, oldest) < 0.4
}

// judge measures the newest n samples but skip, less what may belong to the
// neighbours.
func (e *ear) judge(cur *segment, n, skip int) {
	edge := earFrame / 2
	n = min(n, fftSize/2+2*edge, earMemory-skip)
	if n < 3*earFrame {
		edge = 0
	}
	n -= 2 * edge
	if n < earFrame {
		return
	}
	lines, tonality := e.spectrum.analyse(e.last(n, skip+edge))
	cur.n = copy(cur.lines[:], lines)
	cur.width = 2 * dsp.SampleRate / float64(n)
	if cur.n == 0 {
		cur.kind = voice
		return
	}
	switch {
	case cur.n <= 4 && tonality > 0.85:
		cur.kind = tonal
	case n >= 100*8 || skip > 0:
		cur.kind = voice
	}
	if cur.kind != tonal {
		return
	}
	cur.known = e.knows(cur)
	if !cur.key {
		e.key(cur)
	}
}

// knows says whether a sound occurs in the country's tones.
func (e *ear) knows(s *segment) bool {
	for i := range e.patterns {
		for k := range e.patterns[i].sounds {
			if s.matches(&e.patterns[i].sounds[k]) {
				return true
			}
		}
	}
	return false
}

// key notes a DTMF key.
func (e *ear) key(cur *segment) {
	if cur.n < 2 || math.Abs(float64(cur.lines[0].level-cur.lines[1].level)) > 12 {
		return
	}
	if cur.n > 2 && cur.lines[2].level > cur.lines[1].level-8 {
		return
	}
	low, high := cur.lines[0].hz, cur.lines[1].hz
	if low > high {
		low, high = high, low
	}
	row, column := nearest(lowGroup[:], low), nearest(highGroup[:], high)
	if row < 0 || column < 0 {
		return
	}
	cur.key = true
	if e.keyN == maxKeys {
		copy(e.keys[:], e.keys[1:])
		e.keyN--
	}
	e.keys[e.keyN] = padKeys[4*row+column]
	e.keyN++
}

func nearest(group []float64, hz float64) int {
	for i, want := range group {
		if math.Abs(hz-want) < 0.025*want {
			return i
		}
	}
	return -1
}

// talk says whether somebody speaks: a fifth of the last second was voice.
func (e *ear) talk() bool {
	const second = 100
	spoken, past := 0, 0
	for i := e.n - 1; i >= 0 && past < second; i-- {
		s := &e.segs[i]
		if s.spoken() {
			spoken += min(s.frames, second-past)
		}
		past += s.frames
	}
	return spoken >= talkFrames
}

// spoken says whether a segment is voice. A held vowel has the lines of a tone,
// but not for long.
func (s *segment) spoken() bool {
	return s.kind == voice || s.kind == tonal && s.n >= 3 && !s.known && s.frames < 40
}

// running returns the sound that is heard now, nil if none.
func (e *ear) running() *segment {
	if cur := &e.segs[e.n-1]; cur.kind == tonal {
		return cur
	}
	return nil
}
