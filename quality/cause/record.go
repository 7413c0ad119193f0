package cause

import (
	"time"
)

const (
	usualPacket  = 20 * time.Millisecond // voice in a packet (RFC 3551 §4.2)
	uneven       = 8 * time.Millisecond  // jitter of a busy network
	starvedFrom  = 15 * time.Millisecond // voice made up in an interval that is more than a blemish
	outageFrom   = 2 * time.Second       // without a packet
	afterStall   = 2 * time.Second       // for which jitter remembers a stall
	farTalksFrom = -40                   // dBm0
	fullBuffer   = 0.75                  // of its longest delay
)

// Record gathers the snapshots of a call. The zero value is ready.
type Record struct {
	Signalling Signalling

	begun       bool
	first, last Snapshot
	talk        time.Duration // observed while both ends were connected

	expected, lost, discarded, runs float64 // packets, and runs of them that were not heard
	atLimit                         float64 // of discarded, while the buffer was at its longest
	received, reordered, garbage    float64
	starved, starvedNow             time.Duration // voice made up, but for what was lost; in the last interval
	unevenTime, starvedTime         time.Duration // intervals with jitter, with voice made up
	jitter, farJitter               float64       // seconds, summed over time in seconds
	judged, farJudged               time.Duration // over which they were summed

	silent time.Duration // without a packet, up to now
	outage time.Duration
	heard  bool // a packet came

	sent, sendErrors, farLost float64
	stalls, highway, alarms   float64
	stalled                   time.Duration
	stalledAt                 time.Time // last one
	clipped, farClipped       float64

	farSpeech, farNoise, speech, noise levelMean

	radio levelMean // while voice was lost or late

	farTalk time.Duration // far end spoke
	back    float64       // most by which what left was weaker than what it said, dB
	drift   drift
}

// Add takes the next snapshot.
func (r *Record) Add(s Snapshot) {
	if !r.begun {
		r.begun, r.first, r.last = true, s, s
		return
	}
	prev := r.last
	r.last = s
	dt := s.At.Sub(prev.At)
	if dt <= 0 {
		return
	}
	r.device(&prev, &s)
	if !s.Talking || !prev.Talking {
		r.drift.restart()
		r.silent = 0
		return
	}
	r.talk += dt
	r.network(&prev, &s, dt)
	r.sending(&prev, &s, dt)
	r.sound(&prev, &s, dt)
}

// device takes what this device did itself.
func (r *Record) device(prev, s *Snapshot) {
	stalls, highway := grown(prev.Stalls, s.Stalls), grown(prev.HighwayLost, s.HighwayLost)
	r.stalls += stalls
	r.stalled += max(0, s.Stalled-prev.Stalled)
	r.highway += highway
	r.alarms += grown(prev.PortAlarms, s.PortAlarms)
	if stalls+highway > 0 {
		r.stalledAt = s.At
	}
}

// stalling says whether what happens at the time may be this device's own doing.
func (r *Record) stalling(at time.Time) bool {
	return !r.stalledAt.IsZero() && at.Sub(r.stalledAt) <= afterStall
}

// network takes what came from the far end in dt.
func (r *Record) network(prev, s *Snapshot, dt time.Duration) {
	received := grown(prev.Received, s.Received)
	r.received += received
	r.garbage += grown(prev.Garbage, s.Garbage)
	if received == 0 {
		r.nothing(s, dt)
		return
	}
	r.heard = true
	if r.silent >= outageFrom {
		r.outage += r.silent
		r.silent = 0
		return // what was lost belongs to the outage
	}
	r.silent = 0
	if r.stalling(s.At) {
		return
	}
	r.arrivals(prev, s, dt)
	r.drift.add(s)
}

// nothing takes an interval without a packet.
func (r *Record) nothing(s *Snapshot, dt time.Duration) {
	if s.Pauses && r.heard {
		return
	}
	if r.silent == 0 {
		r.starved -= r.starvedNow // it was the beginning of this
		r.starvedNow = 0
	}
	r.silent += dt
	r.drift.restart()
}

// arrivals takes an interval with packets.
func (r *Record) arrivals(prev, s *Snapshot, dt time.Duration) {
	a, b := &prev.Heard.Counts, &s.Heard.Counts
	lost, discarded := float64(b.Lost)-float64(a.Lost), grown(a.Discarded, b.Discarded)
	r.expected += grown(a.Expected(), b.Expected())
	r.lost += lost
	r.discarded += discarded
	r.runs += float64(b.BadRuns) - float64(a.BadRuns)
	r.reordered += grown(prev.Reordered, s.Reordered)
	if discarded > 0 && float64(s.Heard.Buffer) >= fullBuffer*float64(s.Heard.BufferMost) {
		r.atLimit += discarded
	}
	r.starvedNow = max(0, s.Concealed-prev.Concealed-time.Duration(lost*float64(usualPacket)))
	r.starved += r.starvedNow
	if r.starvedNow >= starvedFrom {
		r.starvedTime += dt
	}
	if s.Heard.Jitter > uneven {
		r.unevenTime += dt
	}
	if lost > 0 || discarded > 0 || r.starvedNow >= starvedFrom || s.Heard.Jitter > uneven || s.FarLost > prev.FarLost {
		r.radio.add(s.RadioDBm, dt)
	}
	r.jitter += s.Heard.Jitter.Seconds() * dt.Seconds()
	r.judged += dt
}

// sending takes what became of our voice in dt.
func (r *Record) sending(prev, s *Snapshot, dt time.Duration) {
	r.sent += grown(prev.Sent, s.Sent)
	r.sendErrors += grown(prev.SendErrors, s.SendErrors)
	r.farLost += float64(s.FarLost - prev.FarLost)
	if s.FarReportsOfUs > 0 && !r.stalling(s.At) {
		r.farJitter += s.FarJitter.Seconds() * dt.Seconds()
		r.farJudged += dt
	}
}

// sound takes levels and echo.
func (r *Record) sound(prev, s *Snapshot, dt time.Duration) {
	r.farSpeech.add(s.Heard.SpeechDBm0, dt)
	r.farNoise.add(s.Heard.NoiseDBm0, dt)
	r.speech.add(s.SpeechDBm0, dt)
	r.noise.add(s.NoiseDBm0, dt)
	r.clipped += grown(prev.Clipped, s.Clipped)
	r.farClipped += grown(prev.FarClipped, s.FarClipped)
	if prev.ToPhone > farTalksFrom && s.ToPhone > farTalksFrom {
		r.farTalk += dt
		r.back = max(r.back, s.ToPhone-s.SentLevel)
	}
}

// levelMean is the mean of a level in dBm0 over the time in which it is known.
type levelMean struct{ sum, seconds float64 }

func (m *levelMean) add(dBm0 float64, dt time.Duration) {
	if dBm0 != 0 {
		m.sum += dBm0 * dt.Seconds()
		m.seconds += dt.Seconds()
	}
}

// value is 0 if nothing is known.
func (m *levelMean) value() float64 {
	if m.seconds == 0 {
		return 0
	}
	return m.sum / m.seconds
}

// grown is by how much a counter grew. One that began anew did not.
func grown(a, b uint64) float64 {
	if b < a {
		return 0
	}
	return float64(b - a)
}
