//go:build judges

package callerid

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

const judged = 100 // messages of each scheme

// fullCall draws a call that is not anonymous.
func fullCall(rng *rand.Rand) Call {
	for {
		if c := randomCall(rng); c.Absence == Given {
			return c
		}
	}
}

// spandsp reads every message of every scheme whose standard it has.
func TestSpandspReadsOurs(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	for name, standard := range map[string]string{
		"bellcore": "class", "bellcore-sdmf": "class", "etsi-fsk": "clip", "sin227": "clip", "ntt": "jclip",
		"dtmf-ac": "dtmf", "dtmf-reversal-ac": "dtmf", "dtmf-ahash": "dtmf", "dtmf-dc": "dtmf", "dtmf-hash": "dtmf",
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := Lookup(name)
			rng := rand.New(rand.NewPCG(3, 3))
			var signals [][]int16
			var want []string
			for range judged {
				c := randomCall(rng)
				switch name {
				case "dtmf-dc", "dtmf-hash": // have no word for absence
					c = fullCall(rng)
				case "ntt": // this judge does not know that a DLE in the text is sent twice
					for n := len(c.Number); n == 14 || n == 16; n = len(c.Number) {
						c = randomCall(rng)
					}
				}
				signals = append(signals, play(s.Message(c)))
				want = append(want, content(s, c))
			}
			read := 0
			for i, got := range judge.CallerID(t, signals, standard) {
				if !strings.HasPrefix(got, want[i]) || want[i] == "" {
					t.Errorf("message %d is read as %q, want %q", i, got, want[i])
					continue
				}
				read++
			}
			t.Logf("%s: %d of %d read", name, read, judged)
		})
	}
}

// content is what the judge should make of a call, in hexadecimal: keys, or a
// message without its check.
func content(s *Scheme, c Call) string {
	if s.keys != nil {
		return fmt.Sprintf("%x", s.keys(c))
	}
	b := s.build(c)
	if s.Name != "ntt" {
		return fmt.Sprintf("%x", b[:len(b)-1])
	}
	plain := make([]byte, len(b)-2)
	for i := range plain {
		plain[i] = b[i] & 0x7F
	}
	return fmt.Sprintf("%x", plain)
}

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
	return path
}

// minimodem knows Bell 202 and the fields of Bellcore.
func TestMinimodemReadsOurs(t *testing.T) {
	minimodem := program(t, "minimodem")
	s, _ := Lookup("bellcore")
	rng := rand.New(rand.NewPCG(4, 4))
	read := 0
	for i := range judged {
		c := fullCall(rng)
		file := filepath.Join(t.TempDir(), "call.wav")
		dsptest.WriteWAV(t, file, play(s.Message(c)))
		out, err := exec.Command(minimodem, "--rx", "callerid", "-q", "-f", file).Output()
		if err != nil {
			t.Fatalf("minimodem: %v", err)
		}
		c = c.clean(longestName)
		text := strings.ReplaceAll(string(out), "-", "") // it parts ten digits
		if !strings.Contains(text, c.Number+"\n") || !strings.Contains(text, c.Name) || !strings.Contains(text, c.Time.Format("01/02 15:04")) {
			t.Errorf("message %d: %+v is read as\n%s", i, c, text)
			continue
		}
		read++
	}
	t.Logf("minimodem: %d of %d read", read, judged)
}

// multimon-ng knows V.23 and the fields of ETSI.
func TestMultimonReadsOurs(t *testing.T) {
	multimon := program(t, "multimon-ng")
	s, _ := Lookup("etsi-fsk")
	rng := rand.New(rand.NewPCG(5, 5))
	read := 0
	for i := range judged {
		c := fullCall(rng)
		cmd := exec.Command(multimon, "-q", "-t", "raw", "-a", "CLIPFSK", "-")
		cmd.Stdin = bytes.NewReader(dsptest.Resampled(play(s.Message(c)), 22050))
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("multimon-ng: %v", err)
		}
		c = c.clean(longestNameETSI)
		if text := string(out); !strings.Contains(text, c.Number) || !strings.Contains(text, c.Name) {
			t.Errorf("message %d: %+v is read as\n%s", i, c, text)
			continue
		}
		read++
	}
	t.Logf("multimon-ng: %d of %d read", read, judged)
}
