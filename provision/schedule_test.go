package provision

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

func newSchedule(id string, r config.Resync, seed uint64) *schedule {
	random := rand.New(rand.NewPCG(seed, 1))
	return &schedule{resync: r, spread: spreadOf(id), random: random.Float64}
}

func seconds(n ...int) []config.Seconds {
	out := make([]config.Seconds, len(n))
	for i := range n {
		out[i] = config.Seconds(time.Duration(n[i]) * time.Second)
	}
	return out
}

var usual = config.Resync{
	OnBoot: true, Period: seconds(3600)[0], Jitter: seconds(600)[0], Retry: seconds(60, 300, 1800, 3600),
}

// A town without power comes back at one moment, and looks spread over the
// jitter and then over the period. The server sees no more than three times the
// mean in any minute.
func TestFleetIsNoHerd(t *testing.T) {
	const devices = 10_000
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	first, later := map[int]int{}, map[int]int{}
	for i := range devices {
		s := newSchedule(fmt.Sprintf("00005e%06x", i), usual, uint64(i))
		s.boot(start, true)
		first[int(s.due.Sub(start)/time.Minute)]++
		for range 20 { // looks, some hours on
			s.succeeded(s.due)
		}
		later[int(s.due.Sub(start)/time.Minute)]++
	}
	if peak, mean := peakOf(first), devices/10; peak > 3*mean || len(first) < 10 {
		t.Errorf("after the power cut: %d in the worst minute of %d, mean %d", peak, len(first), mean)
	}
	if peak, mean := peakOf(later), devices/len(later); peak > 3*mean {
		t.Errorf("later: %d in the worst minute of %d, mean %d", peak, len(later), mean)
	}
}

func peakOf(minutes map[int]int) int {
	peak := 0
	for _, n := range minutes {
		peak = max(peak, n)
	}
	return peak
}

func TestSameDeviceSamePlace(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	a, b := newSchedule("00005e005301", usual, 1), newSchedule("00005e005301", usual, 2)
	a.boot(now, true)
	b.boot(now, true)
	if !a.due.Equal(b.due) {
		t.Errorf("due %v and %v after two power cuts", a.due, b.due)
	}
	a.boot(now, false)
	if !a.due.Equal(now) {
		t.Error("a new device waits, and so does who stands beside it")
	}
}

func TestRetries(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	between := func(s *schedule, low, high time.Duration) {
		t.Helper()
		if wait := s.due.Sub(now); wait < low || wait > high || s.cause != Retry {
			t.Errorf("waits %v for %s, want %v to %v", wait, s.cause, low, high)
		}
	}
	s := newSchedule("x", usual, 1)
	for _, want := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, time.Hour, time.Hour} {
		s.failed(now, 0, false)
		between(s, want, want+want/10+5*time.Minute)
	}
	s.succeeded(now)
	s.failed(now, 2*time.Hour, false)
	between(s, 2*time.Hour, 2*time.Hour+12*time.Minute)
	s.succeeded(now)
	s.failed(now, 0, true)
	between(s, time.Hour, time.Hour+6*time.Minute)
}

func TestTimeOfDay(t *testing.T) {
	zone := time.FixedZone("", -3*3600)
	r := usual
	r.At, r.Period, r.Jitter = "03:30", seconds(86400 * 3)[0], seconds(600)[0]
	s := newSchedule("x", r, 1)
	for _, now := range []time.Time{
		time.Date(2026, 1, 1, 3, 0, 0, 0, zone), time.Date(2026, 1, 1, 3, 45, 0, 0, zone), time.Date(2026, 12, 31, 23, 59, 0, 0, zone),
	} {
		s.succeeded(now)
		h, m, _ := s.due.Clock()
		if minutes := h*60 + m; s.cause != AtTime || minutes < 3*60+30 || minutes > 3*60+40 || s.due.Sub(now) > 25*time.Hour || !s.due.After(now) {
			t.Errorf("from %v: due %v because of %s", now, s.due, s.cause)
		}
	}
}
