//go:build judges

package echo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// judge runs the cancellers of libspandsp and libspeexdsp.
type judge struct{ program string }

// newJudge builds it. The test is skipped where a library is missing; where CI
// is true it fails.
func newJudge(t *testing.T) judge {
	t.Helper()
	program := filepath.Join(t.TempDir(), "judge")
	out, err := exec.Command("gcc", "-O2", "-o", program, "testdata/judge.c", "-lspandsp", "-lspeexdsp", "-lm").CombinedOutput()
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatalf("build the judge: %v\n%s", err, out)
	}
	if err != nil {
		t.Skipf("gcc, libspandsp-dev and libspeexdsp-dev are needed: %v", err)
	}
	return judge{program}
}

const frame = 2 * block

// cancel returns what is left of near by a library, and its nanoseconds of
// thread CPU time for 20 ms, the median of some runs.
func (j judge) cancel(t *testing.T, library string, tail time.Duration, far, near []int16, runs int) ([]int16, float64) {
	t.Helper()
	var in bytes.Buffer
	for i := 0; i+frame <= len(far); i += frame {
		in.Write(raw(far[i : i+frame]))
		in.Write(raw(near[i : i+frame]))
	}
	taps := strconv.Itoa(int(tail.Seconds() * dsp.SampleRate))
	cmd := exec.Command(j.program, library, taps, strconv.Itoa(runs))
	var times bytes.Buffer
	cmd.Stdin, cmd.Stderr = &in, &times
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", library, err)
	}
	out := make([]int16, len(text)/2)
	for i := range out {
		out[i] = int16(binary.NativeEndian.Uint16(text[2*i:]))
	}
	var ns []float64
	for _, s := range strings.Fields(times.String()) {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		ns = append(ns, v)
	}
	return out, median(ns)
}

func raw(x []int16) (b []byte) {
	for _, s := range x {
		b = binary.NativeEndian.AppendUint16(b, uint16(s))
	}
	return b
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// threadTime is what this thread has run, in nanoseconds.
func threadTime(t *testing.T) float64 {
	const clock = 3 // CLOCK_THREAD_CPUTIME_ID, clock_gettime(2)
	var ts syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		t.Fatal(errno)
	}
	return float64(ts.Nano())
}

// cost is the nanoseconds of thread CPU time that 20 ms take us.
func cost(t *testing.T, opts Opts, far, near []int16) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, out := New(opts), make([]int16, frame)
	begin := threadTime(t)
	n := 0
	for i := 0; i+frame <= len(far); i += frame {
		c.Process(far[i:i+frame], near[i:i+frame], out)
		n++
	}
	return (threadTime(t) - begin) / float64(n)
}

// The whole canceller, with suppressor, comfort noise and detectors, against the
// adaptive filters alone of the libraries, while all of them adapt.
func TestCostOfJudges(t *testing.T) {
	j := newJudge(t)
	for _, tt := range []struct {
		tail           time.Duration
		spandsp, speex float64 // greatest ratios, 0 = none
	}{
		{8 * time.Millisecond, 1.5, 0},
		{16 * time.Millisecond, 0, 0},
		{32 * time.Millisecond, 1.0, 2.0},
		{64 * time.Millisecond, 0, 0},
		{128 * time.Millisecond, 0.6, 0},
	} {
		far := css(10, -16, 61)
		near := newLine(t, "m1", 6, "PCMA", Opts{}).hear(far, room(10, -50, 61))
		var ours, spandsp, speex []float64
		for range 9 {
			ours = append(ours, cost(t, Opts{Tail: tt.tail}, far, near))
			_, ns := j.cancel(t, "spandsp", tt.tail, far, near, 1)
			spandsp = append(spandsp, ns)
			_, ns = j.cancel(t, "speex", tt.tail, far, near, 1)
			speex = append(speex, ns)
		}
		o, a, b := median(ours), median(spandsp), median(speex)
		t.Logf("%6v: %6.0f ns for 20 ms; spandsp %6.0f, ratio %.2f; speexdsp %6.0f, ratio %.2f", tt.tail, o, a, o/a, b, o/b)
		if tt.spandsp > 0 && o > tt.spandsp*a {
			t.Errorf("%v costs %.2f times spandsp, want %v at most", tt.tail, o/a, tt.spandsp)
		}
		if tt.speex > 0 && o > tt.speex*b {
			t.Errorf("%v costs %.2f times speexdsp, want %v at most", tt.tail, o/b, tt.speex)
		}
	}
}

// spans are the times of the figures, in seconds.
var spans = [][2]float64{{0, 0.5}, {0.5, 1}, {1, 2}, {2, 5}, {8, 9.9}}

// figures are the losses of a canceller over the spans.
func figures(near, out []int16, spans [][2]float64) (db []float64) {
	for _, s := range spans {
		db = append(db, erle(near, out, s[0], s[1]))
	}
	return db
}

// We learn faster than the judges and end no worse: the signal of G.168 on all
// models, and speech.
func TestConvergenceOfJudges(t *testing.T) {
	j := newJudge(t)
	for _, signal := range []string{"CSS", "speech"} {
		sums := map[string][]float64{}
		for i, m := range []string{"m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"} {
			far := css(10, -16, 62)
			if signal == "speech" {
				far = dsptest.Speech(t, dsptest.Voices[i], 10, -16, uint64(i))[:samples(10)]
			}
			l := newLine(t, m, 6, "PCMA", Opts{NoNLP: true})
			near := l.hear(far, nil)
			out := make([]int16, len(near))
			l.Process(far, near, out)
			row := fmt.Sprintf("%-6s %s: %4.1f", signal, m, figures(near, out, spans))
			add(sums, "ours", figures(near, out, spans))
			for _, library := range []string{"speex", "spandsp"} {
				theirs, _ := j.cancel(t, library, 32*time.Millisecond, far, near, 1)
				db := figures(near, theirs, spans)
				row += fmt.Sprintf("  %s %4.1f", library, db)
				add(sums, library, db)
			}
			t.Log(row)
		}
		for k, s := range spans {
			ours, speex, spandsp := sums["ours"][k]/8, sums["speex"][k]/8, sums["spandsp"][k]/8
			t.Logf("%-6s %v s: mean %.1f dB, speexdsp %.1f, spandsp %.1f", signal, s, ours, speex, spandsp)
			if s[0] >= 0.5 && (ours < speex-0.5 || ours < spandsp) {
				t.Errorf("%s %v s: %.1f dB, speexdsp %.1f, spandsp %.1f", signal, s, ours, speex, spandsp)
			}
		}
	}
}

func add(sums map[string][]float64, name string, db []float64) {
	if sums[name] == nil {
		sums[name] = make([]float64, len(db))
	}
	for i, v := range db {
		sums[name][i] += v
	}
}

// Double talk and a changed path: what follows them is no worse than with
// speexdsp.
func TestDoubleTalkOfJudges(t *testing.T) {
	j := newJudge(t)
	after := [][2]float64{{10, 10.35}, {10.35, 11}, {11, 12}, {12, 15}}
	compare := func(name string, far, near []int16, from int) {
		out := make([]int16, len(near))
		New(Opts{NoNLP: true}).Process(far, near, out)
		ours := figures(near, out, after)
		speex, _ := j.cancel(t, "speex", 32*time.Millisecond, far, near, 1)
		spandsp, _ := j.cancel(t, "spandsp", 32*time.Millisecond, far, near, 1)
		theirs := figures(near, speex, after)
		t.Logf("%-14s %4.1f, speexdsp %4.1f, spandsp %4.1f", name, ours, theirs, figures(near, spandsp, after))
		for i := from; i < len(after); i++ {
			if ours[i] < theirs[i]-1 {
				t.Errorf("%s, %v s: %.1f dB, speexdsp %.1f", name, after[i], ours[i], theirs[i])
			}
		}
	}
	for _, level := range []dsp.DBm0{-10, -16, -22, -28, -34} {
		far := css(15, -16, 63)
		said := join(quietness(5), nearCSS(5, level, 63), quietness(5))
		near := newLine(t, "m1", 6, "PCMA", Opts{}).hear(far, said)
		compare(fmt.Sprintf("near %v dBm0", level), far, near, 0)
	}
	far := css(15, -16, 64)
	first := newLine(t, "m1", 6, "PCMA", Opts{}).hear(far[:samples(10)], nil)
	second := newLine(t, "m4", 6, "PCMA", Opts{}).hear(far[samples(10):], nil)
	compare("path change", far, join(first, second), 1)
}
