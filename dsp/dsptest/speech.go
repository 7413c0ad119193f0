// Package dsptest is what the tests of signal processing share: synthetic
// speech, seeded noise and a record of measured figures.
package dsptest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
)

// Voice is a speaker of the speech synthesizer espeak-ng.
type Voice struct {
	Name  string // as espeak-ng -v takes it
	Pitch int    // espeak-ng -p, 0..99
	Speed int    // words a minute
	words []string
}

// Voices are eight speakers of five languages, low to high.
var Voices = []Voice{
	{"en-us+m3", 30, 150, english},
	{"en-gb+f2", 60, 170, english},
	{"de+m1", 40, 160, german},
	{"de+f4", 75, 150, german},
	{"fr-fr+m7", 50, 165, french},
	{"es+f1", 65, 175, spanish},
	{"it+m2", 45, 180, italian},
	{"en-us+f5", 85, 190, english},
}

// Speech returns at least seconds of speech of v, normalized to level while
// talking. Equal seeds give equal speech. The test is skipped when espeak-ng is
// not installed.
func Speech(t testing.TB, v Voice, seconds float64, level dsp.DBm0, seed uint64) []int16 {
	t.Helper()
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng, which makes the speech, is not installed")
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	var out []int16
	for float64(len(out)) < seconds*dsp.SampleRate {
		pcm, err := v.say(rng)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pcm...)
	}
	normalize(out, level)
	return out
}

// say speaks a dozen sentences.
func (v Voice) say(rng *rand.Rand) ([]int16, error) {
	var text strings.Builder
	for range 12 {
		for range 4 + rng.IntN(8) {
			text.WriteString(v.words[rng.IntN(len(v.words))] + " ")
		}
		fmt.Fprintf(&text, "%d. ", rng.IntN(10000))
	}
	pitch, speed := v.Pitch+rng.IntN(15)-7, v.Speed+rng.IntN(30)-15
	cmd := exec.Command("espeak-ng", "-v", v.Name, "-p", strconv.Itoa(pitch), "-s", strconv.Itoa(speed), "--stdout")
	cmd.Stdin = strings.NewReader(text.String())
	wav, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("dsptest: espeak-ng: %w", err)
	}
	return decodeWAV(wav)
}

// decodeWAV reads 16-bit mono PCM as espeak-ng streams it, at 8 kHz.
func decodeWAV(b []byte) ([]int16, error) {
	at := bytes.Index(b, []byte("data"))
	if at < 36 || !bytes.HasPrefix(b, []byte("RIFF")) {
		return nil, errors.New("dsptest: not a WAV file")
	}
	rate := binary.LittleEndian.Uint32(b[24:])
	b = b[at+8:] // the stream's length field is not filled in
	x := make([]float32, len(b)/2)
	for i := range x {
		x[i] = float32(int16(binary.LittleEndian.Uint16(b[2*i:])))
	}
	return resample(x, int(rate)), nil
}

// resample brings x from rate to 8 kHz through a windowed sinc of 3.6 kHz.
func resample(x []float32, rate int) []int16 {
	const half, phases = 40, 160
	kernel := sincKernel(half, phases, 3600/float64(rate))
	out := make([]int16, int64(len(x))*dsp.SampleRate/int64(rate))
	for i := range out {
		pos := int64(i) * int64(rate)
		k := kernel[pos%dsp.SampleRate*phases/dsp.SampleRate]
		first := int(pos/dsp.SampleRate) - half + 1
		var sum float32
		for j, h := range k {
			if n := first + j; n >= 0 && n < len(x) {
				sum += h * x[n]
			}
		}
		out[i] = dsp.Saturate(int32(sum))
	}
	return out
}

func sincKernel(half, phases int, cutoff float64) [][]float32 {
	kernel := make([][]float32, phases)
	for p := range kernel {
		kernel[p] = make([]float32, 2*half)
		for j := range kernel[p] {
			d := float64(j-half+1) - float64(p)/float64(phases)
			window := 0.5 + 0.5*math.Cos(math.Pi*d/float64(half))
			kernel[p][j] = float32(window * 2 * cutoff * sinc(2*cutoff*d))
		}
	}
	return kernel
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// normalize brings the level of the talking parts of x, 20 ms blocks above -50
// dBm0, to level.
func normalize(x []int16, level dsp.DBm0) {
	var sum float64
	var n int
	for b := x; len(b) >= 160; b = b[160:] {
		if dsp.LevelOf(b[:160]) < -50 {
			continue
		}
		for _, s := range b[:160] {
			sum += float64(s) * float64(s)
		}
		n += 160
	}
	if n == 0 {
		return
	}
	gain := level.RMS() / math.Sqrt(sum/float64(n))
	for i, s := range x {
		x[i] = dsp.Saturate(int32(math.Round(gain * float64(s))))
	}
}

// Parallel calls f for 0 to n-1, two at a time.
func Parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2)
	for i := range n {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wg.Done() }()
			f(i)
		}()
	}
	wg.Wait()
}
