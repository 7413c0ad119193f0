//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/test/peer"
)

// secretAccount is account over TLS.
func secretAccount(k *peer.Kamailio, n int, ca, srtp string) object {
	line := account(k, n, "tls", "PCMA")
	sip := line["sip"].(object)
	sip["outbound_proxy"] = fmt.Sprintf("127.0.0.1:%d", k.Secure)
	sip["tls"] = object{"ca_file": ca}
	line["rtp"] = object{"srtp": srtp}
	return line
}

// secretStatus is what the test reads of a line.
type secretStatus struct {
	Lines []struct {
		Registration string `json:"registration"`
		Transport    string `json:"transport"`
		Trouble      string `json:"tls_trouble"`
		Reason       string `json:"reason"`
		Calls        []secretCall
	}
}

type secretCall struct {
	Encryption string `json:"encryption"`
	Voice      struct {
		Received    uint64 `json:"received_packets"`
		Unauthentic uint64 `json:"unauthentic_packets"`
	} `json:"voice"`
}

// secretLab is Kamailio with TLS, an agent, and what its lines have been told.
type secretLab struct {
	*peer.Kamailio
	*ata
	bare *baresip // encrypts where the other can
}

// TestSecretCalls makes calls over TLS with encrypted voice through Kamailio to
// baresip and back.
func TestSecretCalls(t *testing.T) {
	t.Parallel()
	l := &secretLab{Kamailio: peer.StartSecureKamailio(t, "MD5", accounts()...)}
	spoken := voiceFile(t, "vm-intro.wav")[:4*8000]
	tx := slices.Concat(make([]int16, 12000), spoken, make([]int16, 5*8000), voiceFile(t, "demo-instruct.wav")) // its end is the call's
	l.bare = startBaresip(t, l.Kamailio, baresipOpts{codec: "PCMA", tx: tx, secret: "srtp"})
	l.ata = runATA(t,
		secretAccount(l.Kamailio, 1, l.CA, "auto"),
		secretAccount(l.Kamailio, 2, l.CA, "required"),
		secretAccount(l.Kamailio, 3, peer.Certificate(t, t.TempDir()), "auto"))
	t.Run("registration", l.registration)
	t.Run("in", l.in)
	t.Run("required", l.required)
	t.Run("strict", l.strict)
	t.Run("speech", func(t *testing.T) { l.speech(t, spoken) })
}

// lines is the state of the lines.
func (l *secretLab) lines(t *testing.T) secretStatus {
	t.Helper()
	var s secretStatus
	l.Status(t, &s)
	return s
}

// registration: a server that proves who it is has the lines, one that does not is
// not told anything, and the state says why.
func (l *secretLab) registration(t *testing.T) {
	peer.Eventually(t, 20*time.Second, "two lines are registered, one is not and says why", func() bool {
		s := l.lines(t).Lines
		return len(s) == 3 && s[0].Registration == "registered" && s[1].Registration == "registered" && s[2].Trouble != ""
	})
	s := l.lines(t).Lines
	if s[0].Transport != "tls" || s[2].Registration != "registering" || s[2].Trouble != "untrusted_certificate" || !strings.Contains(s[2].Reason, "not trusted") {
		t.Errorf("%+v", s)
	}
	if !l.Knows(t, userOf(1)) || !l.Knows(t, userOf(2)) || l.Knows(t, userOf(3)) {
		t.Error("Kamailio knows other lines")
	}
	if out, _ := l.Command("doctor", "-config", l.File(), "-board", "virtual"); !strings.Contains(out, "not trusted") || !strings.Contains(out, "sip.tls.ca_file") {
		t.Errorf("doctor does not say what is wrong:\n%s", out)
	}
}

// pinhole is the one packet of a call that baresip does not protect: RTCP of type
// APP, with which it opens a NAT. It is dropped, and counted.
const pinhole = 1

// encrypted checks the one call of a line.
func (l *secretLab) encrypted(t *testing.T, line int) {
	t.Helper()
	calls := l.lines(t).Lines[line-1].Calls
	if len(calls) != 1 || calls[0].Encryption == "" || calls[0].Voice.Received == 0 || calls[0].Voice.Unauthentic > pinhole {
		t.Errorf("calls %+v, want one that is encrypted", calls)
	}
}

// in has baresip call a line that requires encryption, hold and resume the call, and
// the line do the same.
func (l *secretLab) in(t *testing.T) {
	l.bare.call(t, 2)
	l.Phone(t, 2, words("wait ringing offhook wait talk")...)
	l.encrypted(t, 2)
	l.bare.do(t, "hold", "")
	l.Phone(t, 2, words("wait silent -timeout 5s")...)
	l.bare.do(t, "resume", "")
	l.Phone(t, 2, words("wait talk -timeout 5s flash 300 wait tone:dial flash 300 wait talk -timeout 5s")...)
	l.encrypted(t, 2)
	l.Phone(t, 2, "onhook")
	l.idle(t, 2)
}

// idle waits for the end of a line's call.
func (l *secretLab) idle(t *testing.T, line int) {
	t.Helper()
	peer.Eventually(t, 5*time.Second, "the line is idle", func() bool { return len(l.lines(t).Lines[line-1].Calls) == 0 })
}

// required: with a telephone that does not encrypt there is no call in either
// direction, and the log says why.
func (l *secretLab) required(t *testing.T) {
	plain := startBaresip(t, l.Kamailio, baresipOpts{codec: "PCMA", user: plainUser})
	plain.call(t, 2)
	peer.Eventually(t, 5*time.Second, "baresip is refused by 488", func() bool { return plain.has("CALL_CLOSED", "488") })
	if log := l.ata.Log.String(); !strings.Contains(log, "which this line requires") {
		t.Error("the log does not say why")
	}
	l.Phone(t, 2, words("offhook wait tone:dial dial "+plainUser+" wait tone:reorder onhook")...)
	l.Phone(t, 1, words("offhook wait tone:dial dial "+plainUser+" wait talk onhook")...) // there it is optional
	l.idle(t, 1)
	plain.Stop()
}

// strict: a telephone that takes nothing but encrypted voice calls.
func (l *secretLab) strict(t *testing.T) {
	strict := startBaresip(t, l.Kamailio, baresipOpts{codec: "PCMA", user: strictUser, secret: "srtp-mand"})
	strict.call(t, 1)
	l.Phone(t, 1, words("wait ringing offhook wait talk")...)
	l.encrypted(t, 1)
	l.Phone(t, 1, "onhook")
	l.idle(t, 1)
	strict.Stop()
}

// speech compares what was said and heard at both ends of a call that must be
// encrypted.
func (l *secretLab) speech(t *testing.T, spoken []int16) {
	said := voiceFile(t, "demo-thanks.wav")[:4*8000]
	file, ear := filepath.Join(l.State, "said.wav"), filepath.Join(l.State, "ear.wav")
	peer.WriteFile(t, file, wav(said))
	l.Phone(t, 2, words(clean+"offhook wait tone:dial dial 2001 record "+ear+" -for 8s wait talk say "+file+" pause 1s")...)
	l.encrypted(t, 2)
	l.Phone(t, 2, "onhook")
	l.idle(t, 2)
	l.bare.Stop() // so that its files are complete
	excused := 0
	if busy(t) {
		concealed := l.concealed(t)
		excused = int(math.Ceil(concealed / 0.02))
		t.Logf("the machine is busy: %v s concealed, %d gaps excused", concealed, excused)
	}
	check(t, "telephone to baresip", said, l.bare.heard(t), 0)
	check(t, "baresip to telephone", spoken, readWAV(t, ear), excused)
	var past []secretCall
	out, err := exec.Command(program, "calls", "-json", "-state", l.State).Output()
	if err == nil {
		err = json.Unmarshal(out, &past)
	}
	if err != nil || len(past) == 0 || past[len(past)-1].Encryption == "" {
		t.Errorf("calls -json: %v, %+v", err, past)
	}
}
