//go:build interop

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/test/peer"
)

// A bench is an agent whose lines register nowhere: SIPp is the server of each,
// on a port of its own.
type bench struct {
	*ata
	server, local [benchLines + 1]int // SIP ports by line, from 1
}

const benchLines = 8

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{}
	var doc []object
	for n := 1; n <= benchLines; n++ {
		b.server[n], b.local[n] = peer.FreePort(t), peer.FreePort(t)
		doc = append(doc, object{
			"sip": object{
				"registrar": fmt.Sprintf("127.0.0.1:%d", b.server[n]), "user": "ata1", "register": false,
				"local_address": "127.0.0.1", "local_port": b.local[n],
			},
			"dial":  object{"plan": "(2xx)"},
			"tones": object{"reorder_delay_s": 1},
		})
	}
	b.ata = startATA(t, doc...)
	return b
}

// works has the telephone of line n carry out actions while the test goes on,
// and waits for it in the end.
func (b *bench) works(t *testing.T, n int, actions string) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := b.TryPhone(n, words(actions)...)
		done <- err
	}()
	t.Cleanup(func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
		_, _ = b.TryPhone(n, "onhook", "pause", "1s")
	})
}

// play runs a scenario as the server of line n and fails with what SIPp says.
func (b *bench) play(t *testing.T, n int, s *scenario, args ...string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "scenario.xml")
	peer.WriteFile(t, file, []byte(s.xml(t.Name())))
	args = append([]string{
		"-sf", file, "-i", "127.0.0.1", "-p", fmt.Sprint(b.server[n]), "-m", "1", "-timeout", "60s", "-timeout_error",
		"-nostdin", "-trace_err", "-error_file", filepath.Join(dir, "err"),
	}, args...)
	cmd := exec.Command("sipp", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		reason, _ := os.ReadFile(filepath.Join(dir, "err"))
		t.Errorf("sipp: %v\n%s\n%.2000s", err, reason, out)
	}
}

// TestScenarios plays calls that a proxy or telephone makes difficult. The
// agent is the whole program, a telephone lifts, dials and hangs up.
func TestScenarios(t *testing.T) {
	b := newBench(t)
	t.Run("called", b.called)
	t.Run("calling", b.calling)
}

// called has SIPp call the telephone, which answers when it rings.
func (b *bench) called(t *testing.T) {
	const answers = "wait ringing offhook wait cpc onhook"
	invite := func(seq int, tag, body string, headers ...string) string {
		return caller("INVITE", seq, tag, body, headers...)
	}
	for i, tt := range []struct {
		name  string
		build func(*scenario)
		phone string
	}{
		{"hold cycle", func(s *scenario) {
			s.send(invite(1, "", ours(1, sendrecv)), true).provisional().response(200)
			s.send(caller("ACK", 1, inDialog, ""), false).pause(100)
			for i, step := range []struct{ body, want string }{
				{ours(2, "sendonly"), "a=(recvonly|inactive)"},
				{ours(3, "inactive"), "a=inactive"},
				{media(4, "0.0.0.0", sendrecv), "a=(recvonly|inactive)"},
				{ours(5, sendrecv), "a=sendrecv"},
			} {
				s.send(invite(i+2, inDialog, step.body), true).provisional()
				s.response(200, s.check("body", step.want, true), s.check("body", "m=audio [1-9]", true))
				s.send(caller("ACK", i+2, inDialog, ""), false).pause(100)
			}
			s.send(caller("BYE", 6, inDialog, ""), true).response(200)
		}, answers},
		{"late offer", func(s *scenario) {
			s.send(invite(1, "", ""), true).provisional()
			s.response(200, s.check("body", "m=audio [1-9][0-9]* RTP/AVP", true))
			s.send(caller("ACK", 1, inDialog, ours(1, sendrecv)), false).pause(200)
			s.send(caller("BYE", 2, inDialog, ""), true).response(200)
		}, answers},
		{"audio beside T.38", func(s *scenario) {
			s.send(invite(1, "", ours(1, sendrecv)+"\nm=image 41002 udptl t38\na=T38FaxVersion:0"), true).provisional()
			s.response(200, s.check("body", "m=audio [1-9]", true), s.check("body", "m=image 0 ", true))
			s.send(caller("ACK", 1, inDialog, ""), false).pause(100)
			s.send(caller("BYE", 2, inDialog, ""), true).response(200)
		}, answers},
		{"no common codec", func(s *scenario) {
			s.send(invite(1, "", "v=0\no=sipp 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [local_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 18"), true).provisional()
			s.response(488).send(refusalAck, false)
		}, ""},
		{"unknown extension", func(s *scenario) {
			s.send(invite(1, "", ours(1, sendrecv), "Require: nobody-knows"), true).provisional()
			s.response(420, s.check("msg", "Unsupported: nobody-knows", true))
			s.send(refusalAck, false)
		}, ""},
		{"unknown dialog", func(s *scenario) {
			s.send(caller("BYE", 7, ";tag=nosuch", ""), true).response(481)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := min(i+1, 4)
			if tt.phone != "" {
				t.Parallel()
				b.works(t, n, tt.phone)
			}
			s := &scenario{}
			tt.build(s)
			b.play(t, n, s, fmt.Sprintf("127.0.0.1:%d", b.local[n]), "-s", "ata1")
		})
	}
}

// refusalAck belongs to the transaction of the INVITE, five steps before
// (RFC 3261 §17.1.1.3).
var refusalAck = strings.Replace(caller("ACK", 1, inDialog, ""), "[branch]", "[branch-5]", 1)

// calling has the telephone call SIPp.
func (b *bench) calling(t *testing.T) {
	const dials = "pause 500 offhook wait tone:dial dial 200 "
	ok := func(s *scenario) { s.send(last("200 OK", ""), false) }
	for i, tt := range []struct {
		name  string
		build func(*scenario)
		phone string
	}{
		{"two forks answer", func(s *scenario) {
			s.request("INVITE", keep)
			s.send(kept("180 Ringing", "forkA", ""), false)
			s.send(kept("200 OK", "forkA", ours(1, sendrecv)), false).request("ACK")
			s.send(kept("200 OK", "forkB", ours(1, sendrecv)), false)
			s.request("ACK", s.check("msg", "To: [^\\r\\n]*tag=forkB", true))
			s.request("BYE", s.check("msg", "To: [^\\r\\n]*tag=forkB", true))
			ok(s)
			s.request("BYE", s.check("msg", "To: [^\\r\\n]*tag=forkA", true)) // the telephone hangs up
			ok(s)
		}, dials + "pause 2s onhook"},
		{"answer crosses CANCEL", func(s *scenario) {
			s.request("INVITE", keep)
			s.send(kept("180 Ringing", "t", ""), false).request("CANCEL")
			s.send(last("200 OK", ""), false)
			s.send(kept("200 OK", "t", ours(1, sendrecv)), false).request("ACK").request("BYE")
			ok(s)
		}, dials + "wait tone:ringback onhook"},
		{"long ringing", func(s *scenario) {
			s.request("INVITE", keep)
			for range 30 {
				s.send(kept("180 Ringing", "t", ""), false).pause(300)
			}
			s.send(kept("200 OK", "t", ours(1, sendrecv)), false).request("ACK").request("BYE")
			ok(s)
		}, dials + "wait tone:ringback wait silent onhook"},
		{"re-INVITE refused with 491", func(s *scenario) {
			s.request("INVITE", keep)
			s.send(kept("200 OK", "t", ours(1, sendrecv)), false).request("ACK")
			s.request("INVITE", s.check("body", "a=(sendonly|inactive)", true))
			s.send(last("491 Request Pending", ""), false).request("ACK")
			s.add(`<recv request="INVITE" timeout="4500"/>`)
			s.send(last("200 OK", ours(2, "recvonly"), "Contact: <sip:t@[local_ip]:[local_port]>"), false).request("ACK")
			// Lifting again takes the call back.
			s.request("INVITE", s.check("body", "a=sendrecv", true))
			s.send(last("200 OK", ours(3, sendrecv), "Contact: <sip:t@[local_ip]:[local_port]>"), false).request("ACK")
			s.request("BYE")
			ok(s)
		}, dials + "pause 1s flash wait tone:dial pause 5s onhook wait ringing offhook pause 1s onhook"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := benchLines - i
			s := &scenario{}
			tt.build(s)
			b.works(t, n, tt.phone)
			b.play(t, n, s)
		})
	}
}
