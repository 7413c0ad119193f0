package media

import (
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/vad"
)

// comfort is what a jitterBuffer plays where the far end leaves out a pause (RFC
// 3389). It belongs to the audio goroutine.
type comfort struct {
	sound vad.Noise
	on    bool
	from  uint32 // timestamp at which the pause began
}

// pause takes a packet that says how the pause at ts sounds.
func (j *jitterBuffer) pause(ts uint32, payload []byte) {
	if j.state != idle && int32(ts-j.end) < 0 || !j.noise.sound.Describe(payload) {
		return // the voice has gone on already
	}
	j.excused = true
	if !j.noise.on {
		j.noise.on, j.noise.from = true, ts
	}
}

// pausing says whether the unit that is not there belongs to a pause.
func (j *jitterBuffer) pausing() bool {
	return j.noise.on && int32(j.pos+uint32(j.drought)+unit-j.noise.from) > 0
}

// fillPause makes the next unit of a pause. It takes the place of the voice
// gradually.
func (j *jitterBuffer) fillPause() {
	j.noise.sound.Read(j.next[:])
	if j.drought == 0 {
		j.conceal.Lost(j.unit[:])
		crossfade(j.unit[:], j.unit[:], j.next[:])
	} else {
		j.unit = j.next
	}
	j.conceal.Good(j.unit[:])
	j.push(j.unit[:])
	j.sinceBad = 0
}

const (
	noiseAgain  = 8  // packets of a pause from one description to the next, if it changed
	noiseRepeat = 64 // the same, if it did not
	noiseStep   = 2  // dB that are a change
	noiseSize   = 11 // octets of a description
)

// silencer leaves out pauses of what the telephone says. It belongs to the audio
// goroutine.
type silencer struct {
	detector vad.Detector
	speech   bool // in what is pending
	packets  int  // of this pause so far
	told     int  // packet in which its sound was described last
	level    byte // that was told
	payload  [noiseSize]byte
}

// listen looks at a block of 80 samples.
func (q *silencer) listen(block []int16) {
	if q.detector.Process(block[:dsp.Frame]) {
		q.speech = true
	}
}

// next says of the packet that is pending whether it is a pause, and how that is
// to be described; empty: as before.
func (q *silencer) next() (pause bool, payload []byte) {
	pause = !q.speech
	q.speech = false
	if !pause {
		q.packets = 0
		return false, nil
	}
	q.packets++
	level := q.detector.Level()
	since := q.packets - q.told
	change := max(level, q.level)-min(level, q.level) >= noiseStep
	if q.packets > 1 && since < noiseRepeat && (!change || since < noiseAgain) {
		return true, nil
	}
	q.told, q.level = q.packets, level
	return true, q.detector.Describe(q.payload[:0])
}
