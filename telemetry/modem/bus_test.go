package modem

import (
	"bufio"
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// startBus listens as a message bus does and hands each connection that has said
// who it is to serve.
func startBus(t *testing.T, serve func(*bus)) (address string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			b := &bus{conn, bufio.NewReader(conn), t}
			if b.admit() {
				serve(b)
			}
			_ = conn.Close() // the other side may have done so
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "unix:path=" + path
}

// bus is the bus' end of a connection.
type bus struct {
	net.Conn
	in *bufio.Reader
	t  *testing.T
}

// admit lets the other side be who it says (D-Bus specification, Authentication
// Protocol) and answers its Hello.
func (b *bus) admit() bool {
	for _, answer := range []string{"REJECTED EXTERNAL\r\n", "OK 0123456789abcdef0123456789abcdef\r\n", ""} {
		line, err := b.in.ReadString('\n')
		if err != nil || !strings.Contains("\x00AUTH\r\n BEGIN\r\n", line) && !strings.HasPrefix(line, "AUTH EXTERNAL") {
			return false
		}
		if _, err := b.Write([]byte(answer)); err != nil {
			return false
		}
	}
	return b.answer(":1.1")
}

// answer answers the next call with one value.
func (b *bus) answer(body any) bool {
	call, err := dbus.DecodeMessage(b.in)
	if err != nil {
		return false
	}
	_, err = b.Write(message(b.t, call.Serial(), body))
	return err == nil
}

// drain reads until the other side is gone.
func (b *bus) drain() { _, _ = io.Copy(io.Discard, b.in) }

func read(t *testing.T, address string) (Modem, bool, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	begin := time.Now()
	m, ok, err := Read(ctx, address)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	return m, ok, err
}

func TestRead(t *testing.T) {
	idle := object(11, 1<<14, table{"rsrp": -92.0})
	idle[signalInterface]["Rate"] = dbus.MakeVariant(uint32(0))
	asked := make(chan any, 2)
	address := startBus(t, func(b *bus) {
		b.answer(reply{"/org/freedesktop/ModemManager1/Modem/0": idle})
		call, err := dbus.DecodeMessage(b.in)
		if err == nil {
			asked <- call.Headers[dbus.FieldMember].Value()
			asked <- call.Body[0]
			_, _ = b.Write(message(t, call.Serial(), "")) // the other side may be gone
		}
	})
	m, ok, err := read(t, address)
	if err != nil || !ok || m.State != "connected" || len(m.Signals) != 1 || m.Signals[0] != (Signal{LTE, RSRP, -92}) {
		t.Errorf("%+v, %v, %v", m, ok, err)
	}
	if member, rate := <-asked, <-asked; member != "Setup" || rate != signalPeriod {
		t.Errorf("the modem was asked to %v(%v)", member, rate)
	}
}

// TestNobodyThere: a device without a bus or ModemManager is in order.
func TestNobodyThere(t *testing.T) {
	if m, ok, err := read(t, "unix:path="+filepath.Join(t.TempDir(), "none")); ok || err != nil {
		t.Errorf("without a bus: %+v, %v, %v", m, ok, err)
	}
	if _, _, err := read(t, "tcp:host=localhost,port=1"); err == nil {
		t.Error("a bus by TCP is no error")
	}
}

// TestBadBus: whatever a bus answers, Read ends in time with an error.
func TestBadBus(t *testing.T) {
	for name, serve := range map[string]func(*bus){
		"vanishes":  func(b *bus) {},
		"is silent": func(b *bus) { b.drain() },
		"answers another type": func(b *bus) {
			b.answer("hello")
		},
		"is garbage": func(b *bus) { _, _ = b.Write([]byte(strings.Repeat("\xff", 4096))) },
		"promises too much": func(b *bus) {
			_, _ = b.Write([]byte("l\x02\x01\x01\xff\xff\xff\x07\x02\x00\x00\x00\x08\x00\x00\x00\x05\x01u\x00\x02\x00\x00\x00"))
			b.drain()
		},
		"sends too much": func(b *bus) {
			b.answer(strings.Repeat("x", 2*answerLimit))
		},
		"vanishes in the middle": func(b *bus) {
			call, err := dbus.DecodeMessage(b.in)
			if err == nil {
				whole := message(b.t, call.Serial(), reply{"/m": object(11, 0, nil)})
				_, _ = b.Write(whole[:len(whole)/2])
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			if m, ok, err := read(t, startBus(t, serve)); err == nil || ok {
				t.Errorf("%+v, %v, %v", m, ok, err)
			}
		})
	}
}
