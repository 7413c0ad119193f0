//go:build telemetry

package telemetry

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	ataTelemetry "github.com/ata-agent/ata-agent/telemetry"
)

// server is an HTTPS JSON or OTLP receiver that keeps bodies and may be down.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	status int
}

func startServer(t *testing.T) *server {
	t.Helper()
	s := &server{status: 200}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		body, err := io.ReadAll(z)
		if err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.status == 200 {
			s.bodies = append(s.bodies, string(body))
		}
		w.WriteHeader(s.status)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) set(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

func (s *server) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.bodies, "\n")
}

// TestRevokeDuringOutage: with the receiver down, the owner takes consent back.
func TestRevokeDuringOutage(t *testing.T) {
	s := startServer(t)
	a := startATA(t, object{"interval_s": 5, "flush_s": 60, "https": object{"url": s.URL}})
	s.set(503)
	a.do(t, "privacy", "set", "level", "3")
	waiting := func() int {
		var e ataTelemetry.Export
		if err := json.Unmarshal([]byte(a.do(t, "privacy", "export")), &e); err != nil {
			t.Fatal(err)
		}
		return len(e.Waiting)
	}
	eventually(t, 30*time.Second, "two batches wait", func() bool { return waiting() >= 2 })
	a.do(t, "privacy", "revoke")
	files, err := filepath.Glob(filepath.Join(a.state, "telemetry", "*.segment"))
	if n := waiting(); err != nil || n != 0 || len(files) != 0 {
		t.Errorf("after consent ended %d batches wait, files %v", n, files)
	}
	s.set(200)
	eventually(t, 30*time.Second, "the receiver is told", func() bool { return strings.Contains(s.all(), `{"name":"ata_consent_level","value":0}`) })
	time.Sleep(6 * time.Second)
	if all := s.all(); strings.Count(all, "\n") != 0 {
		t.Errorf("more than one batch came:\n%s", all)
	}
}

// TestNothingOfACategoryLeaves records every byte on loopback towards the
// receivers while each of three categories is off.
func TestNothingOfACategoryLeaves(t *testing.T) {
	s := startServer(t)
	syslog, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer syslog.Close()
	port, listen := syslog.LocalAddr().(*net.UDPAddr).Port, freePort(t)
	pcap := filepath.Join(t.TempDir(), "all.pcap")
	sniffer, stop := start(t, "tshark", "-q", "-i", "lo", "-w", pcap, "-f", fmt.Sprintf("port %d or port %d", port, listen))
	eventually(t, time.Minute, "tshark captures", func() bool { return strings.Contains(sniffer.String(), "Capturing on") })
	time.Sleep(time.Second)
	a := startATA(t, object{"listen": fmt.Sprintf("127.0.0.1:%d", listen), "interval_s": 5, "syslog": object{"url": fmt.Sprintf("udp://127.0.0.1:%d", port)}, "https": object{"url": s.URL}})
	a.do(t, "privacy", "set", "level", "4", "call_quality", "off", "firmware", "off", "logs", "off")
	a.call(t, 2*time.Second)
	time.Sleep(8 * time.Second)
	page := get(t, fmt.Sprintf("http://127.0.0.1:%d/metrics", listen))
	time.Sleep(time.Second)
	stop()
	out, err := exec.Command("tshark", "-r", pcap, "-T", "fields", "-e", "tcp.payload", "-e", "udp.payload").Output()
	if err != nil {
		t.Fatal(err)
	}
	wire := unhex(string(out)) + s.all()
	if !strings.Contains(wire, "ata_line_registered") || !strings.Contains(wire, "id") || !strings.Contains(page, "ata_line_registered") {
		t.Fatalf("nothing was captured: %d bytes", len(wire))
	}
	for _, name := range []string{"ata_rtp_", "ata_call_mos", "ata_calls_total", "call.", "ata_jitter_buffer", "build_info", "go1.", "log.message", "registration"} {
		if i := strings.Index(wire, name); i >= 0 && !strings.HasPrefix(wire[i:], "registration_") {
			t.Errorf("%q leaves: …%s…", name, wire[max(0, i-80):min(len(wire), i+80)])
		}
	}
	noSecrets(t, wire)
}

func unhex(text string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(text) {
		for i := 0; i+1 < len(word); i += 2 {
			n, err := strconv.ParseUint(word[i:i+2], 16, 8)
			if err == nil {
				b.WriteByte(byte(n))
			}
		}
	}
	return b.String()
}

// TestCaptureAgreesWithTshark records a call and has tshark count its packets.
func TestCaptureAgreesWithTshark(t *testing.T) {
	a := startATA(t, object{})
	a.do(t, "privacy", "set", "level", "4")
	file := filepath.Join(t.TempDir(), "call.pcapng")
	_, stop := start(t, program, "capture", "-o", file, "-for", "60s", "-state", a.state)
	time.Sleep(500 * time.Millisecond)
	a.call(t, 5*time.Second)
	time.Sleep(time.Second)
	stop()
	tshark := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("tshark", append([]string{"-r", file}, args...)...).Output()
		if err != nil {
			t.Fatalf("tshark: %v", err)
		}
		return string(out)
	}
	sip := tshark("-Y", "sip.Method == INVITE", "-T", "fields", "-e", "sip.Request-Line")
	if !strings.Contains(sip, "INVITE sip:") {
		t.Errorf("tshark sees no INVITE: %q", sip)
	}
	noSecrets(t, tshark("-V"))
	var calls []agent.PastCall
	if err := json.Unmarshal([]byte(a.do(t, "calls", "-json")), &calls); err != nil || len(calls) != 2 {
		t.Fatalf("calls: %v", err)
	}
	for i, c := range calls {
		// Each packet is seen twice: where it leaves and where it arrives, unless
		// the far end had closed its socket by then.
		_, port, _ := net.SplitHostPort(c.Remote)
		n := strings.Count(tshark("-d", "udp.port=="+port+",rtp", "-Y", "rtp && udp.dstport == "+port), "\n")
		want := int(c.Voice.Sent + calls[1-i].Voice.Received)
		if n < want-2 || n > int(2*c.Voice.Sent) || c.Voice.Sent < 200 {
			t.Errorf("tshark counts %d packets to port %s, the agent %d sent and %d received", n, port, c.Voice.Sent, calls[1-i].Voice.Received)
		}
		if c.Voice.Lost != 0 {
			t.Errorf("%d packets were lost on loopback", c.Voice.Lost)
		}
	}
	// 20 bytes of IP, 8 of UDP, 12 of RTP (RFC 3550 §5.1).
	if v := tshark("-Y", "udp && !sip && frame.cap_len > 40", "-T", "fields", "-e", "frame.cap_len"); v != "" {
		t.Errorf("more than headers of voice packets is in the capture: %.100q", v)
	}
}
