//go:build interop

package interop

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/compare"
)

// TestRegister registers by each digest algorithm and transport.
func TestRegister(t *testing.T) {
	for _, algorithm := range []string{"MD5", "SHA-256"} {
		for _, transport := range []string{"udp", "tcp"} {
			t.Run(algorithm+" "+transport, func(t *testing.T) {
				k := startKamailio(t, algorithm)
				startATA(t, account(k, lineOne, lineOnePW, transport, nil))
			})
		}
	}
}

// TestWrongPassword expects a clear state and no hammering.
func TestWrongPassword(t *testing.T) {
	k := startKamailio(t, "MD5")
	a := runATA(t, account(k, lineOne, "wrong", "udp", nil))
	eventually(t, 10*time.Second, "the refusal shows in status", func() bool {
		s := a.status(t)
		return len(s.Lines) == 1 && s.Lines[0].Registration == "refused"
	})
}

// TestCallOut calls baresip by keys and by rotary dials of every speed, over
// UDP and TCP, in both laws.
func TestCallOut(t *testing.T) {
	tests := []struct{ how, transport, codec string }{
		{"dial 2001", "udp", "PCMU"},
		{"dial 2001", "tcp", "PCMA"},
		{"dial 2001 -on 50 -off 50", "udp", "PCMA"},
		{"pulse 2001 -pps 8", "udp", "PCMU"},
		{"pulse 2001 -pps 10", "tcp", "PCMU"},
		{"pulse 2001 -pps 12", "udp", "PCMA"},
		{"pulse 2001 -pps 20", "udp", "PCMU"},
	}
	for _, tt := range tests {
		t.Run(tt.how+" "+tt.transport+" "+tt.codec, func(t *testing.T) {
			k := startKamailio(t, "MD5")
			b := startBaresip(t, k, baresipOpts{codec: tt.codec})
			a := startATA(t, account(k, lineOne, lineOnePW, tt.transport, nil))
			a.phone(t, 1, words("offhook wait tone:dial "+tt.how+" wait talk")...)
			if c := a.status(t).Lines[0].Calls; len(c) != 1 || c[0].Codec != tt.codec || c[0].Number != bareUser {
				t.Errorf("calls = %+v, want one to %s in %s", c, bareUser, tt.codec)
			}
			a.phone(t, 1, "onhook")
			eventually(t, 5*time.Second, "baresip sees the end", func() bool { return b.count("CALL_CLOSED") == 1 })
			a.idle(t)
		})
	}
}

func words(s string) []string { return strings.Fields(s) }

// TestCalled has baresip call the telephone, and each side hang up once.
func TestCalled(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			k := startKamailio(t, "MD5")
			b := startBaresip(t, k, baresipOpts{})
			a := startATA(t, account(k, lineOne, lineOnePW, transport, nil))

			b.do(t, "dial", "sip:"+lineOne+"@ata.test")
			a.phone(t, 1, words("wait ringing offhook wait talk onhook")...)
			eventually(t, 5*time.Second, "baresip sees the end", func() bool { return b.count("CALL_CLOSED") == 1 })
			a.idle(t)

			b.do(t, "dial", "sip:"+lineOne+"@ata.test")
			a.phone(t, 1, words("wait ringing offhook wait talk")...)
			b.do(t, "hangup", "")
			a.phone(t, 1, words("wait cpc wait tone:reorder onhook")...)
			a.idle(t)

			// The caller gives up while it rings.
			b.do(t, "dial", "sip:"+lineOne+"@ata.test")
			a.phone(t, 1, "wait", "ringing")
			b.do(t, "hangup", "")
			a.phone(t, 1, "wait", "silent")
			a.idle(t)
		})
	}
}

// TestFailures calls numbers that Kamailio refuses: each status has its tone.
func TestFailures(t *testing.T) {
	k := startKamailio(t, "MD5")
	a := startATA(t, account(k, lineOne, lineOnePW, "udp", nil))
	for _, tt := range []struct{ number, tone string }{
		{"9486", "busy"},
		{"9600", "busy"},
		{"9404", "sit"},
		{"9480", "reorder"},
		{"9603", "busy"},
		{"9503", "sit"},
		{"9500", "reorder"},
		{"1999", "reorder"}, // not registered: 480
	} {
		t.Run(tt.number, func(t *testing.T) {
			a.phone(t, 1, "offhook", "wait", "tone:dial", "dial", tt.number, "wait", "tone:"+tt.tone, "onhook", "pause", "1500ms")
			a.idle(t)
		})
	}
}

// TestBusy calls a telephone that is off hook.
func TestBusy(t *testing.T) {
	k := startKamailio(t, "MD5")
	a := startATA(t, account(k, lineOne, lineOnePW, "udp", nil), account(k, lineTwo, lineTwoPW, "udp", nil))
	a.phone(t, 2, words("offhook wait tone:dial")...)
	a.phone(t, 1, words("offhook wait tone:dial dial "+lineTwo+" wait tone:busy onhook")...)
	a.phone(t, 2, "onhook")
	a.idle(t)
}

// TestHold has the far end hold and resume the call.
func TestHold(t *testing.T) {
	k := startKamailio(t, "MD5")
	b := startBaresip(t, k, baresipOpts{})
	a := startATA(t, account(k, lineOne, lineOnePW, "udp", nil))
	a.phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk")...)
	b.do(t, "hold", "")
	a.phone(t, 1, words("wait silent -timeout 5s")...)
	b.do(t, "resume", "")
	a.phone(t, 1, words("wait talk -timeout 5s onhook")...)
	a.idle(t)
}

// TestKeys sends keys both ways as telephone events.
func TestKeys(t *testing.T) {
	k := startKamailio(t, "MD5")
	b := startBaresip(t, k, baresipOpts{})
	a := startATA(t, account(k, lineOne, lineOnePW, "udp", nil))
	a.phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk dial 5#0")...)
	for _, key := range []string{"5", "#", "0"} {
		eventually(t, 5*time.Second, "baresip got key "+key, func() bool { return b.has("CALL_DTMF_START", key) })
	}
	b.do(t, "sndcode", "7")
	eventually(t, 5*time.Second, "the telephone hears key 7", func() bool {
		return strings.Contains(a.phone(t, 1, "state"), "keys 7")
	})
	a.phone(t, 1, "onhook")
	a.idle(t)
}

// TestKamailioRestarts takes the registrar away and back.
func TestKamailioRestarts(t *testing.T) {
	k := startKamailio(t, "MD5")
	a := startATA(t, account(k, lineOne, lineOnePW, "udp", nil))
	k.stop()
	k.start(t) // it has forgotten who was registered
	b := startBaresip(t, k, baresipOpts{})
	// expires_s is 60: the refresh comes after about half of it and makes the
	// line known again; RFC 5626 §4.5 allows 30 s more after a failure.
	eventually(t, 90*time.Second, "the telephone rings again", func() bool {
		b.do(t, "dial", "sip:"+lineOne+"@ata.test")
		_, err := a.tryPhone(1, "wait", "ringing", "-timeout", "2s")
		return err == nil
	})
	a.phone(t, 1, words("offhook wait talk onhook")...)
	a.idle(t)
}

// TestSpeech speaks into the telephone and compares with what baresip recorded,
// and the reverse.
func TestSpeech(t *testing.T) {
	said := voiceFile(t, "demo-thanks.wav")
	theirs := append(make([]int16, 8000), voiceFile(t, "vm-intro.wav")...)
	for _, codec := range []string{"PCMU", "PCMA"} {
		t.Run(codec, func(t *testing.T) {
			k := startKamailio(t, "MD5")
			b := startBaresip(t, k, baresipOpts{codec: codec, tx: theirs})
			a := startATA(t, account(k, lineOne, lineOnePW, "udp", nil))
			speech, ear := filepath.Join(a.state, "said.wav"), filepath.Join(a.state, "ear.wav")
			writeFile(t, speech, wav(said))
			a.phone(t, 1, words("offhook wait tone:dial dial 2001 record "+ear+" -for 9s wait talk say "+speech+" pause 1s onhook")...)
			b.stop() // so that its files are complete
			check(t, "telephone to baresip", said, b.heard(t))
			data, err := os.ReadFile(ear)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "baresip to telephone", theirs[8000:], samples(t, data))
		})
	}
}

// check finds what was said within a recording.
func check(t *testing.T, name string, said, recording []int16) {
	t.Helper()
	recording = append(recording, make([]int16, len(said))...)
	within := time.Duration(len(recording)-len(said)) * time.Second / dsp.SampleRate
	r, err := compare.Speech(said, recording, within)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	t.Logf("%s: %+v", name, r)
	if r.Correlation < 0.98 || math.Abs(r.Gain) > 0.5 || r.Gaps > 0 {
		t.Errorf("%s: %+v, want correlation at least 0.98, level within 0.5 dB, no gaps", name, r)
	}
}

func voiceFile(t *testing.T, name string) []int16 {
	t.Helper()
	data, err := os.ReadFile("/usr/share/asterisk/sounds/en_US_f_Allison/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return samples(t, data)
}

// TestManyCalls calls a hundred times each way, two lines at once, and expects
// nothing to be left over.
func TestManyCalls(t *testing.T) {
	n := 15
	if os.Getenv("ATA_FULL") != "" {
		n = 50 // on each of two lines
	}
	k := startKamailio(t, "MD5")
	a := startATA(t, account(k, lineOne, lineOnePW, "udp", nil), account(k, lineTwo, lineTwoPW, "udp", nil))
	b := startBaresip(t, k, baresipOpts{})
	before := goroutines(t, a)
	var lines sync.WaitGroup
	for line := 1; line <= 2; line++ {
		lines.Go(func() {
			for i := range n {
				if _, err := a.tryPhone(line, words("offhook wait tone:dial dial 2001 -on 50 -off 50 wait talk onhook pause 1s")...); err != nil {
					t.Errorf("line %d, call %d: %v", line, i, err)
					return
				}
			}
		})
	}
	lines.Wait()
	eventually(t, 10*time.Second, "baresip saw every end", func() bool { return b.count("CALL_CLOSED") == 2*n })
	a.idle(t)
	for i := range 2 * n {
		user := []string{lineOne, lineTwo}[i%2]
		b.do(t, "dial", "sip:"+user+"@ata.test")
		a.phone(t, i%2+1, words("wait ringing offhook wait talk onhook pause 1s")...)
	}
	a.idle(t)
	eventually(t, 40*time.Second, "the agent is as it was before the calls", func() bool { return goroutines(t, a) <= before })
}

// goroutines is how many threads of control the agent has.
func goroutines(t *testing.T, a *ata) int {
	t.Helper()
	var s struct {
		Process struct {
			Goroutines int `json:"goroutines"`
		} `json:"process"`
	}
	a.statusInto(t, &s)
	if s.Process.Goroutines == 0 {
		t.Fatal("status does not tell the goroutines")
	}
	return s.Process.Goroutines
}
