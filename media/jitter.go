package media

import (
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/dsp/plc"
	"github.com/ata-agent/ata-agent/dsp/stretch"
)

const (
	bufferSize    = 8192                // samples it can hold, 1 s
	bufferReach   = bufferSize - 2*unit // how far ahead a packet may lie
	bufferForget  = 1000 * samplesPerMs // without voice for so long the next packet starts afresh
	maxFrame      = 2 * dsp.Frame       // longest block of Voice.Frame
	jumpPackets   = 2                   // packets in a row far from the others: the timestamps jumped
	keepBand      = 2 * samplesPerMs    // excess delay that is not worth a correction
	gentle        = 4                   // units from one corrected to the next, 0.3 %
	periodRest    = 8                   // units from a change by periods to the next, some 10 %
	periodRetry   = 2                   // the same where there were none
	quiet         = 100                 // rms of a unit that may be skipped, -44 dBm0
	fadeTime      = 80 * samplesPerMs   // a concealed voice is silent after this
	settled       = 3                   // units after a loss that are left as they are
	recentPhases  = 4                   // packets whose place in the frame is looked at
	leastMargin   = 1 * samplesPerMs    // a packet comes at least this much before it is needed
	defaultLeast  = 10 * samplesPerMs
	defaultMost   = 200 * samplesPerMs
	longestBuffer = 500 * samplesPerMs
	fixedBand     = 5 * samplesPerMs // a fixed delay may be off by this much
)

// jitterState is the state of a jitterBuffer.
//
//	      packet            delay reached
//	idle ───────▶ filling ───────────────▶ playing
//	  ▲  ▲            ▲  timestamps jumped    │ │
//	  │  │            └───────────────────────┘ │
//	  │  └──────────── nothing for 1 s ─────────┘
type jitterState uint8

const (
	idle jitterState = iota
	filling
	playing
)

// String returns the name in the diagram.
func (s jitterState) String() string { return [...]string{"idle", "filling", "playing"}[s] }

// jitterBuffer turns packets as the network delivers them into the even stream
// of samples the line needs.
//
//	packets ─▶ pcm, by timestamp ─▶ unit: good, concealed ─▶ ±1 sample ─▶ fifo ─▶ line
//	                                                      ─▶ ±periods ─▶
//
// Its clock is the count of samples taken out. The delay is chosen so that 99 %
// of the packets of the last seconds come in time: it grows at once, by holding
// back the voice while the buffer is empty, and shrinks where there is silence,
// or in a voice by whole periods of its pitch (see dsp/stretch), some 10 % of the
// time. Small changes, and all where there is no pitch, are by a sample a time.
// They absorb the drift between the far end's clock and the line's.
//
// With a fixed delay packets that come later than it are lost, and changes by a
// sample only absorb the drift. For data (see carryData) there are none at all.
type jitterBuffer struct {
	least, most int // bounds of the delay, samples
	fixed       int // delay that voice has, 0 = adaptive
	steady      int // delay that is kept now, 0 = adaptive
	data        pacer
	noise       comfort
	state       jitterState
	clock       uint32 // samples taken out
	frame       int    // block size of the line
	waited      int    // samples since the first packet came, while filling

	pcm      [bufferSize]int16
	present  [bufferSize / 64]uint64
	pos      uint32 // timestamp of the next unit
	end      uint32 // timestamp behind the newest sample that did not come too early
	drought  int    // samples concealed since the buffer ran empty; pos stands meanwhile
	jumps    int    // packets in a row far off
	lates    run    // packets too late
	tooEarly run    // packets too early
	longer   run    // packets in time though far from the fastest

	fifo   [maxFrame + longestVoiced]int16
	queued int
	unit   [unit]int16
	next   [unit]int16
	span   [stretchSpan]int16
	past   [stretch.Past]int16 // what was played before this unit
	voice  [stretch.Past + voiceAhead]int16

	conceal  plc.Concealer
	fading   int    // samples for which the voice before a reset still fades
	sinceBad int    // units since a loss
	sinceFix int    // units since a correction
	rest     int    // units until periods are looked for
	excused  bool   // no voice is expected: an event came instead
	excuse   uint32 // timestamp of the voice after it

	delay    delayTrack
	phases   [recentPhases]int
	phaseAt  int
	counters jitterCounters
}

// jitterCounters is what a jitterBuffer did so far.
type jitterCounters struct {
	late      uint64 // packets that came after their time
	discarded uint64 // packets that fit nowhere
	concealed uint64 // samples made up, but for those at the end of a talkspurt
	added     uint64 // samples added by corrections
	removed   uint64 // samples removed by corrections
}

// init sets the bounds of the delay in samples.
func (j *jitterBuffer) init(least, most int) {
	j.least, j.most, j.frame = least, most, unit
	j.delay.most = most
}

// setFixed has voice delayed by so many samples, whatever the network does.
func (j *jitterBuffer) setFixed(delay int) {
	j.fixed = min(max(delay, j.least), j.most)
	j.steady = j.fixed
}

// clear forgets the stream and its sound.
func (j *jitterBuffer) clear() {
	j.reset()
	j.conceal, j.fading, j.noise = plc.Concealer{}, 0, comfort{}
}

// reset forgets the stream; what was learned of the network stays.
func (j *jitterBuffer) reset() {
	j.halt()
	j.present = [bufferSize / 64]uint64{}
}

// halt ends the stream but for the packets that are there.
func (j *jitterBuffer) halt() {
	if j.state == playing {
		j.fading = fadeTime
	}
	j.state = idle
	j.queued, j.drought, j.jumps = 0, 0, 0
	j.lates, j.tooEarly, j.longer = run{}, run{}, run{}
	j.phases = [recentPhases]int{}
	j.delay.started = false
	if j.data.on {
		j.steady = j.data.delay
		j.data.restart()
	}
}

// put takes a packet that came age samples ago and says whether it is to be
// played.
func (j *jitterBuffer) put(ts uint32, law g711.Law, payload []byte, age int) bool {
	if len(payload) == 0 {
		return false
	}
	if j.state != idle && j.far(ts, len(payload)) {
		if j.jumps++; j.jumps < jumpPackets {
			j.counters.discarded++
			return false
		}
		j.reset()
	}
	j.jumps = 0
	if j.state == idle {
		j.open(ts, age)
	}
	j.delay.add(j.clock-uint32(age)-ts, j.clock)
	if !j.place(ts, len(payload), age) {
		return false
	}
	if j.excused {
		j.excused, j.excuse = false, ts
	}
	j.notePhase(ts)
	j.store(ts, law, payload)
	return true
}

// place makes room for a packet of n samples and says whether it is to be played.
func (j *jitterBuffer) place(ts uint32, n, age int) bool {
	came, lead := j.clock-uint32(age), j.lead(ts)
	settled := j.settle(ts, n)
	if !settled {
		j.counters.late++
	}
	switch {
	case !settled || lead-j.queued < j.leastLead():
		if !j.stoodStill(ts, came, !settled) {
			return settled
		}
		j.reset()
		j.open(ts, age)
		j.delay.add(came-ts, j.clock)
		return true
	case j.ranAhead(ts, came, lead):
		j.skipAhead(ts, age)
	case j.becameLonger(ts, came):
		j.measureAnew(ts, came)
	}
	j.lates = run{}
	return true
}

// far says whether a packet is so far from what plays that it cannot be of the
// same run of timestamps.
func (j *jitterBuffer) far(ts uint32, n int) bool {
	off := int(int32(ts - j.pos - uint32(j.drought)))
	return off+n > bufferReach-j.drought || off < -bufferReach
}

func (j *jitterBuffer) open(ts uint32, age int) {
	j.state, j.waited = filling, age
	j.pos, j.end, j.excuse = ts, ts, ts
	j.sinceBad = 0
}

// settle ends a drought. What the packet left behind is lost; if the packet
// itself is behind its time the delay grows so that it can still be played. It
// reports false if it cannot.
func (j *jitterBuffer) settle(ts uint32, n int) bool {
	off := int(int32(ts - j.pos))
	switch {
	case j.state == filling && off < 0 && off > -longestVoice:
		j.pos = ts // overtaken by the packet that came first
		return true
	case off+n <= 0:
		return false
	case j.drought == 0:
		return true
	case j.steady > 0:
		return j.settleSteady(ts, n)
	}
	growth := max(j.drought-max(off, 0)/unit*unit, 0)
	if growth > 0 && growth > j.most-j.held() {
		return false
	}
	if !j.excused {
		j.counters.concealed += uint64(j.drought)
	}
	skip := j.drought - growth
	j.drought = 0
	j.forget(skip)
	return true
}

// settleSteady ends a drought when the delay must not grow.
func (j *jitterBuffer) settleSteady(ts uint32, n int) bool {
	if !j.excused {
		j.counters.concealed += uint64(j.drought)
	}
	j.forget(j.drought)
	j.drought = 0
	return int(int32(ts-j.pos))+n > 0
}

// held is the delay of the fastest packet in the buffer, samples.
func (j *jitterBuffer) held() int {
	return int(int32(j.clock + uint32(j.queued) - j.pos - uint32(j.drought) - j.delay.base))
}

// notePhase notes how much before its first sample plays a packet is needed,
// because blocks and units are fetched as a whole.
func (j *jitterBuffer) notePhase(ts uint32) {
	off := max(int(int32(ts-j.pos)), 0)
	calls := (j.queued + off/unit*unit) / j.frame
	j.phases[j.phaseAt] = j.queued + off - calls*j.frame
	j.phaseAt = (j.phaseAt + 1) % recentPhases
}

func (j *jitterBuffer) store(ts uint32, law g711.Law, payload []byte) {
	if early := int(int32(j.pos - ts)); early > 0 {
		payload, ts = payload[early:], j.pos
	}
	j.mark(ts, len(payload))
	if end := ts + uint32(len(payload)); j.tooEarly.packets == 0 && int32(end-j.end) > 0 {
		j.end = end
	}
	at := int(ts % bufferSize)
	n := min(len(payload), bufferSize-at)
	g711.Decode(law, j.pcm[at:at+n], payload[:n])
	g711.Decode(law, j.pcm[:], payload[n:])
}

// get fills out, a multiple of 80 and at most 160 samples.
func (j *jitterBuffer) get(out []int16) {
	j.frame = len(out)
	if j.state == filling && j.ready() {
		j.state = playing
		if j.data.on {
			j.steady = j.held()
		}
	}
	switch {
	case j.state == playing:
		j.take(out)
	case j.noise.on:
		j.noise.sound.Read(out)
	case j.fading > 0:
		j.fading -= len(out)
		j.conceal.Lost(out)
	default:
		clear(out)
	}
	j.waited += len(out)
	j.clock += uint32(len(out))
}

// ready says whether the first packet has waited long enough. One that is
// shorter than a unit waits for the next.
func (j *jitterBuffer) ready() bool {
	want := j.wanted()
	if !j.whole(j.pos, unit) {
		want += unit
	}
	return j.waited >= want
}

// wanted is the delay of a stream that begins.
func (j *jitterBuffer) wanted() int {
	if j.steady > 0 {
		return j.steady
	}
	return min(j.margin()+j.delay.spread(), j.most-j.frame)
}

func (j *jitterBuffer) take(out []int16) {
	for j.queued < len(out) {
		j.fetch()
	}
	copy(out, j.fifo[:len(out)])
	copy(j.fifo[:], j.fifo[len(out):j.queued])
	j.queued -= len(out)
	if j.drought > bufferForget {
		j.reset()
	}
}

// fetch moves the next unit into the fifo.
func (j *jitterBuffer) fetch() {
	switch {
	case j.data.on:
		j.fetchData()
	case j.whole(j.pos, unit):
		j.playUnit()
	case int32(j.end-j.pos) < unit:
		j.makeUp()
		j.drought += unit
	default:
		j.makeUp()
		if int32(j.pos-j.excuse) >= 0 {
			j.counters.concealed += unit
		}
		j.forget(unit)
	}
}

func (j *jitterBuffer) makeUp() {
	if j.pausing() {
		j.fillPause()
		return
	}
	j.conceal.Lost(j.unit[:])
	j.push(j.unit[:])
	j.sinceBad = 0
}

// push has samples played.
func (j *jitterBuffer) push(samples []int16) {
	j.queued += copy(j.fifo[j.queued:], samples)
	j.remember(samples)
}

// remember notes what is played, for what follows to fit it.
func (j *jitterBuffer) remember(samples []int16) {
	kept := copy(j.past[:], j.past[min(len(samples), len(j.past)):])
	copy(j.past[kept:], samples[len(samples)-(len(j.past)-kept):])
}

func (j *jitterBuffer) playUnit() {
	j.copyOut(j.unit[:], j.pos)
	if j.noise.on && int32(j.pos-j.noise.from) >= 0 {
		j.noise.on = false
	}
	change := j.correction()
	if change < 0 && j.maySkip() {
		j.skipUnit()
		return
	}
	if j.periods(change) {
		return
	}
	j.conceal.Good(j.unit[:])
	if j.step(change) {
		j.sinceFix = 0
	} else {
		j.push(j.unit[:])
	}
	j.sinceBad++
	j.sinceFix++
	j.forget(unit)
}

// correction is by how many samples the delay is to grow (> 0) or to shrink (< 0),
// 0 if it is right. Within a frame it is right, for then a change makes no
// difference to when packets are needed. While it is doubted that the fastest packets
// are of this stream (see becameLonger) what they say of the delay is not acted on.
func (j *jitterBuffer) correction() int {
	if j.sinceBad < settled || j.longer.packets > 0 {
		return 0
	}
	held := j.held()
	if j.steady > 0 {
		return j.keepSteady(held - j.steady)
	}
	extra := held - min(j.delay.spread(), j.most-j.frame) - j.margin()
	short := j.phase() - extra
	switch {
	case short > 0 && held < j.most:
		return short
	case extra > j.frame+keepBand:
		return j.frame + keepBand - extra
	}
	return 0
}

// step plays the unit a sample longer or shorter, if a change is due. In silence
// that need not be gentle, nor if much is missing.
func (j *jitterBuffer) step(change int) bool {
	hurry := change > j.frame && j.steady == 0 || change > 0 && silent(j.unit[:])
	if change == 0 || j.sinceFix < gentle && !hurry || !j.whole(j.pos+unit, stretchAhead) {
		return false
	}
	if change < 0 {
		j.resample(shorten)
		j.counters.removed++
	} else {
		j.resample(lengthen)
		j.counters.added++
	}
	return true
}

// keepSteady is the correction for a delay that is extra above the fixed one.
func (j *jitterBuffer) keepSteady(extra int) int {
	switch {
	case j.sinceFix < gentle && !silent(j.unit[:]):
		return 0
	case extra < -fixedBand:
		return 1
	case extra > fixedBand:
		return -1
	}
	return 0
}

func (j *jitterBuffer) phase() int {
	most := 0
	for _, p := range j.phases {
		most = max(most, p)
	}
	return most
}

// margin is how long before its time a packet comes when the network does not
// vary: half a frame less than the least delay, so that it is met on average.
func (j *jitterBuffer) margin() int { return max(j.least-j.frame/2, leastMargin) }

// maySkip says whether a unit can be left out unheard.
func (j *jitterBuffer) maySkip() bool {
	if j.steady > 0 && j.held()-j.steady < unit {
		return false
	}
	return j.whole(j.pos, 2*unit) && (silent(j.unit[:]) || j.held() > j.most+j.frame)
}

func silent(samples []int16) bool {
	var sum int64
	for _, s := range samples {
		sum += int64(s) * int64(s)
	}
	return sum < quiet*quiet*int64(len(samples))
}

func (j *jitterBuffer) skipUnit() {
	j.copyOut(j.next[:], j.pos+unit)
	crossfade(j.unit[:], j.unit[:], j.next[:])
	j.conceal.Good(j.unit[:])
	j.push(j.unit[:])
	j.forget(2 * unit)
	j.counters.removed += unit
	j.sinceFix = 0
}

func (j *jitterBuffer) resample(table stretchTable) {
	n := copy(j.span[:], j.past[len(j.past)-stretchBack:])
	n += copy(j.span[n:], j.unit[:])
	j.copyOut(j.span[n:], j.pos+unit)
	resample(j.fifo[j.queued:], table, &j.span)
	j.queued += len(table)
	j.remember(j.unit[:])
}

// copyOut reads samples from timestamp ts on.
func (j *jitterBuffer) copyOut(dst []int16, ts uint32) {
	n := copy(dst, j.pcm[ts%bufferSize:])
	copy(dst[n:], j.pcm[:])
}

// forget drops n samples at pos.
func (j *jitterBuffer) forget(n int) {
	eachWord(j.pos, n, func(word int, mask uint64) { j.present[word] &^= mask })
	j.pos += uint32(n)
}

func (j *jitterBuffer) mark(ts uint32, n int) {
	eachWord(ts, n, func(word int, mask uint64) { j.present[word] |= mask })
}

// whole says whether n samples from ts on are there.
func (j *jitterBuffer) whole(ts uint32, n int) bool {
	all := true
	eachWord(ts, n, func(word int, mask uint64) { all = all && j.present[word]&mask == mask })
	return all
}

// eachWord calls do with each word of the presence bits that n samples from ts
// on touch, and the bits within it.
func eachWord(ts uint32, n int, do func(word int, mask uint64)) {
	for n > 0 {
		bit := int(ts % 64)
		m := min(64-bit, n)
		do(int(ts%bufferSize)/64, (^uint64(0)>>(64-m))<<bit)
		ts += uint32(m)
		n -= m
	}
}
