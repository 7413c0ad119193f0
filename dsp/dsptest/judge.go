package dsptest

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

//go:embed testdata/spandsp.c
var spandspSource []byte

// Spandsp runs the functions of libspandsp, which others trust, on our signals.
type Spandsp struct{ program string }

// NewSpandsp builds the judge. The test is skipped where there is no compiler or
// no libspandsp-dev; where CI is true it fails.
func NewSpandsp(t testing.TB) Spandsp {
	t.Helper()
	dir := t.TempDir()
	source, program := filepath.Join(dir, "spandsp.c"), filepath.Join(dir, "spandsp")
	if err := os.WriteFile(source, spandspSource, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("gcc", "-O2", "-o", program, source, "-lspandsp", "-ltiff", "-lm").CombinedOutput()
	if err == nil {
		return Spandsp{program}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("build the spandsp judge: %v\n%s", err, out)
	}
	t.Skipf("gcc and libspandsp-dev are needed: %v", err)
	return Spandsp{}
}

func (s Spandsp) run(t testing.TB, in []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(s.program, args...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("spandsp %s: %v", args[0], err)
	}
	return out
}

func pcm(b []byte, x []int16) []byte {
	for _, s := range x {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// Digits returns what its DTMF receiver hears in each signal, with its dial-tone
// filter or without.
func (s Spandsp) Digits(t testing.TB, signals [][]int16, filter bool) []string {
	t.Helper()
	mode := "dtmf"
	if filter {
		mode = "dtmf-notch"
	}
	return s.lines(t, signals, mode)
}

// Tones returns the number of the tone of plan that its call-progress detector
// hears in each signal, "-1" for none. Plan is tones parted by slashes, each of
// elements f1:f2:min:max, in hertz and milliseconds, parted by commas.
func (s Spandsp) Tones(t testing.TB, signals [][]int16, plan string) []string {
	t.Helper()
	return s.lines(t, signals, "tones", plan)
}

// CallerID returns the message that its caller ID receiver of a standard (class,
// clip, jclip or dtmf) hears in each signal, in hexadecimal.
func (s Spandsp) CallerID(t testing.TB, signals [][]int16, standard string) []string {
	t.Helper()
	return s.lines(t, signals, "adsi", standard)
}

// lines passes signals to the judge and returns the line that it says of each.
func (s Spandsp) lines(t testing.TB, signals [][]int16, args ...string) []string {
	t.Helper()
	var in []byte
	for _, x := range signals {
		in = binary.LittleEndian.AppendUint32(in, uint32(len(x)))
		in = pcm(in, x)
	}
	heard := strings.Split(string(s.run(t, in, args...)), "\n")
	return heard[:len(signals)]
}

// Conceal returns x with the lost frames filled by its concealment.
func (s Spandsp) Conceal(t testing.TB, x []int16, lost []bool) []int16 {
	t.Helper()
	script := make([]byte, len(lost))
	for i, l := range lost {
		script[i] = '0'
		if l {
			script[i] = '1'
		}
	}
	return samplesOf(s.run(t, pcm(nil, x[:len(lost)*LossFrame]), "plc", string(script)))
}

func samplesOf(raw []byte) []int16 {
	out := make([]int16, len(raw)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(raw[2*i:]))
	}
	return out
}

// ConnectTones returns what its detector of one kind of tone of faxes and
// modems tells of each signal: numbers of kinds, as in its enumeration of modem
// connect tones.
func (s Spandsp) ConnectTones(t testing.TB, signals [][]int16, kind int) []string {
	t.Helper()
	return s.lines(t, signals, "connect", strconv.Itoa(kind))
}

// ConnectTone returns n samples of a kind of tone as it sends it.
func (s Spandsp) ConnectTone(t testing.TB, kind, n int) []int16 {
	t.Helper()
	return samplesOf(s.run(t, nil, "connect-tx", strconv.Itoa(kind), strconv.Itoa(n)))
}

// V21Bits returns what its receiver of V.21 channel 2 hears in x, as 0 and 1.
func (s Spandsp) V21Bits(t testing.TB, x []int16) string {
	t.Helper()
	return string(s.run(t, pcm(nil, x), "v21-rx"))
}

// V29 returns the signal of a page of so many random bits, as its modem of V.29
// sends it at 9600 bit/s.
func (s Spandsp) V29(t testing.TB, bits int) []int16 {
	t.Helper()
	return samplesOf(s.run(t, nil, "v29-tx", strconv.Itoa(bits)))
}

// V29Errors returns how many of so many bits of V29's signal its receiver hears
// in x, and how many of them are wrong.
func (s Spandsp) V29Errors(t testing.TB, x []int16, bits int) (heard, wrong int) {
	t.Helper()
	if _, err := fmt.Sscan(string(s.run(t, pcm(nil, x), "v29-rx", strconv.Itoa(bits))), &heard, &wrong); err != nil {
		t.Fatalf("spandsp v29-rx: %v", err)
	}
	return heard, wrong
}

// CPU returns the nanoseconds of thread CPU time that 20 ms cost each of its
// functions on x.
func (s Spandsp) CPU(t testing.TB, x []int16) map[string]float64 {
	t.Helper()
	cost := map[string]float64{}
	for line := range strings.Lines(string(s.run(t, pcm(nil, x), "bench"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		ns, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("spandsp bench: %v", err)
		}
		cost[name] = ns
	}
	return cost
}
