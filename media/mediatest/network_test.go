package mediatest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/media"
)

var (
	addrA = netip.MustParseAddrPort("192.0.2.1:1000")
	addrB = netip.MustParseAddrPort("192.0.2.2:2000")
)

var _ media.Conn = (*Conn)(nil)

// flight is what became of numbered packets sent 20 ms apart.
type flight struct {
	order []uint32
	delay []time.Duration
}

func fly(t *testing.T, link Link, count, size int) (f flight) {
	t.Helper()
	a, b := Pipe(addrA, addrB, link, 1)
	done := make(chan struct{})
	start := time.Now()
	go func() {
		defer close(done)
		buf := make([]byte, 2000)
		for {
			n, from, err := b.ReadFromUDPAddrPort(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if n != size || from != addrA {
				t.Errorf("%d octets from %v", n, from)
			}
			i := binary.BigEndian.Uint32(buf)
			f.order = append(f.order, i)
			f.delay = append(f.delay, time.Since(start)-time.Duration(i)*20*time.Millisecond)
		}
	}()
	packet := make([]byte, size)
	for i := range count {
		binary.BigEndian.PutUint32(packet, uint32(i))
		if n, err := a.WriteToUDPAddrPort(packet, addrB); n != size || err != nil {
			t.Fatal(n, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(10 * time.Second)
	_ = b.Close()
	_ = a.Close()
	<-done
	return f
}

// swaps counts the packets that arrived after a later one.
func (f flight) swaps() (n int) {
	for i := 1; i < len(f.order); i++ {
		if f.order[i] < f.order[i-1] {
			n++
		}
	}
	return n
}

func TestLink(t *testing.T) {
	const count = 1000
	for _, tt := range []struct {
		name     string
		link     Link
		low      time.Duration
		high     time.Duration
		received [2]int
		swapped  bool
	}{
		{"at once", Link{}, 0, 0, [2]int{count, count}, false},
		{"delay", Link{Delay: 70 * time.Millisecond}, 70 * time.Millisecond, 70 * time.Millisecond, [2]int{count, count}, false},
		{"jitter in order", Link{Delay: 10 * time.Millisecond, Jitter: 60 * time.Millisecond}, 10 * time.Millisecond, 70 * time.Millisecond, [2]int{count, count}, false},
		{"jitter and reordering", Link{Jitter: 60 * time.Millisecond, Reorder: true}, 0, 60 * time.Millisecond, [2]int{count, count}, true},
		{"loss", Link{Loss: 0.3}, 0, 0, [2]int{650, 750}, false},
		{"copies", Link{Double: 0.1}, 0, 0, [2]int{1070, 1130}, false},
		{"spikes", Link{Spike: 0.1, SpikeBy: 100 * time.Millisecond}, 0, 100 * time.Millisecond, [2]int{count, count}, false},
		{"64 kbit/s", Link{Rate: 8000}, 10 * time.Millisecond, 10 * time.Millisecond, [2]int{count, count}, false},
		{"half of what is sent", Link{Rate: 2000}, 40 * time.Millisecond, 21 * time.Second, [2]int{count, count}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := fly(t, tt.link, count, 80)
				if tt.name == "half of what is sent" {
					tt.received = [2]int{700, 800} // the rest was under way when the reader left
				}
				if n := len(f.order); n < tt.received[0] || n > tt.received[1] {
					t.Errorf("%d received, want %v", n, tt.received)
				}
				for i, d := range f.delay {
					if d < tt.low || d > tt.high {
						t.Fatalf("packet %d took %v, want %v to %v", f.order[i], d, tt.low, tt.high)
					}
				}
				if swapped := f.swaps() > 0; swapped != tt.swapped {
					t.Errorf("%d packets out of order", f.swaps())
				}
			})
		})
	}
}

func TestConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(addrA, addrB, Link{}, 1)
		start := time.Now()
		if err := a.SetReadDeadline(start.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(500*time.Millisecond, func() { _ = a.SetReadDeadline(start.Add(2 * time.Second)) })
		buf := make([]byte, 10)
		if _, _, err := a.ReadFromUDPAddrPort(buf); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		b.SetLink(Link{Drop: func(p []byte) bool { p[0]++; return p[0] == 'c' }})
		for _, s := range []string{"a1", "b2", "c3"} {
			if _, err := b.WriteToUDPAddrPort([]byte(s), addrA); err != nil {
				t.Fatal(err)
			}
		}
		if got := a.Drain(); !bytes.Equal(bytes.Join(got, nil), []byte("b1d3")) {
			t.Errorf("received %q", got)
		}
		_ = a.Close()
		if _, err := a.WriteToUDPAddrPort([]byte("x"), addrB); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write after close: %v", err)
		}
		if _, err := b.WriteToUDPAddrPort([]byte("x"), addrA); err != nil {
			t.Errorf("write to nobody: %v", err)
		}
		if a.LocalAddr().String() != addrA.String() {
			t.Errorf("LocalAddr %v", a.LocalAddr())
		}
	})
}
