package telemetry

import (
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/quality"
	"github.com/ata-agent/ata-agent/quality/vqrtcpxr"
)

// vqWatch looks at the calls that go on, for reports on those that become bad and
// reports from time to time. It belongs to the goroutine that collects.
type vqWatch struct {
	thresholds []vqrtcpxr.Threshold
	interval   time.Duration // between two reports on a call, 0 = none
	calls      map[callKey]*vqCall
}

// vqCall is a call that is watched.
type vqCall struct {
	alarm  *vqrtcpxr.Watch
	before mark // the last look but one
	last   mark
	told   mark // the last report from time to time
}

// mark is where a stream stood at a time.
type mark struct {
	at     time.Time
	counts quality.Counts
}

func newVQWatch(cfg *config.QualityReports) *vqWatch {
	return &vqWatch{thresholds(&cfg.Alerts), cfg.Interval.Duration(), map[callKey]*vqCall{}}
}

// thresholds are those of the configuration. How much better a figure must be
// before it counts as better is a tenth of what it is, or a little.
func thresholds(a *config.Alerts) []vqrtcpxr.Threshold {
	return []vqrtcpxr.Threshold{
		{Figure: vqrtcpxr.MOSLQ, Warning: a.MOSWarning, Critical: a.MOSCritical, Falls: true, Ease: 0.2},
		{Figure: vqrtcpxr.RCQ, Warning: a.RWarning, Critical: a.RCritical, Falls: true, Ease: 5},
		{Figure: vqrtcpxr.NLR, Warning: a.LossWarning, Critical: a.LossCritical, Ease: 0.5},
		{Figure: vqrtcpxr.JDR, Warning: a.LateWarning, Critical: a.LateCritical, Ease: 0.5},
		{Figure: vqrtcpxr.RTD, Warning: float64(a.DelayWarning), Critical: float64(a.DelayCritical), Ease: 50},
	}
}

// look returns what is to be told of the calls that go on.
func (w *vqWatch) look(st agent.Status) (events []vqEvent) {
	still := map[callKey]*vqCall{}
	for _, l := range st.Lines {
		for _, c := range l.Calls {
			if c.Answered.IsZero() || c.Data {
				continue // nobody speaks
			}
			key := callKey{l.Line, c.Call, c.Began}
			if still[key] = w.calls[key]; still[key] == nil {
				still[key] = w.begin(&c)
				continue
			}
			events = append(events, w.lookAt(still[key], l.Line, c)...)
		}
	}
	w.calls = still
	return events
}

func (w *vqWatch) begin(c *agent.CallStatus) *vqCall {
	m := markOf(c)
	return &vqCall{vqrtcpxr.NewWatch(w.thresholds), m, m, m}
}

func markOf(c *agent.CallStatus) mark { return mark{time.Now(), c.Detail.Stats.Quality.Counts} }

// lookAt looks at one call again.
func (w *vqWatch) lookAt(v *vqCall, line int, c agent.CallStatus) (events []vqEvent) {
	now := markOf(&c)
	recent := since(&c, v.before)
	event := vqEvent{kind: vqrtcpxr.OnAlert, line: line, user: c.Detail.User, domain: c.Detail.Domain, call: c, heard: recent, start: v.before.at, stop: now.at}
	if recent.Expected() > 0 {
		var m vqrtcpxr.Metrics
		m.Take(&recent)
		for _, a := range v.alarm.Look(&m) {
			event.alert = a
			events = append(events, event)
		}
	}
	if w.interval > 0 && now.at.Sub(v.told.at) >= w.interval {
		event.kind, event.heard, event.start = vqrtcpxr.Interval, since(&c, v.told), v.told.at
		events = append(events, event)
		v.told = now
	}
	v.before, v.last = v.last, now
	return events
}

// since is how a call was heard since a mark.
func since(c *agent.CallStatus, m mark) quality.Report {
	whole, stats := &c.Detail.Stats.Quality, &c.Detail.Stats
	r := whole.Since(&m.counts).Report(quality.Conditions{
		Codec: quality.G711PLC, Packet: c.Detail.Agreed.PTime, Jitter: whole.Jitter, RoundTrip: whole.RoundTrip,
		EndSystem: whole.EndSystem, RemoteEndSystem: stats.RemoteQuality.EndSystem, RemoteEchoLoss: stats.RemoteQuality.EchoLoss,
	})
	r.SpeechDBm0, r.NoiseDBm0, r.EchoLoss, r.Buffer, r.BufferMost = whole.SpeechDBm0, whole.NoiseDBm0, whole.EchoLoss, whole.Buffer, whole.BufferMost
	return r
}

// sessionReport is what is told of a call that ended; false: nobody spoke.
func sessionReport(c agent.PastCall) (vqEvent, bool) {
	if c.Answered.IsZero() {
		return vqEvent{}, false
	}
	return vqEvent{
		kind: vqrtcpxr.CallTerm, line: c.Line, user: c.Detail.User, domain: c.Detail.Domain, call: c.CallStatus,
		heard: c.Detail.Stats.Quality, start: c.Answered, stop: c.Ended,
	}, true
}
