package media_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
)

// sayTone returns a say function of a sine wave on an offset.
func sayTone(hz float64, level dsp.DBm0, offset float64) func([]int16, int) {
	return func(block []int16, at int) {
		for i := range block {
			v := level.Amplitude() * math.Sin(2*math.Pi*hz*float64(at+i)/dsp.SampleRate)
			block[i] = dsp.Saturate(int32(math.Round(v + offset)))
		}
	}
}

// talk has far and near talk for two seconds and returns what each hears at last.
func talk(t *testing.T, p media.Processing, far, near func([]int16, int)) (farHears, nearHears dsp.DBm0, levels media.Levels) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := mediatest.New(1)
		a, b := newEnd(t, n, addrA, media.SessionOpts{}), newEnd(t, n, addrB, media.SessionOpts{})
		sa, sb := streams(func(*media.Stream) {})
		a.Set(sa)
		b.Set(sb)
		b.voice = media.NewVoice(media.VoiceOpts{Processing: p})
		b.voice.Connect(b.Session)
		a.say, b.say = far, near
		both(a, b, 2*time.Second, 80, 0)
		farHears = dsp.LevelOf(a.heard[len(a.heard)-4000:])
		nearHears = dsp.LevelOf(b.heard[len(b.heard)-4000:])
		levels = b.voice.Levels()
	})
	return farHears, nearHears, levels
}

func within(got, want dsp.DBm0) bool { return math.Abs(float64(got-want)) < 0.1 }

// Each direction has its gain, and its meter.
func TestGains(t *testing.T) {
	p := media.Processing{NoEchoCanceller: true, ToPhoneGain: -4.5, FromPhoneGain: 2.5}
	farHears, nearHears, l := talk(t, p, sayTone(1004, -10, 0), sayTone(804, -20, 0))
	if !within(nearHears, -14.5) || !within(farHears, -17.5) {
		t.Errorf("telephone hears %.2f dBm0, want -14.5; far end hears %.2f, want -17.5", nearHears, farHears)
	}
	if !within(l.ToPhone.Level, -14.5) || !within(l.ToPhone.Peak, -14.5) || !within(l.FromPhone.Level, -20) || !within(l.FromPhone.Peak, -20) {
		t.Errorf("levels %+v", l)
	}
	if l.ToPhone.Clipped != 0 || l.FromPhone.Clipped != 0 {
		t.Errorf("clipped %+v", l)
	}
}

// What a gain clips is counted.
func TestClipping(t *testing.T) {
	p := media.Processing{NoEchoCanceller: true, FromPhoneGain: 6}
	_, _, l := talk(t, p, sayTone(1004, -10, 0), sayTone(804, 0, 0))
	if l.FromPhone.Clipped < 1000 || l.ToPhone.Clipped != 0 {
		t.Errorf("clipped %+v", l)
	}
}

// Hum and offset do not reach the far end, unless they are wanted.
func TestHum(t *testing.T) {
	for _, off := range []bool{false, true} {
		p := media.Processing{NoEchoCanceller: true, NoHighPass: off}
		heard, _, _ := talk(t, p, sayTone(1004, -10, 0), sayTone(50, -20, 2000))
		if !off && heard > -47 || off && heard < -18 {
			t.Errorf("high pass off %v: far end hears %.1f dBm0", off, heard)
		}
	}
}

// A new tail takes effect, and what was learnt stays while the tail is the same.
func TestProcess(t *testing.T) {
	v := media.NewVoice(media.VoiceOpts{})
	first := media.CancellerOf(v)
	v.Process(media.Processing{ToPhoneGain: -3})
	if media.CancellerOf(v) != first {
		t.Error("a new gain made a new canceller")
	}
	v.Process(media.Processing{EchoTail: 128 * time.Millisecond})
	v.Process(media.Processing{EchoTail: 128 * time.Millisecond, NoEchoCanceller: true})
	if got := media.CancellerOf(v); got == first || got.Tail() != 130*time.Millisecond {
		t.Errorf("tail of %v after 128 ms was asked for", got.Tail())
	}
}
