package media

import "math"

// A far end whose clock jumps is a new stream: packets in a row that all lie where no
// network puts them say so, one of them alone does not.

const (
	runPackets    = 4                  // packets in a row ...
	runTime       = 60 * samplesPerMs  // ... for so long: it is not the network
	runTimeSteady = 500 * samplesPerMs // a break of the network must not move a modem's clock
	mostEarlier   = maxFrame           // a packet may come so much earlier than the most delay
)

// run is a row of packets that are off in the same way.
type run struct {
	packets int
	since   uint32 // clock when the first came
	from    uint32 // least timestamp
}

// add counts a packet with timestamp ts and says whether there are enough for so long.
func (r *run) add(ts, came uint32, long int) bool {
	if r.packets == 0 {
		r.since, r.from = came, ts
	}
	if int32(ts-r.from) < 0 {
		r.from = ts
	}
	r.packets++
	return r.packets >= runPackets && int(int32(came-r.since)) >= long
}

// lead is how long before its first sample plays a packet that comes now has come,
// samples; while nothing plays the delay that is wanted.
func (j *jitterBuffer) lead(ts uint32) int {
	if j.state != playing {
		return j.wanted()
	}
	return j.queued + int(int32(ts-j.pos-uint32(j.drought)))
}

// leastLead is the lead below which a packet is late even if not all of it is lost:
// where the delay may not grow the samples are lost for which it is too late. Data of
// modems are resampled, for which the packet behind must be there too.
func (j *jitterBuffer) leastLead() int {
	switch {
	case j.data.on:
		return j.data.least
	case j.steady > 0:
		return 0
	}
	return math.MinInt // it is held back until the packet can be played
}

// stoodStill counts a packet that is too late, wholly or in part, and says whether that
// has become the rule, so that it is the sender's timestamps that stopped. Those before it
// that were in time though they came late (see becameLonger) are of the same row.
func (j *jitterBuffer) stoodStill(ts, came uint32, wholly bool) bool {
	long := runTimeSteady
	if wholly && !j.data.on {
		long = runTime
	}
	longer := j.becameLonger(ts, came)
	return j.lates.add(ts, came, long) || longer
}

// ranAhead counts packets that come earlier than the longest delay explains and says
// whether that has become the rule: the sender's timestamps went ahead, or the path
// became shorter by more than a delay may be too long.
func (j *jitterBuffer) ranAhead(ts, came uint32, lead int) bool {
	if lead+int(j.clock-came) <= max(j.most, j.data.delay)+mostEarlier {
		j.tooEarly = run{}
		return false
	}
	return j.tooEarly.add(ts, came, runTime)
}

// skipAhead has the packets of the row that is too early be a stream of their own. The
// last one, with timestamp ts, came age samples ago.
func (j *jitterBuffer) skipAhead(ts uint32, age int) {
	from := j.tooEarly.from
	j.halt()
	j.delay.add(j.clock-uint32(age)-ts, j.clock)
	from = later(from, ts-uint32(j.wanted()))
	from = later(from, j.pos) // a long row has been played in part
	j.forget(int(from - j.pos))
	j.state, j.waited = filling, int(ts-from)+age
	j.excuse, j.sinceBad = from, 0
}

// becameLonger counts packets that are in time though they come later than the fastest
// ones by more than the delay may be, and says whether that has become the rule: the
// fastest ones were of other timestamps.
func (j *jitterBuffer) becameLonger(ts, came uint32) bool {
	if int(int32(came-ts-j.delay.base)) <= j.most-2*j.frame {
		j.longer = run{}
		return false
	}
	return j.longer.add(ts, came, runTimeSteady)
}

// measureAnew forgets the fastest packets and what the clocks differed against them. What
// plays goes on as it is.
func (j *jitterBuffer) measureAnew(ts, came uint32) {
	j.longer = run{}
	j.delay.started = false
	j.delay.add(came-ts, j.clock)
	if j.data.on && j.state == playing {
		j.steady = max(j.held(), 1)
		j.data.restart()
	}
}

// later is the later one of two timestamps.
func later(a, b uint32) uint32 {
	if int32(a-b) > 0 {
		return a
	}
	return b
}
