package telemetry

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/state"
)

// fakeConn is a socket that swallows what is written and gives out one packet.
type fakeConn struct{ local netip.AddrPort }

func (c fakeConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	return copy(b, voice), far, nil
}
func (c fakeConn) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) { return len(b), nil }
func (c fakeConn) SetReadDeadline(time.Time) error                            { return nil }
func (c fakeConn) Close() error                                               { return nil }
func (c fakeConn) LocalAddr() net.Addr                                        { return net.UDPAddrFromAddrPort(c.local) }

var (
	far   = netip.MustParseAddrPort("192.0.2.9:4000")
	here  = netip.MustParseAddrPort("192.0.2.1:16384")
	voice = append([]byte{0x80, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4}, bytes.Repeat([]byte{0xd5}, 160)...)
)

func tapped(w *world) media.Conn {
	open := func(netip.Addr, int, int, int) (media.Conn, media.Conn, error) {
		return fakeConn{here}, fakeConn{here}, nil
	}
	rtp, _, _ := w.Tap().Listen(open)(netip.Addr{}, 0, 0, 0)
	return rtp
}

const invite = "INVITE sip:+15551234567@x SIP/2.0\r\nCall-ID: abc@x\r\nFrom: <sip:5550100@x>;tag=1\r\nAuthorization: Digest response=\"9f8e7d\"\r\nContent-Length: 0\r\n\r\n"

func TestCapture(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home)
		w.allow(t, privacy.Tracing)
		conn := tapped(w)
		sizes := map[bool]int{}
		for _, content := range []bool{false, true} {
			var file bytes.Buffer
			done := make(chan error)
			go func() { done <- w.Capture(t.Context(), &file, 2*time.Second, content, func() {}) }()
			synctest.Wait()
			w.Tap().SIP("sent", "udp", here.String(), far.String(), []byte(invite))
			for range 10 {
				if _, err := conn.WriteToUDPAddrPort(voice, far); err != nil {
					t.Fatal(err)
				}
				if _, _, err := conn.ReadFromUDPAddrPort(make([]byte, 200)); err != nil {
					t.Fatal(err)
				}
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(file.Bytes(), []byte{0xd5, 0xd5, 0xd5, 0xd5}) != content {
				t.Errorf("content %v: the voice is there: %v", content, !content)
			}
			for _, secret := range []string{"15551234567", "5550100", "9f8e7d"} {
				if bytes.Contains(file.Bytes(), []byte(secret)) {
					t.Errorf("%s is in the capture", secret)
				}
			}
			if !bytes.Contains(file.Bytes(), []byte("INVITE sip:")) || binary.LittleEndian.Uint32(file.Bytes()) != 0x0a0d0d0a {
				t.Error("this is no capture with an INVITE")
			}
			sizes[content] = file.Len()
		}
		if d := sizes[true] - sizes[false]; d != 20*160 {
			t.Errorf("the contents of 20 packets take %d bytes, want %d", d, 20*160)
		}
		if w.Tap().readers.Load() != nil {
			t.Error("somebody still reads")
		}
	})
}

func TestCaptureNeedsPermission(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home)
		for name, allow := range map[string]func(){
			"level":      func() { w.allow(t, privacy.Diagnostics) },
			"trace":      func() { w.allow(t, privacy.Tracing, privacy.Trace) },
			"ip_address": func() { w.allow(t, privacy.Tracing, privacy.IPAddress) },
		} {
			allow()
			if err := w.Capture(t.Context(), &bytes.Buffer{}, time.Second, false, func() {}); !errors.Is(err, errNotPermitted) {
				t.Errorf("without %s: %v", name, err)
			}
			if err := w.Trace(time.Minute); !errors.Is(err, errNotPermitted) {
				t.Errorf("trace without %s: %v", name, err)
			}
			level := privacy.Tracing
			if err := w.Choose(Choice{Level: &level, Categories: map[string]bool{"trace": true, "ip_address": true}}); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan error)
		go func() { done <- w.Capture(t.Context(), &bytes.Buffer{}, time.Minute, false, func() {}) }()
		synctest.Wait()
		began := time.Now()
		w.allow(t, privacy.Operational)
		if err := <-done; !errors.Is(err, errNotPermitted) || time.Since(began) > 0 {
			t.Errorf("%v after consent ended: %v", time.Since(began), err)
		}
	})
}

func TestCaptureIsLimited(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home)
		w.allow(t, privacy.Tracing)
		began := time.Now()
		if err := w.Capture(t.Context(), &bytes.Buffer{}, 24*time.Hour, false, func() {}); err != nil || time.Since(began) != captureTime {
			t.Errorf("a capture for a day ended after %v: %v", time.Since(began), err)
		}
		l := &limitedWriter{&bytes.Buffer{}, 10}
		_, err1 := l.Write(make([]byte, 9))
		_, err2 := l.Write(make([]byte, 2))
		if err1 != nil || !errors.Is(err2, errFull) {
			t.Errorf("%v, %v", err1, err2)
		}
	})
}

func TestTapCostsTheMediaPathNoMemory(t *testing.T) {
	w := newWorld(t, state.Dir(t.TempDir()))
	w.allow(t, privacy.Tracing)
	conn := tapped(w)
	b := make([]byte, 200)
	frame := func() {
		_, _ = conn.WriteToUDPAddrPort(voice, far)
		_, _, _ = conn.ReadFromUDPAddrPort(b)
	}
	if n := testing.AllocsPerRun(100, frame); n != 0 {
		t.Errorf("%g allocations per frame without a capture", n)
	}
	r, stop, err := w.Tap().read(true, true)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if n := testing.AllocsPerRun(500, frame); n != 0 {
		t.Errorf("%g allocations per frame with a capture", n)
	}
	if lost := r.lost.Load(); lost != 2*501-tapQueue {
		t.Errorf("%d packets were counted as lost, want %d", lost, 2*501-tapQueue)
	}
}

func TestCallID(t *testing.T) {
	for msg, want := range map[string]string{invite: "abc@x", "X\r\ni : 7\r\n": "7", "X\r\n\r\nCall-ID: body": "", "": ""} {
		if got := callID([]byte(msg)); got != want {
			t.Errorf("callID(%q) = %q, want %q", msg, got, want)
		}
	}
}

func TestTraceGoesToTheCaptureServer(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	w := newWorld(t, state.Dir(t.TempDir()))
	w.allow(t, privacy.Tracing)
	w.config.Telemetry.HEP.Server, w.config.Telemetry.HEP.Agent = server.LocalAddr().String(), 77
	w.Apply(w.config)
	defer w.start(t)()
	if err := w.Trace(time.Hour); err != nil {
		t.Fatal(err)
	}
	for w.Tap().readers.Load() == nil {
		time.Sleep(time.Millisecond)
	}
	w.Tap().SIP("received", "udp", here.String(), far.String(), []byte(invite))
	b := make([]byte, 4096)
	_ = server.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, _, err := server.ReadFrom(b)
	if err != nil || !strings.HasPrefix(string(b[:n]), "HEP3") || !bytes.Contains(b[:n], []byte("abc@x")) || bytes.Contains(b[:n], []byte("15551234567")) {
		t.Errorf("%q came, %v", b[:n], err)
	}
	for len(w.ledger.Entries()) == 0 {
		time.Sleep(time.Millisecond)
	}
	if left := w.ledger.Entries(); len(left) != 1 || left[0].Receiver != "hep" || left[0].Fields["trace.sip"] != 1 {
		t.Errorf("the ledger has %+v", left)
	}
	if err := w.Trace(0); err != nil {
		t.Fatal(err)
	}
	for w.Tap().readers.Load() != nil {
		time.Sleep(time.Millisecond)
	}
}
