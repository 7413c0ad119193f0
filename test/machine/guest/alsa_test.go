//go:build machine && linux

package guest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/alsa"
)

// device opens one end of the loop-back card; device 0 plays what device 1
// captures and the other way round.
func device(t *testing.T, n, channels int) *alsa.PCM {
	t.Helper()
	p, err := alsa.Open(alsa.Opts{Card: "Loopback", Device: n, Channels: channels})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// stretch counts the samples it sends on each channel and checks that those it
// receives follow one another.
type stretch struct {
	p                  *alsa.PCM
	toPhone, fromPhone [][]int16
	sent               int
	last               int // sample received, 0 is silence
	breaks             int // in the row
	samples            int // received in a row
}

func newStretch(p *alsa.PCM) *stretch {
	s := &stretch{p: p}
	for range p.Channels() {
		s.toPhone = append(s.toPhone, make([]int16, p.Period()))
		s.fromPhone = append(s.fromPhone, make([]int16, p.Period()))
	}
	return s
}

// cycle is how far samples count.
const cycle = 30000

func (s *stretch) exchange() error {
	for i := range s.p.Period() {
		s.sent = s.sent%cycle + 1
		for c := range s.toPhone {
			s.toPhone[c][i] = int16(s.sent)
			if c&1 != 0 {
				s.toPhone[c][i] = -int16(s.sent)
			}
		}
	}
	if err := s.p.Exchange(s.toPhone, s.fromPhone); err != nil {
		return err
	}
	for i, v := range s.fromPhone[0] {
		s.follow(int(v))
		for c := 1; c < len(s.fromPhone); c++ {
			want := v
			if c&1 != 0 {
				want = -v
			}
			if s.fromPhone[c][i] != want {
				return fmt.Errorf("channel %d has %d beside %d", c, s.fromPhone[c][i], v)
			}
		}
	}
	return nil
}

func (s *stretch) follow(v int) {
	switch {
	case v == s.last%cycle+1:
		s.samples++
	case s.last != 0:
		s.breaks++
	}
	s.last = v
}

// far runs the other end until the test ends.
func (s *stretch) run(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			if err := s.exchange(); err != nil {
				t.Errorf("far end: %v", err)
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
}

// Voice goes both ways for a long time without a break.
func TestFullDuplex(t *testing.T) {
	length := 20 * time.Second
	if *full {
		length = 10 * time.Minute
	}
	near, other := newStretch(device(t, 0, 2)), newStretch(device(t, 1, 2))
	t.Logf("linked start: %v", near.p.Linked())
	other.run(t)
	begin := time.Now()
	for time.Since(begin) < length {
		if err := near.exchange(); err != nil {
			t.Fatal(err)
		}
	}
	stats := near.p.Stats()
	want := int64(length / (10 * time.Millisecond))
	if off := stats.Periods - want; off < -3 || off > 3 {
		t.Errorf("%d periods in %v, want %d", stats.Periods, length, want)
	}
	if stats.Overruns+stats.Underruns+stats.Lost != 0 || stats.Restarts != 1 {
		t.Errorf("near end: %+v", stats)
	}
	if near.breaks != 0 || near.samples < int(want-20)*80 {
		t.Errorf("%d samples in a row, %d breaks", near.samples, near.breaks)
	}
	t.Logf("%d samples in a row, %+v", near.samples, stats)
}

// A program that is late loses samples, but not the clock.
func TestForcedOverrun(t *testing.T) {
	near, other := newStretch(device(t, 0, 1)), newStretch(device(t, 1, 1))
	other.run(t)
	run := func(n int) {
		t.Helper()
		for range n {
			if err := near.exchange(); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(100)
	for range 3 {
		time.Sleep(300 * time.Millisecond)
		run(100)
	}
	stats := near.p.Stats()
	if stats.Overruns != 3 || stats.Restarts != 1 {
		t.Errorf("after three times 300 ms: %+v", stats)
	}
	t.Logf("%+v, %d breaks", stats, near.breaks)
	breaks := near.breaks
	run(100)
	if near.breaks != breaks {
		t.Errorf("%d breaks after the recovery", near.breaks-breaks)
	}
}

// A card that disappears is a lost clock; it is taken up again when it is back.
func TestCardDisappears(t *testing.T) {
	const driver = "/sys/bus/platform/drivers/snd_aloop/"
	near := newStretch(device(t, 0, 1))
	for range 20 {
		if err := near.exchange(); err != nil {
			t.Fatal(err)
		}
	}
	unbound := make(chan error, 1)
	// It returns when nobody has the card open any more.
	go func() { unbound <- os.WriteFile(driver+"unbind", []byte("snd_aloop.0"), 0) }()
	err := error(nil)
	for begin := time.Now(); err == nil && time.Since(begin) < 2*time.Second; {
		err = near.exchange()
	}
	if !errors.Is(err, hal.ErrClockLost) {
		t.Fatalf("Exchange without a card = %v, want %v", err, hal.ErrClockLost)
	}
	t.Log(err)
	if err := <-unbound; err != nil {
		t.Fatal(err)
	}
	if err := near.exchange(); !errors.Is(err, hal.ErrClockLost) || errors.Is(err, syscall.EPIPE) {
		t.Errorf("Exchange while the card is away = %v", err)
	}
	if err := os.WriteFile(driver+"bind", []byte("snd_aloop.0"), 0); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		if err := near.exchange(); err != nil {
			t.Fatalf("period %d after the return: %v", i, err)
		}
	}
	if got := near.p.Stats(); got.Opens != 2 || got.Restarts != 2 {
		t.Errorf("Stats() = %+v", got)
	}
}

// Exchange does not allocate with the kernel either.
func TestExchangeAllocs(t *testing.T) {
	near := newStretch(device(t, 0, 2))
	if n := testing.AllocsPerRun(50, func() {
		if err := near.exchange(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Exchange allocates %v times", n)
	}
}

// What the card cannot do is refused with what it can.
func TestOffers(t *testing.T) {
	for _, tt := range []struct {
		opts alsa.Opts
		want string
	}{
		{alsa.Opts{Card: "Loopback", Coding: alsa.MuLaw}, "it has S16_LE"},
		{alsa.Opts{Card: "Loopback", Channels: 64}, "1..32 channels"},
		{alsa.Opts{Card: "SLIC"}, "the machine has: Loopback"},
	} {
		p, err := alsa.Open(tt.opts)
		if err == nil {
			p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want an error that says %q", tt.opts, err, tt.want)
		}
	}
	cards, err := alsa.Cards()
	if err != nil || len(cards) != 1 || cards[0].ID != "Loopback" {
		t.Errorf("Cards() = %+v, %v", cards, err)
	}
}
