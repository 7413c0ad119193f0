package media_test

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
)

// TestEchoIsCancelled has the line give back what the telephone hears, 12 dB
// down and 5 ms later. After two seconds of talk the far end hears 20 dB less of
// itself than without the canceller, and not one word of the near end is lost.
func TestEchoIsCancelled(t *testing.T) {
	without, with := echoHeard(t, true, 0), echoHeard(t, false, 0)
	t.Logf("echo at the far end: %.1f dBm0 without, %.1f dBm0 with canceller", without, with)
	if without < -40 || with > without-20 {
		t.Errorf("echo %.1f dBm0 with canceller, %.1f without, want 20 dB less", with, without)
	}
}

// TestEchoOfALateHighway: a highway that plays 60 ms late is no longer echo path
// than the canceller is for, once it is told.
func TestEchoOfALateHighway(t *testing.T) {
	const late = 480
	without, with := echoHeard(t, true, late), echoHeard(t, false, late)
	t.Logf("echo at the far end: %.1f dBm0 without, %.1f dBm0 with canceller", without, with)
	if with > without-20 {
		t.Errorf("echo %.1f dBm0 with canceller, %.1f without, want 20 dB less", with, without)
	}
}

// echoHeard is the level of the echo that the far end hears over a highway that
// plays some samples late.
func echoHeard(t *testing.T, off bool, late int) (level dsp.DBm0) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		far, near := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
		sa, sb := streams(func(*media.Stream) {})
		far.Set(sa)
		near.Set(sb)
		near.voice = media.NewVoice(media.VoiceOpts{Processing: media.Processing{NoEchoCanceller: off}})
		near.voice.DelayEcho(late)
		near.voice.Connect(near.Session)
		noise := rand.New(rand.NewPCG(1, 1))
		far.say = func(block []int16, _ int) {
			for i := range block {
				block[i] = dsp.Saturate(int32(noise.NormFloat64() * dsp.DBm0(-16).RMS()))
			}
		}
		near.say = func(block []int16, _ int) {
			for i := range block {
				block[i] = 0
				// A block hears what was played one block before it.
				if k := len(near.heard) - len(block) + i - 40 - late; k >= 0 {
					block[i] = near.heard[k] / 4
				}
			}
		}
		both(far, near, 4*time.Second, 80, 0)
		level = dsp.LevelOf(far.heard[len(far.heard)-8000:])
	})
	return level
}
