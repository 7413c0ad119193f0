package factory

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dtmf"
	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/hal"
)

// highway runs the audio of all lines.
type highway struct {
	pcm  hal.PCM
	ears []*ear
}

func newHighway(pcm hal.PCM, lines int) *highway {
	h := &highway{pcm: pcm}
	for range lines {
		h.ears = append(h.ears, &ear{keys: dtmf.NewDetector(dtmf.Opts{})})
	}
	return h
}

// run exchanges samples until ctx ends. A highway that fails is tried again: the
// lines tell that they have no clock.
func (h *highway) run(ctx context.Context) {
	to, from := make([][]int16, h.pcm.Channels()), make([][]int16, h.pcm.Channels())
	for i := range to {
		to[i], from[i] = make([]int16, h.pcm.Period()), make([]int16, h.pcm.Period())
	}
	for ctx.Err() == nil {
		if h.pcm.Exchange(to, from) != nil {
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		for i, e := range h.ears {
			e.frame(to[i], from[i])
		}
	}
}

// probeHz is the frequency of the probe tone: no harmonic of the mains.
const probeHz = 1004

// ear is what the test hears of one line and says to it.
type ear struct {
	mu     sync.Mutex
	probe  tone.Generator
	keys   *dtmf.Detector
	heard  []byte // keys
	n      int
	re, im float64 // of the probe's frequency
	power  float64
	phase  float64
}

func (e *ear) frame(to, from []int16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(to)
	e.probe.Mix(to)
	for _, s := range from {
		sin, cos := math.Sincos(e.phase)
		e.phase = math.Mod(e.phase+2*math.Pi*probeHz/dsp.SampleRate, 2*math.Pi)
		v := float64(s)
		e.re, e.im, e.power, e.n = e.re+v*cos, e.im+v*sin, e.power+v*v, e.n+1
	}
	e.keys.Process(from)
	for {
		k, ok := e.keys.Next()
		if !ok {
			return
		}
		if k.Down {
			e.heard = append(e.heard, k.Key)
		}
	}
}

// say plays the probe tone at a level, or stops it.
func (e *ear) say(on bool, level dsp.DBm0) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !on {
		e.probe.Stop()
		return
	}
	e.probe.Start(&tone.Spec{Loop: []tone.Segment{{Sound: tone.Sound{Hz: [4]float64{probeHz}, Level: [4]float64{float64(level)}}}}})
}

// listen starts to measure, and to take down keys.
func (e *ear) listen() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n, e.re, e.im, e.power, e.heard = 0, 0, 0, 0, nil
	e.keys.Reset()
}

// levels are the level of the probe's frequency and of all the rest since
// listen.
func (e *ear) levels() (probe, rest dsp.DBm0) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.n == 0 {
		return dsp.Level(0), dsp.Level(0)
	}
	n := float64(e.n)
	square := 2 * (e.re*e.re + e.im*e.im) / (n * n)
	return dsp.Level(math.Sqrt(square)), dsp.Level(math.Sqrt(math.Max(0, e.power/n-square)))
}

// dialled are the keys heard since listen.
func (e *ear) dialled() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return string(e.heard)
}
