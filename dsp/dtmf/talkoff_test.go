package dtmf

import (
	"sync/atomic"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// Speech is never taken for a digit, and seldom suspected to be one: 160
// minutes of it or more with ATA_FULL=1, some 5 otherwise.
func TestTalkOff(t *testing.T) {
	stretches, seconds := 1, 30.0
	if full() {
		stretches, seconds = 4, 300.0
	}
	var samples, suspect atomic.Int64
	voices := len(dsptest.Voices)
	speech := dsptest.Speech(t, dsptest.Voices[0], 1, -15, 0) // skips here when there is none
	if len(speech) == 0 {
		t.Fatal("no speech")
	}
	dsptest.Parallel(voices*stretches, func(i int) {
		voice := dsptest.Voices[i%voices]
		x := dsptest.Speech(t, voice, seconds, -15, uint64(i))
		d := NewDetector(Opts{})
		for at := 0; at+80 <= len(x); at += 80 {
			d.Process(x[at : at+80])
			if d.Suspect() {
				suspect.Add(80)
			}
			for e, ok := d.Next(); ok; e, ok = d.Next() {
				t.Errorf("%s: %+v in stretch %d", voice.Name, e, i)
			}
		}
		samples.Add(int64(len(x)))
	})
	minutes := float64(samples.Load()) / dsp.SampleRate / 60
	part := float64(suspect.Load()) / float64(samples.Load())
	t.Logf("%.1f minutes, %.4f %% muted on suspicion", minutes, 100*part)
	openBars(t).Check(t, "speech muted on suspicion", 100*part, 0.02, "%")
	if part > 0.002 {
		t.Errorf("%.4f of speech is muted on suspicion, want at most 0.002", part)
	}
}

// Recorded speech of people holds no digit either: all there is with ATA_FULL=1.
func TestTalkOffRecorded(t *testing.T) {
	seconds := 120.0
	if full() {
		seconds = 1e6
	}
	for _, level := range []dsp.DBm0{-10, -20} {
		x := dsptest.Recordings(t, seconds, level)
		if got := listen(NewDetector(Opts{}), x, 160).keys; got != "" {
			t.Errorf("%v dBm0: %q in %.1f minutes", level, got, float64(len(x))/dsp.SampleRate/60)
		}
	}
}
