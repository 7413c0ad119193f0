package telemetry

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/privacy"
)

// Calls counts calls and their quality. The agent remembers a few ended calls;
// Ended must be called often enough to see each of them.
type Calls struct {
	status func() agent.Status
	past   func() []agent.PastCall

	mu        sync.Mutex
	seen      map[callKey]bool
	fresh     []agent.PastCall // not yet taken by Ended
	lines     map[int]*lineCalls
	mos       map[string]*privacy.Histogram
	jitter    *privacy.Histogram
	roundTrip *privacy.Histogram
	setup     *privacy.Histogram
}

// callKey tells calls apart.
type callKey struct {
	line  int
	call  uint32
	began time.Time
}

// lineCalls is what the ended calls of a line add up to.
type lineCalls struct {
	ended     [2][2]uint64 // outgoing and incoming; unanswered and answered
	sent      uint64
	received  uint64
	lost      int64
	discarded uint64
	emergency uint64
}

// NewCalls returns a counter of the agent's calls.
func NewCalls(status func() agent.Status, past func() []agent.PastCall) *Calls {
	return &Calls{
		status: status, past: past, seen: map[callKey]bool{}, lines: map[int]*lineCalls{}, mos: map[string]*privacy.Histogram{},
		jitter: emptyHistogram(rtpJitter), roundTrip: emptyHistogram(rtpRoundTrip), setup: emptyHistogram(callSetup),
	}
}

func emptyHistogram(f privacy.Field) *privacy.Histogram {
	return &privacy.Histogram{Counts: make([]uint64, len(f.Bounds)+1)}
}

// observe counts a value in the bucket it belongs to: bounds are inclusive.
func observe(h *privacy.Histogram, f privacy.Field, v float64) {
	i, _ := slices.BinarySearch(f.Bounds, v)
	h.Counts[i]++
	h.Sum += v
}

// Name implements Collector.
func (c *Calls) Name() string { return "calls" }

// Collect implements Collector.
func (c *Calls) Collect(s *Samples) error {
	st := c.status() // before the ended calls: one that ends between is seen twice, not never
	c.mu.Lock()
	defer c.mu.Unlock()
	c.poll()
	for _, l := range st.Lines {
		if l.Enabled {
			c.collectLine(s, l)
		}
	}
	for _, codec := range slices.Sorted(maps.Keys(c.mos)) {
		s.Distribution(callMOS, copyOf(c.mos[codec]), codec)
	}
	s.Distribution(rtpJitter, copyOf(c.jitter))
	s.Distribution(rtpRoundTrip, copyOf(c.roundTrip))
	return nil
}

func copyOf(h *privacy.Histogram) *privacy.Histogram {
	return &privacy.Histogram{Counts: slices.Clone(h.Counts), Sum: h.Sum}
}

// collectLine adds the calls that are up to those that ended, so that the
// counters go on during a call.
func (c *Calls) collectLine(s *Samples, l agent.LineStatus) {
	sum := *c.of(l.Line)
	for _, call := range l.Calls {
		if !c.seen[callKey{l.Line, call.Call, call.Began}] {
			sum.add(call.Voice)
		}
	}
	n := strconv.Itoa(l.Line)
	for way, name := range []string{"outgoing", "incoming"} {
		for answered, result := range []string{"unanswered", "answered"} {
			s.Set(callsTotal, float64(sum.ended[way][answered]), n, name, result)
		}
	}
	if sum.emergency > 0 { // most lines never have one
		s.Set(emergencyCalls, float64(sum.emergency), n)
	}
	s.Set(rtpPackets, float64(sum.sent), n, "sent")
	s.Set(rtpPackets, float64(sum.received), n, "received")
	s.Set(rtpLost, float64(max(0, sum.lost)), n)
	s.Set(rtpDiscarded, float64(sum.discarded), n)
}

func (c *Calls) of(line int) *lineCalls {
	if c.lines[line] == nil {
		c.lines[line] = &lineCalls{}
	}
	return c.lines[line]
}

func (l *lineCalls) add(v agent.VoiceStatus) {
	l.sent += v.Sent
	l.received += v.Received
	l.lost += v.Lost
	l.discarded += v.Discarded + v.Late
}

// Ended returns the calls that ended since it was called last.
func (c *Calls) Ended() []agent.PastCall {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.poll()
	fresh := c.fresh
	c.fresh = nil
	return fresh
}

// poll counts the calls that ended since the last time.
func (c *Calls) poll() {
	past := c.past()
	still := make(map[callKey]bool, len(past))
	for _, call := range past {
		key := callKey{call.Line, call.Call, call.Began}
		still[key] = true
		if !c.seen[key] {
			c.count(call)
			c.fresh = append(c.fresh, call)
		}
	}
	c.seen = still
}

func (c *Calls) count(call agent.PastCall) {
	l := c.of(call.Line)
	l.ended[index(call.Incoming)][index(!call.Answered.IsZero())]++
	l.add(call.Voice)
	if call.Emergency {
		l.emergency++
	}
	if call.Setup > 0 {
		observe(c.setup, callSetup, call.Setup)
	}
	if call.Voice.MOSLQ > 0 {
		h := c.mos[call.Codec]
		if h == nil {
			h = emptyHistogram(callMOS)
			c.mos[call.Codec] = h
		}
		observe(h, callMOS, call.Voice.MOSLQ)
	}
	if call.Voice.Received > 0 {
		observe(c.jitter, rtpJitter, call.Voice.Jitter)
	}
	if call.Voice.RoundTrip > 0 {
		observe(c.roundTrip, rtpRoundTrip, call.Voice.RoundTrip)
	}
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// callReport is what is told of one call that ended: how it was, not whose.
func callReport(c agent.PastCall) []privacy.Item {
	s := &Samples{}
	v := c.Voice
	s.Set(reportLine, float64(c.Line))
	s.Flag(reportIncoming, c.Incoming)
	s.Text(reportCodec, c.Codec)
	for _, x := range []struct {
		field privacy.Field
		value float64
	}{
		{reportMOSLQ, v.MOSLQ},
		{reportMOSCQ, v.MOSCQ},
		{reportR, v.R},
		{reportLoss, v.LossRate},
		{reportDiscard, v.DiscardRate},
		{reportBursts, float64(v.Bursts)},
		{reportJitter, v.Jitter},
		{reportRoundTrip, v.RoundTrip},
		{reportOneWay, v.OneWay},
		{reportBuffer, v.Buffer},
	} {
		s.Set(x.field, x.value)
	}
	if len(c.Causes) > 0 {
		s.Text(reportCause, c.Causes[0].Cause.String())
		s.Set(reportWeight, c.Causes[0].Weight)
	} else {
		s.Set(reportWeight, 0)
	}
	if v.RemoteMOSLQ > 0 {
		s.Set(reportRemote, v.RemoteMOSLQ)
	}
	return s.items
}
