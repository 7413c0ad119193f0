package provision

import (
	"hash/fnv"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

// Cause is why the agent looks for a new configuration.
type Cause string

// The causes.
const (
	AtBoot   Cause = "boot"
	Periodic Cause = "period"
	AtTime   Cause = "time of day"
	Retry    Cause = "retry"
	Notified Cause = "notify" // the SIP server asked for it
	Pushed   Cause = "push"
	Asked    Cause = "owner" // a person asked for it
)

// minJitter keeps retries of a fleet apart even where the configuration asks for
// no jitter: a tenth of the wait.
const minJitter = 10

// schedule says when to look next. It is pure: it is told the time.
type schedule struct {
	resync   config.Resync
	spread   float64        // of this device, of [0, 1), always the same
	random   func() float64 // of [0, 1)
	failures int            // in a row
	due      time.Time      // zero: never
	cause    Cause
}

// spreadOf is where a device stands in a fleet: evenly spread over its devices
// and the same after every power cut.
func spreadOf(id string) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	// FNV's upper bits differ little between similar names; the product's do.
	return float64((h.Sum64()*0x9e3779b97f4a7c15)>>11) / (1 << 53)
}

// boot schedules the first look. A device that has no configuration yet looks at
// once: somebody waits beside it.
func (s *schedule) boot(now time.Time, known bool) {
	switch {
	case !known:
		s.at(now, AtBoot)
	case s.resync.OnBoot:
		s.at(now.Add(share(s.resync.Jitter.Duration(), s.spread)), AtBoot)
	default:
		s.succeeded(now)
	}
}

// succeeded schedules the look after one that had an answer.
func (s *schedule) succeeded(now time.Time) {
	s.failures = 0
	s.at(now.Add(s.resync.Period.Duration()+s.jitter()), Periodic)
	if at, ok := s.timeOfDay(now); ok && at.Before(s.due) {
		s.at(at, AtTime)
	}
}

// failed schedules the look after one that had none. A server's wish to be left
// alone counts, as does that a wrong password does not get better by trying.
func (s *schedule) failed(now time.Time, wish time.Duration, hopeless bool) {
	waits := s.resync.Retry
	i := min(s.failures, len(waits)-1)
	if hopeless {
		i = len(waits) - 1
	}
	s.failures++
	wait := max(waits[i].Duration(), wish)
	s.at(now.Add(wait+max(share(s.jitter(), 0.5), share(wait/minJitter, s.random()))), Retry)
}

func (s *schedule) at(t time.Time, why Cause) { s.due, s.cause = t, why }

func (s *schedule) jitter() time.Duration {
	return share(s.resync.Jitter.Duration(), s.random())
}

func share(d time.Duration, part float64) time.Duration { return time.Duration(float64(d) * part) }

// timeOfDay is when the time of day of the settings comes next, in the zone of
// now, with jitter.
func (s *schedule) timeOfDay(now time.Time) (time.Time, bool) {
	clock, err := time.Parse("15:04", s.resync.At)
	if err != nil {
		return time.Time{}, false
	}
	y, m, d := now.Date()
	at := time.Date(y, m, d, clock.Hour(), clock.Minute(), 0, 0, now.Location()).Add(s.jitter())
	for !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at, true
}
