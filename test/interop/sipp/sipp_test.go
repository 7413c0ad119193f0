//go:build interop

// Package sipp plays scenarios of SIPp against the user agent.
package sipp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/sip"
)

var rtp = netip.MustParseAddrPort("127.0.0.1:41000")

// start runs a UA on loopback that lets react handle its events. server is
// where its calls go.
func start(t *testing.T, server string, react func(*sip.UA, sip.Event)) *sip.UA {
	t.Helper()
	var ua *sip.UA
	ready := make(chan struct{})
	ua, err := sip.New(
		sip.Account{User: "ata1", Domain: "ata.test", Registrar: server},
		sip.Voice{Events: true},
		sip.Opts{
			LocalAddr: netip.MustParseAddr("127.0.0.1"),
			Peers:     []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")},
			Limits:    sip.Limits{RequestRate: 1e5, RequestBurst: 1e5},
			Notify:    func(e sip.Event) { <-ready; react(ua, e) },
		})
	if err != nil {
		t.Fatal(err)
	}
	close(ready)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- ua.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for !ua.LocalAddr().IsValid() {
		time.Sleep(time.Millisecond)
	}
	return ua
}

// play runs a scenario and fails with what SIPp says.
func play(t *testing.T, s *scenario, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("sipp"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("sipp is not installed")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "scenario.xml")
	if err := os.WriteFile(file, []byte(s.xml(t.Name())), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-sf", file, "-i", "127.0.0.1", "-m", "1", "-timeout", "40s", "-timeout_error", "-nostdin", "-trace_err", "-error_file", filepath.Join(dir, "err")}, args...)
	cmd := exec.Command("sipp", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		reason, _ := os.ReadFile(filepath.Join(dir, "err"))
		t.Errorf("sipp: %v\n%s\n%.2000s", err, reason, out)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// SIPp calls the UA, which answers everything.
func TestCalled(t *testing.T) {
	invite := func(seq int, tag, body string, headers ...string) string {
		return caller("INVITE", seq, tag, body, headers...)
	}
	for _, tt := range []struct {
		name  string
		build func(*scenario)
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
		}},
		{"late offer", func(s *scenario) {
			s.send(invite(1, "", ""), true).provisional()
			s.response(200, s.check("body", "m=audio [1-9][0-9]* RTP/AVP", true))
			s.send(caller("ACK", 1, inDialog, ours(1, sendrecv)), false).pause(200)
			s.send(caller("BYE", 2, inDialog, ""), true).response(200)
		}},
		{"audio beside T.38", func(s *scenario) {
			s.send(invite(1, "", ours(1, sendrecv)+"\nm=image 41002 udptl t38\na=T38FaxVersion:0"), true).provisional()
			s.response(200, s.check("body", "m=audio [1-9]", true), s.check("body", "m=image 0 ", true))
			s.send(caller("ACK", 1, inDialog, ""), false).pause(100)
			s.send(caller("BYE", 2, inDialog, ""), true).response(200)
		}},
		{"no common codec", func(s *scenario) {
			s.send(invite(1, "", "v=0\no=sipp 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [local_ip]\nt=0 0\nm=audio [media_port] RTP/AVP 18"), true).provisional()
			s.response(488).send(caller("ACK", 1, inDialog, ""), false)
		}},
		{"unknown extension", func(s *scenario) {
			s.send(invite(1, "", ours(1, sendrecv), "Require: nobody-knows"), true).provisional()
			s.response(420, s.check("msg", "Unsupported: nobody-knows", true))
			s.send(caller("ACK", 1, inDialog, ""), false)
		}},
		{"unknown dialog", func(s *scenario) {
			s.send(caller("BYE", 7, ";tag=nosuch", ""), true).response(481)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ua := start(t, "127.0.0.1", func(ua *sip.UA, e sip.Event) {
				if in, ok := e.(sip.Incoming); ok {
					ua.Ring(in.Call)
					ua.Answer(in.Call, rtp)
				}
			})
			s := &scenario{}
			tt.build(s)
			play(t, s, ua.LocalAddr().String(), "-s", "ata1", "-p", fmt.Sprint(freePort(t)))
		})
	}
}

// The UA calls SIPp.
func TestCalling(t *testing.T) {
	ok := func(s *scenario) { s.send(last("200 OK", ""), false) }
	for _, tt := range []struct {
		name  string
		build func(*scenario)
		react func(*sip.UA, sip.Event)
	}{
		{"two forks answer", func(s *scenario) {
			s.request("INVITE", keep)
			s.send(kept("180 Ringing", "forkA", ""), false)
			s.send(kept("200 OK", "forkA", ours(1, sendrecv)), false).request("ACK")
			s.send(kept("200 OK", "forkB", ours(1, sendrecv)), false)
			s.request("ACK", s.check("msg", "To: [^\\r\\n]*tag=forkB", true))
			s.request("BYE", s.check("msg", "To: [^\\r\\n]*tag=forkB", true))
			ok(s)
		}, func(*sip.UA, sip.Event) {}},
		{"answer crosses CANCEL", func(s *scenario) {
			s.request("INVITE", keep)
			s.send(kept("180 Ringing", "t", ""), false).request("CANCEL")
			s.send(last("200 OK", ""), false)
			s.send(kept("200 OK", "t", ours(1, sendrecv)), false).request("ACK").request("BYE")
			ok(s)
		}, func(ua *sip.UA, e sip.Event) {
			if p, is := e.(sip.Progress); is {
				ua.Hangup(p.Call)
			}
		}},
		{"long ringing", func(s *scenario) {
			s.request("INVITE", keep)
			for range 30 {
				s.send(kept("180 Ringing", "t", ""), false).pause(100)
			}
			s.send(kept("200 OK", "t", ours(1, sendrecv)), false).request("ACK").request("BYE")
			ok(s)
		}, hangupWhenUp},
		{"re-INVITE refused with 491", func(s *scenario) {
			s.request("INVITE", keep)
			s.send(kept("200 OK", "t", ours(1, sendrecv)), false).request("ACK")
			s.request("INVITE").send(last("491 Request Pending", ""), false).request("ACK")
			s.add(`<recv request="INVITE" timeout="4500"/>`)
			s.send(last("200 OK", ours(2, "recvonly"), "Contact: <sip:t@[local_ip]:[local_port]>"), false).request("ACK").request("BYE")
			ok(s)
		}, func(ua *sip.UA, e sip.Event) {
			switch e := e.(type) {
			case sip.Answered:
				ua.Hold(e.Call, true)
			case sip.Changed:
				ua.Hangup(e.Call)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			port := freePort(t)
			ua := start(t, fmt.Sprintf("127.0.0.1:%d", port), tt.react)
			s := &scenario{}
			tt.build(s)
			called := time.AfterFunc(500*time.Millisecond, func() { ua.Invite("200", rtp) })
			defer called.Stop()
			play(t, s, "-p", fmt.Sprint(port))
		})
	}
}

func hangupWhenUp(ua *sip.UA, e sip.Event) {
	if a, ok := e.(sip.Answered); ok {
		ua.Hangup(a.Call)
	}
}
