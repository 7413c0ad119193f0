//go:build interop

package interop

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/test/peer"
)

// alone is a line that registers nowhere.
func alone(name string, server, local int) object {
	return object{
		"name": name,
		"sip": object{
			"registrar": fmt.Sprintf("127.0.0.1:%d", server), "user": "ata1", "register": false,
			"local_address": "127.0.0.1", "local_port": local,
		},
		"dial": object{"plan": "(2xxx)"},
	}
}

// TestWrongConfig expects every fault with its place, and exit code 1, from run
// as from config check.
func TestWrongConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "config.json")
	peer.WriteFile(t, file, []byte(`{
  "schema": 1,
  "lines": [{
    "sip": {"registrar": "a.test", "user": "1", "expires_s": 5},
    "codecs": {"order": ["G729"]},
    "rtp": {"ptime_ms": 25},
    "dail": {}
  }]
}`))
	for _, args := range [][]string{
		{"run", "-board", "virtual", "-config", file, "-state", dir},
		{"config", "check", file},
	} {
		out, err := exec.Command(program, args...).CombinedOutput()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 { //nolint:errorlint // Run returns it bare
			t.Errorf("%v: %v, want exit code 1", args, err)
		}
		for _, want := range []string{
			file + ":4:", "expires_s", "60", file + ":5:", "G729", "PCMU", file + ":6:", "ptime_ms", file + ":7:", "/lines/0/dail", `"dial"`,
		} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%v does not name %s:\n%s", args, want, out)
			}
		}
	}
}

// TestConfigChanges applies a changed document while a line is idle, holds it
// back during a call, and refuses a wrong one.
func TestConfigChanges(t *testing.T) {
	t.Parallel()
	k := startKamailio(t, "MD5")
	startBaresip(t, k, baresipOpts{})
	line := account(k, 1, "udp", "PCMU")
	a := startATA(t, line)
	rename := func(name string) {
		line["name"] = name
		peer.WriteFile(t, a.File(), document(t, line))
	}
	first := func() lineStatus { return a.status(t).Lines[0] }

	rename("kitchen")
	peer.Eventually(t, 10*time.Second, "the change is applied", func() bool { return first().Name == "kitchen" })
	a.inService(t)

	a.Phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk")...)
	line["codecs"] = object{"order": []string{"PCMU", "PCMA"}} // takes a new registration
	rename("hall")
	peer.Eventually(t, 10*time.Second, "the change waits for the call's end", func() bool { return first().Pending })
	a.Phone(t, 1, words("wait talk")...)
	if s := first(); s.Name != "kitchen" || len(s.Calls) != 1 {
		t.Errorf("during the call: name %s, %d calls, want kitchen and 1", s.Name, len(s.Calls))
	}
	a.Phone(t, 1, "onhook")
	peer.Eventually(t, 10*time.Second, "the change is applied after the call", func() bool { return first().Name == "hall" })

	peer.WriteFile(t, a.File(), []byte(`{"schema": 1, "lines": [{"name": "cellar", "nmae": ""}]}`))
	peer.Eventually(t, 10*time.Second, "the refusal is logged", func() bool {
		return strings.Contains(a.Log.String(), "refused") && strings.Contains(a.Log.String(), "config.json:1:")
	})
	if s := first(); s.Name != "hall" || s.Pending {
		t.Errorf("after the refusal: name %s, pending %v, want hall", s.Name, s.Pending)
	}
	a.inService(t)
	a.Phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk onhook")...)
}

// TestGarbage sends what is neither SIP nor RTP to the ports of a call, which
// goes on.
func TestGarbage(t *testing.T) {
	t.Parallel()
	k := startKamailio(t, "MD5")
	startBaresip(t, k, baresipOpts{})
	line := account(k, 1, "udp", "PCMU")
	local, rtp := peer.FreePort(t), peer.FreePort(t)&^1
	line["sip"].(object)["local_port"] = local
	line["rtp"] = object{"port_min": rtp, "port_max": rtp + 3} // two pairs, the call takes one
	a := startATA(t, line)
	a.Phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk")...)
	for range 20 {
		for _, junk := range [][]byte{nil, {0}, []byte("GET / HTTP/1.1\r\n\r\n"), random(160), []byte("SIP/2.0 200 OK\r\n\r\n")} {
			throw(t, junk, local, rtp, rtp+1, rtp+2, rtp+3)
		}
		throw(t, []byte("INVITE sip:1001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1\r\nFrom: <sip:x@x>;tag=1\r\nTo: <sip:1001@x>\r\n"+
			"Call-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"), local)
		throw(t, append([]byte{0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, make([]byte, 160)...), rtp, rtp+2) // RTP of a stranger
	}
	peer.Eventually(t, 5*time.Second, "all of it is counted", func() bool {
		l := a.status(t).Lines[0]
		v := l.Calls[0].Voice
		return l.SIP.Counters.Garbage >= 40 && l.SIP.Counters.Strangers >= 20 && v.Garbage+v.Foreign >= 60
	})
	a.Phone(t, 1, words("wait talk onhook")...)
	a.idle(t)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// throw sends a datagram to ports of loopback from a fresh one.
func throw(t *testing.T, data []byte, ports ...int) {
	t.Helper()
	for _, port := range ports {
		c, err := net.Dial("udp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(data) // a port that is closed by now is no matter
		c.Close()
	}
}

// TestOneAgentPerState starts a second agent on the same folder.
func TestOneAgentPerState(t *testing.T) {
	t.Parallel()
	a := startATA(t, alone("", peer.FreePort(t), 0))
	out, err := exec.Command(program, "run", "-board", "virtual", "-config", a.File(), "-state", a.State).CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("running already")) {
		t.Errorf("second agent: %v: %s", err, out)
	}
	if !a.status(t).Lines[0].PortUp {
		t.Error("the first agent was disturbed")
	}
}

// TestMissingRegistrar has one line whose registrar does not exist: the other
// works, status tells them apart.
func TestMissingRegistrar(t *testing.T) {
	t.Parallel()
	k := startKamailio(t, "MD5")
	startBaresip(t, k, baresipOpts{})
	lost := account(k, 2, "udp", "PCMU")
	lost["sip"].(object)["outbound_proxy"] = fmt.Sprintf("127.0.0.1:%d", peer.FreePort(t))
	a := runATA(t, account(k, 1, "udp", "PCMU"), lost)
	peer.Eventually(t, 20*time.Second, "line 1 is in service", func() bool {
		s := a.status(t)
		return s.Lines[0].Registration == "registered" && s.Lines[0].PortUp && s.Lines[1].PortUp
	})
	if s := a.status(t).Lines[1]; s.Registration != "registering" {
		t.Errorf("line 2 is %s, want registering", s.Registration)
	}
	a.Phone(t, 2, words("offhook wait tone:reorder onhook")...)
	a.Phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk onhook")...)
	a.idle(t)
}

// TestKilled starts again on what an agent without an end left behind.
func TestKilled(t *testing.T) {
	t.Parallel()
	a := startATA(t, alone("", peer.FreePort(t), 0))
	if err := a.Cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-a.Done
	if _, err := os.Stat(filepath.Join(a.State, "control.sock")); err != nil {
		t.Fatalf("no stale socket to start on: %v", err)
	}
	a.Run(t)
	a.inService(t)
	a.Phone(t, 1, words("offhook wait tone:dial onhook")...)
}

// TestInterruptedCall ends the program during a call: the far end gets its BYE,
// the registration is taken back, the program says it ended well.
func TestInterruptedCall(t *testing.T) {
	t.Parallel()
	k := startKamailio(t, "MD5")
	b := startBaresip(t, k, baresipOpts{})
	for n, transport := range []string{"udp", "tcp"} {
		a := startATA(t, account(k, n+1, transport, "PCMU"))
		a.Phone(t, 1, words("offhook wait tone:dial dial 2001 wait talk")...)
		if err := a.Cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		select {
		case <-a.Done:
		case <-time.After(10 * time.Second):
			t.Fatal("still running 10 s after SIGINT")
		}
		if code := a.Cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("exit code %d", code)
		}
		peer.Eventually(t, 5*time.Second, "baresip sees the end", func() bool { return b.count("CALL_CLOSED") == n+1 })
		if k.Knows(t, userOf(n+1)) {
			t.Errorf("%s: still registered", transport)
		}
	}
}
