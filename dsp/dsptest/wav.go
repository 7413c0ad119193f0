package dsptest

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
)

// WriteWAV writes x to a file as 16-bit mono PCM at 8 kHz, for programs that judge.
func WriteWAV(t testing.TB, path string, x []int16) {
	t.Helper()
	const octets, rate = 2, dsp.SampleRate
	var b bytes.Buffer
	b.WriteString("RIFF")
	for _, v := range []any{
		uint32(36 + octets*len(x)), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(rate), uint32(octets * rate),
		uint16(octets), uint16(8 * octets), []byte("data"), uint32(octets * len(x)), x,
	} {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ReadWAV returns what a file of 16-bit mono PCM holds, at 8 kHz.
func ReadWAV(t testing.TB, path string) []int16 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if at := bytes.Index(b, []byte("data")); at >= 36 && len(b) >= at+8 { // what follows the samples is none
		n := int64(binary.LittleEndian.Uint32(b[at+4:]))
		b = b[:min(int64(len(b)), int64(at)+8+n)]
	}
	x, err := decodeWAV(b)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return x
}

// Resampled returns x at a higher rate, as raw little-endian samples, for programs
// that want no other.
func Resampled(x []int16, rate int) (raw []byte) {
	const reach = 16
	for i := range len(x) * rate / dsp.SampleRate {
		at := float64(i) * dsp.SampleRate / float64(rate)
		sum := 0.0
		for k := max(0, int(at)-reach); k < min(len(x), int(at)+reach); k++ {
			d := at - float64(k)
			sum += (0.5 + 0.5*math.Cos(math.Pi*d/(reach+1))) * sinc(d) * float64(x[k])
		}
		raw = binary.LittleEndian.AppendUint16(raw, uint16(dsp.Saturate(int32(math.Round(sum)))))
	}
	return raw
}
