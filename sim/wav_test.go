package sim

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestWAVRoundTrip(t *testing.T) {
	for _, want := range [][]int16{{}, {1}, {-32768, 32767, 0, -1}} {
		var b bytes.Buffer
		if err := WriteWAV(&b, want); err != nil {
			t.Fatal(err)
		}
		got, err := ReadWAV(&b)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v came back as %v, %v", want, got, err)
		}
	}
}

func wavBytes(t testing.TB, x ...int16) []byte {
	var b bytes.Buffer
	if err := WriteWAV(&b, x); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWAVRefusals(t *testing.T) {
	change := func(at int, v ...byte) []byte {
		b := wavBytes(t, 1, 2, 3)
		copy(b[at:], v)
		return b
	}
	tests := []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "unexpected EOF"},
		{"not RIFF", change(0, 'O', 'g', 'g', 'S'), "not a RIFF WAVE file"},
		{"stereo", change(22, 2), "2 channels"},
		{"16 kHz", change(24, 0x80, 0x3e), "16000 Hz"},
		{"8 bits", change(34, 8), "8 bits"},
		{"mu-law", change(20, 7), "format 7"},
		{"no data", wavBytes(t)[:36], "no data chunk"},
		{"cut header", wavBytes(t)[:20], "unexpected EOF"},
	}
	for _, tt := range tests {
		if _, err := ReadWAV(bytes.NewReader(tt.file)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
	// Other chunks are passed over, and the end of the file ends the data.
	b := wavBytes(t, 5, 6)
	extra := slices.Concat(b[:36], []byte("LIST\x03\x00\x00\x00abc\x00"), b[36:])
	copy(extra[36+12+4:], "\xff\xff\xff\xff")
	if got, err := ReadWAV(bytes.NewReader(extra)); err != nil || !slices.Equal(got, []int16{5, 6}) {
		t.Errorf("with a LIST chunk: %v, %v", got, err)
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wavBytes(f, 1, -2, 3))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := ReadWAV(bytes.NewReader(b))
		if err != nil {
			return
		}
		again, err := ReadWAV(bytes.NewReader(wavBytes(t, x...)))
		if err != nil || !slices.Equal(x, again) {
			t.Fatalf("%d samples came back as %d, %v", len(x), len(again), err)
		}
	})
}
