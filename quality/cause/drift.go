package cause

import (
	"math"
	"time"
)

const (
	driftFrom   = 20 * time.Second       // shorter calls do not tell
	driftSettle = 5 * time.Second        // of a stream, which are left out
	driftSpread = 1.5                    // ms, by which the delay may differ from a straight line
	driftJump   = 100 * time.Millisecond // between two snapshots: another stream
)

// drift fits a straight line to the least delay of the network over time: the clock of
// a far end that is fast makes it fall. The zero value is ready.
type drift struct {
	begun, last         time.Time
	ssrc                uint32
	origin, transit     time.Duration
	n, t, d, tt, td, dd float64 // sums: of times in s and of delays in ms
}

func (d *drift) restart() { *d = drift{} }

// add takes the transit of a snapshot.
func (d *drift) add(s *Snapshot) {
	if s.SSRC != d.ssrc || (s.Transit-d.transit).Abs() > driftJump {
		*d = drift{begun: s.At, ssrc: s.SSRC, origin: s.Transit, transit: s.Transit}
	}
	d.last, d.transit = s.At, s.Transit
	if s.At.Sub(d.begun) < driftSettle {
		return
	}
	t, delay := s.At.Sub(d.begun).Seconds(), (s.Transit-d.origin).Seconds()*1000
	d.n++
	d.t += t
	d.d += delay
	d.tt += t * t
	d.td += t * delay
	d.dd += delay * delay
}

// ppm is by how much the far end's clock is fast, false if the delays do not lie on
// a line.
func (d *drift) ppm() (float64, bool) {
	if d.last.Sub(d.begun) < driftFrom || d.n < 3 {
		return 0, false
	}
	vt, vd := d.tt-d.t*d.t/d.n, d.dd-d.d*d.d/d.n
	cov := d.td - d.t*d.d/d.n
	if !(vt > 0) {
		return 0, false
	}
	slope := cov / vt // ms per s
	rest := math.Sqrt(max(0, vd-slope*cov) / d.n)
	return -1000 * slope, rest < driftSpread
}
