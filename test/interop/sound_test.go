//go:build interop

package interop

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
)

// sine is a tone of a level, at 8 kHz.
func sine(hz float64, level dsp.DBm0, d time.Duration) []int16 {
	out := make([]int16, int(d*dsp.SampleRate/time.Second))
	for i := range out {
		out[i] = int16(math.Round(level.Amplitude() * math.Sin(2*math.Pi*hz*float64(i)/dsp.SampleRate)))
	}
	return out
}

// wav wraps samples as a mono 16-bit file.
func wav(x []int16) []byte {
	h := []byte("RIFF....WAVEfmt ")
	binary.LittleEndian.PutUint32(h[4:], uint32(36+2*len(x)))
	for _, v := range []any{uint32(16), uint16(1), uint16(1), uint32(8000), uint32(16000), uint16(2), uint16(16)} {
		h, _ = binary.Append(h, binary.LittleEndian, v)
	}
	h = append(h, "data"...)
	h = binary.LittleEndian.AppendUint32(h, uint32(2*len(x)))
	h, _ = binary.Append(h, binary.LittleEndian, x)
	return h
}

// readWAV reads a mono 16-bit file, also one whose writer ended before it could
// write the lengths.
func readWAV(t *testing.T, name string) []int16 {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := 12; i+8 <= len(data); {
		size := int(binary.LittleEndian.Uint32(data[i+4:]))
		if string(data[i:i+4]) == "data" {
			body := data[i+8:]
			if size > 0 && size < len(body) {
				body = body[:size]
			}
			x := make([]int16, len(body)/2)
			for j := range x {
				x[j] = int16(binary.LittleEndian.Uint16(body[2*j:]))
			}
			return x
		}
		i += 8 + size
	}
	t.Fatalf("%s holds no samples", name)
	return nil
}

// speechFolder is where Debian's asterisk-core-sounds-en-wav has its speech.
const speechFolder = "/usr/share/asterisk/sounds/en_US_f_Allison"

// voiceFile reads real speech.
func voiceFile(t *testing.T, name string) []int16 {
	t.Helper()
	return readWAV(t, filepath.Join(speechFolder, name))
}
