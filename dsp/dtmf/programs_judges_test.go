//go:build judges

package dtmf

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
)

// keyedAll is all sixteen keys at 40/40 ms, as the far end gets them.
func keyedAll(i int) []int16 {
	var g Generator
	x := make([]int16, 16*640+1600)
	for k, key := range []byte(keys) {
		g.StartFor(key, dsp.DBm0(-6-i%10), 2, 320, 320)
		g.Mix(x[800+i+640*k:][:640])
	}
	codes := make([]byte, len(x))
	g711.Encode(g711.Law(i%2), codes, x)
	g711.Decode(g711.Law(i%2), x, codes)
	return x
}

// multimon-ng hears every digit we key. (dtmf2num is no judge: even of keys of 100 ms
// it misses some.)
func TestMultimonHearsOurDigits(t *testing.T) {
	multimon, err := exec.LookPath("multimon-ng")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	for i := range 20 {
		cmd := exec.Command(multimon, "-q", "-t", "raw", "-a", "DTMF", "-")
		cmd.Stdin = bytes.NewReader(dsptest.Resampled(keyedAll(i), 22050))
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("multimon-ng: %v", err)
		}
		got := ""
		for line := range strings.Lines(string(out)) {
			if key, ok := strings.CutPrefix(line, "DTMF: "); ok {
				got += strings.TrimSpace(key)
			}
		}
		if got != keys {
			t.Errorf("trial %d is heard as %q, want %q", i, got, keys)
		}
	}
}
