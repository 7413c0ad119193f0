//go:build judges

package media_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/media/mediatest"
)

const (
	firstText  = "HELLO THIS IS ANN, MY NUMBER IS 0123456789 - IS BOB THERE? GA"
	secondText = "YES: BOB HERE. THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG SK SK"
)

// TestMinimodemTypes has minimodem type Baudot in turns at two telephones whose
// lines have echo, through everything that is done to voice: canceller, high pass,
// silence suppression, a network with jitter, clocks that differ by up to 200 ppm. Speech
// comes before and after. Minimodem at the other end reads every character.
func TestMinimodemTypes(t *testing.T) {
	need(t, "minimodem")
	first, second := typedByMinimodem(t, firstText), typedByMinimodem(t, secondText)
	voice := dsptest.Speech(t, dsptest.Voices[0], 4, -20, 7)[:4*dsp.SampleRate]
	for _, ppm := range []int{-200, -100, 0, 100, 200} {
		t.Run(fmt.Sprintf("%+d ppm", ppm), func(t *testing.T) {
			var heardA, heardB []int16
			synctest.Test(t, func(t *testing.T) {
				n := mediatest.New(uint64(ppm + 300))
				a, b := newTextEnd(t, n, false), newTextEnd(t, n, true)
				sa, sb := streams(func(s *media.Stream) { s.Noise = true })
				a.Set(sa)
				b.Set(sb)
				began, turn := 5*time.Second, time.Duration(len(first))*125*time.Microsecond+time.Second
				a.say = onLine(a, score{{time.Second / 2, voice}, {began, first}})
				b.say = onLine(b, score{{began + turn, second}, {began + 2*turn, voice}})
				period := 10 * time.Millisecond
				var lines sync.WaitGroup
				lines.Go(func() { a.talk(50*time.Second, 80, period) })
				lines.Go(func() { b.talk(50*time.Second, 80, period+time.Duration(ppm)*period/1e6) })
				lines.Wait()
				turned := int(dsp.SampleRate*(began+turn)/time.Second) - 2000
				heardA, heardB = a.heard[turned:], b.heard[4800*8:turned]
			})
			if got := readByMinimodem(t, heardB); got != firstText {
				t.Errorf("who answers reads\n%q, want\n%q", got, firstText)
			}
			if got := readByMinimodem(t, heardA); !strings.HasPrefix(got, secondText) {
				t.Errorf("who types first reads\n%q, want\n%q", got, secondText)
			}
		})
	}
}

// newTextEnd is an end with all processing.
func newTextEnd(t *testing.T, n *mediatest.Network, b bool) *end {
	at := addrA
	if b {
		at = addrB
	}
	e := newEnd(t, n, at, media.SessionOpts{})
	e.rtp.SetLink(mediatest.Link{Delay: 40 * time.Millisecond, Jitter: 20 * time.Millisecond})
	e.voice.Connect(nil)
	e.voice = media.NewVoice(media.VoiceOpts{})
	e.voice.Connect(e.Session)
	return e
}

// onLine returns what comes from a line whose telephone plays s: the echo of what it
// hears is 10 dB weaker and 5 ms late.
func onLine(e *end, s score) func(block []int16, at int) {
	return func(block []int16, at int) {
		s.say(block, at)
		const late = 40 + 80 // Frame hears after it has said
		for i := range block {
			if k := at + i - late; k >= 0 && k < len(e.heard) {
				block[i] = dsp.Saturate(int32(block[i]) + int32(e.heard[k])*10/32)
			}
		}
	}
}

func need(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// typedByMinimodem is a text as a text telephone sounds, at -13 dBm0.
func typedByMinimodem(t *testing.T, text string) []int16 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "typed.wav")
	cmd := exec.Command("minimodem", "--tx", "tdd", "-q", "-R", "8000", "-v", "0.2", "-f", file)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("minimodem: %v\n%s", err, out)
	}
	return dsptest.ReadWAV(t, file)
}

// readByMinimodem is what it reads in x.
func readByMinimodem(t *testing.T, x []int16) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "heard.wav")
	dsptest.WriteWAV(t, file, x)
	out, err := exec.Command("minimodem", "--rx", "tdd", "-q", "-f", file).Output()
	if err != nil {
		t.Fatalf("minimodem: %v", err)
	}
	return strings.TrimSpace(string(out))
}
