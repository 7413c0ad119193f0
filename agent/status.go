package agent

import (
	"net/netip"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/quality"
	"github.com/ata-agent/ata-agent/quality/cause"
	"github.com/ata-agent/ata-agent/sdes"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/slic"
)

// Status is the state of the agent for programs and people.
type Status struct {
	Lines   []LineStatus  `json:"lines"`
	Clock   ClockStatus   `json:"clock"`
	Process ProcessStatus `json:"process"`
}

// ProcessStatus is what the process uses.
type ProcessStatus struct {
	Goroutines int    `json:"goroutines"`
	Heap       uint64 `json:"heap_bytes"` // in use
}

func processStatus() ProcessStatus {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return ProcessStatus{runtime.NumGoroutine(), sample[0].Value.Uint64()}
}

// ClockStatus is how the PCM highway fares.
type ClockStatus struct {
	Running bool    `json:"running"`
	Periods uint64  `json:"periods"`
	Errors  uint64  `json:"errors"`
	Stalls  uint64  `json:"stalls"`                // periods that came 40 ms late or more
	Longest float64 `json:"longest_stall_seconds"` // of them

	Card *hal.HighwayStats `json:"sound_card,omitempty"` // of a highway that counts
	Work WorkStatus        `json:"work"`
}

// LineStatus is the state of one line.
type LineStatus struct {
	Line         int          `json:"line"` // from 1
	Name         string       `json:"name,omitempty"`
	Enabled      bool         `json:"enabled"`
	Port         string       `json:"port"`
	PortUp       bool         `json:"port_up"`
	PortError    string       `json:"port_error,omitempty"`
	Trouble      slic.Trouble `json:"port_trouble,omitempty"` // kind of PortError
	State        string       `json:"state"`
	OffHook      bool         `json:"off_hook"`
	Feed         string       `json:"feed"`
	Tone         string       `json:"tone"`
	User         string       `json:"user,omitempty"`
	Registers    bool         `json:"registers"` // the line is in service and wants to be registered
	Registration string       `json:"registration"`
	Server       string       `json:"server,omitempty"`
	Transport    string       `json:"transport,omitempty"`   // of SIP: udp, tcp or tls
	SIPTrouble   sip.Trouble  `json:"tls_trouble,omitempty"` // why there is no connection over TLS, which Reason says in words
	Code         int          `json:"sip_status,omitempty"`
	Reason       string       `json:"reason,omitempty"`
	Until        time.Time    `json:"until,omitzero"`
	RegisteredAt time.Time    `json:"registered_at,omitzero"` // the registrar's last consent
	EmergencyAt  time.Time    `json:"emergency_at,omitzero"`  // end of the last emergency call
	Pending      bool         `json:"configuration_pending,omitempty"`
	LostEvents   uint64       `json:"lost_events,omitempty"`
	Messages     bool         `json:"messages_waiting,omitempty"`
	Calls        []CallStatus `json:"calls,omitempty"`
	SIP          sip.Status   `json:"sip"`
	Audio        AudioStatus  `json:"audio"`

	LineTest *slic.TestReport `json:"line_test,omitempty"` // the last one since the start
	Hook     HookStatus       `json:"hook"`
}

// HookStatus is how the hook switch of the telephone was measured, 0 for what did
// not happen yet.
type HookStatus struct {
	Flash       float64 `json:"flash_seconds,omitempty"`        // break of the last hook flash
	PulseBreak  float64 `json:"pulse_break_seconds,omitempty"`  // mean of the last train of dial pulses
	PulsePeriod float64 `json:"pulse_period_seconds,omitempty"` // from one pulse of it to the next
}

func hookStatus(t line.HookTiming) HookStatus {
	return HookStatus{t.Flash.Seconds(), t.PulseBreak.Seconds(), t.PulsePeriod.Seconds()}
}

// CallStatus is one call that is up or being set up.
type CallStatus struct {
	Call      uint32      `json:"call"`
	Incoming  bool        `json:"incoming"`
	Emergency bool        `json:"emergency,omitempty"`
	Number    string      `json:"number"`
	Began     time.Time   `json:"began"`
	Answered  time.Time   `json:"answered,omitzero"`
	Ended     time.Time   `json:"ended,omitzero"`
	Codec     string      `json:"codec,omitempty"`
	Encrypted sdes.Suite  `json:"encryption,omitempty"` // of the voice, nothing if it is not
	Remote    string      `json:"remote,omitempty"`
	Data      bool        `json:"data,omitempty"` // of a fax, modem or text telephone, at present
	Voice     VoiceStatus `json:"voice"`

	Setup  float64    `json:"setup_seconds,omitempty"` // from dialling to the first answer of an outgoing call
	FarEnd *FarStatus `json:"far_end,omitempty"`       // what the far end told when the call ended

	Causes []cause.Finding `json:"causes,omitempty"` // why it was bad, what cost most first
	Detail CallDetail      `json:"-"`
}

// CallDetail is what a report on a call needs besides. It is for this program alone.
type CallDetail struct {
	User   string         // of the account, ...
	Domain string         // ... and its domain
	Dialog sip.Dialog     // zero before the answer
	Local  netip.AddrPort // where we take voice
	Agreed sip.Media      // with the far end
	Fixed  bool           // the jitter buffer does not adapt
	Stats  media.Stats
}

// VoiceStatus is how the voice of a call fares. Times are in seconds, levels in
// dBm0, silence is -100.
type VoiceStatus struct {
	Sent          uint64  `json:"sent_packets"`
	Received      uint64  `json:"received_packets"`
	Lost          int64   `json:"lost_packets"`
	Late          uint64  `json:"late_packets"`
	Duplicates    uint64  `json:"duplicate_packets"`
	Reordered     uint64  `json:"reordered_packets"`
	Discarded     uint64  `json:"discarded_packets"`
	Foreign       uint64  `json:"foreign_packets"`
	Garbage       uint64  `json:"garbage_packets"`
	Unauthentic   uint64  `json:"unauthentic_packets,omitempty"` // of an encrypted call: forged, damaged, or there already
	Concealed     float64 `json:"concealed_seconds"`
	Jitter        float64 `json:"jitter_seconds"`
	Buffer        float64 `json:"buffer_seconds"`
	RoundTrip     float64 `json:"round_trip_seconds,omitempty"`
	RemoteLost    int64   `json:"remote_lost_packets"`
	RemoteJitter  float64 `json:"remote_jitter_seconds"`
	LevelSent     float64 `json:"sent_level_dbm0"`
	LevelReceived float64 `json:"received_level_dbm0"`
	QualityStatus
	RemoteR     float64 `json:"remote_r_factor,omitempty"` // as the far end hears us, if it tells by RTCP XR
	RemoteMOSLQ float64 `json:"remote_mos_lq,omitempty"`
	RemoteMOSCQ float64 `json:"remote_mos_cq,omitempty"`
}

// QualityStatus is how well the far end is heard (RFC 3611 §4.7, ITU-T G.107).
// Rates and densities are shares from 0 to 1, durations are in seconds.
type QualityStatus struct {
	R               float64 `json:"r_factor"`         // 0 to 93; nothing before MOS is known
	MOSLQ           float64 `json:"mos_lq,omitempty"` // opinion of one who only listens, 1 to 4.4
	MOSCQ           float64 `json:"mos_cq,omitempty"` // and of one who converses, with delay and echo
	OneWay          float64 `json:"one_way_seconds"`  // from mouth to ear, estimated
	LossRate        float64 `json:"loss_rate"`
	DiscardRate     float64 `json:"discard_rate"` // came too late or found no room
	Bursts          uint64  `json:"bursts"`
	BurstDensity    float64 `json:"burst_density"` // share not heard within bursts
	BurstDuration   float64 `json:"burst_seconds"` // mean of a burst
	GapDensity      float64 `json:"gap_density"`   // share not heard between bursts
	GapDuration     float64 `json:"gap_seconds"`   // mean of a gap
	BurstRatio      float64 `json:"burst_ratio"`   // 1 = loss at random
	SpeechLevelDBm0 float64 `json:"speech_level_dbm0,omitempty"`
	NoiseLevelDBm0  float64 `json:"noise_level_dbm0,omitempty"`
}

func qualityStatus(r *quality.Report) QualityStatus {
	return QualityStatus{
		R: r.R, MOSLQ: r.MOSLQ, MOSCQ: r.MOSCQ, OneWay: r.OneWay.Seconds(),
		LossRate: r.LossRate, DiscardRate: r.DiscardRate, Bursts: r.Bursts,
		BurstDensity: r.BurstDensity, BurstDuration: r.BurstDuration.Seconds(),
		GapDensity: r.GapDensity, GapDuration: r.GapDuration.Seconds(), BurstRatio: r.BurstRatio,
		SpeechLevelDBm0: r.SpeechDBm0, NoiseLevelDBm0: r.NoiseDBm0,
	}
}

// quietest stands for silence, which has no level.
const quietest = -100

func voiceStatus(s media.Stats) VoiceStatus {
	return VoiceStatus{
		Sent: s.Sent, Received: s.Received, Lost: s.Lost, Late: s.Late,
		Duplicates: s.Duplicates, Reordered: s.Reordered, Discarded: s.Discarded,
		Foreign: s.Foreign, Garbage: s.Garbage, Unauthentic: s.Unauthentic,
		Concealed: s.Concealed.Seconds(), Jitter: s.Jitter.Seconds(), Buffer: s.BufferDelay.Seconds(),
		RoundTrip: s.RoundTrip.Seconds(), RemoteLost: s.RemoteLost, RemoteJitter: s.RemoteJitter.Seconds(),
		LevelSent: max(quietest, float64(s.LevelSent)), LevelReceived: max(quietest, float64(s.LevelReceived)),
		QualityStatus: qualityStatus(&s.Quality),
		RemoteR:       s.RemoteQuality.R, RemoteMOSLQ: s.RemoteQuality.MOSLQ, RemoteMOSCQ: s.RemoteQuality.MOSCQ,
	}
}

// Status returns the state of every line. It may be called from any goroutine.
func (a *Agent) Status() Status {
	s := Status{Process: processStatus(), Clock: ClockStatus{
		Running: a.clock.periods.Load() > 0 && !a.clock.lost.Load(),
		Periods: a.clock.periods.Load(),
		Errors:  a.clock.errors.Load(),
		Stalls:  a.clock.stalls.Load(),
		Longest: time.Duration(a.clock.longest.Load()).Seconds(),
		Work:    a.clock.work.status(),
	}}
	if c, ok := a.hw.PCM.(hal.Counted); ok {
		card := c.Stats()
		s.Clock.Card = &card
	}
	for _, p := range a.ports {
		st := p.status.Load().now()
		st.LostEvents = p.lost.Load()
		st.Audio = audioStatus(p.voice)
		st.LineTest = p.tested.Load()
		if ua := p.agents.served.Load(); ua != nil {
			st.SIP = ua.Status()
		}
		s.Lines = append(s.Lines, st)
	}
	return s
}

// Calls returns the calls that ended since the start, oldest first; the device
// keeps the last few in memory and nowhere else.
func (a *Agent) Calls() []PastCall { return a.past.all() }

// Forget forgets the calls that ended and what happened on the lines so far.
func (a *Agent) Forget() {
	a.past.forget()
	a.hub.forget()
	for _, p := range a.ports {
		p.post(message{forget: true})
	}
}

// snapshot is the state of a line as its goroutine left it, with the sessions
// that know how the voice fares at any moment.
type snapshot struct {
	line     LineStatus
	sessions []*media.Session // of line.Calls
}

// now is the snapshot with the present figures of its calls.
func (s *snapshot) now() LineStatus {
	st := s.line
	st.Calls = slices.Clone(st.Calls)
	for i, session := range s.sessions {
		stats := session.Stats()
		st.Calls[i].Data, st.Calls[i].Voice, st.Calls[i].Detail.Stats = stats.Data, voiceStatus(stats), stats
	}
	return st
}

// publish makes the line's state visible to other goroutines.
func (p *port) publish() {
	s := LineStatus{
		Line: p.n + 1, Name: p.config.Name, Enabled: p.config.Enabled,
		Port: p.chip.String(), PortUp: p.chipUp,
		State: p.machine.State().String(), OffHook: p.offHook,
		Feed: p.feed.String(), Tone: p.tone.String(),
		User: p.config.SIP.User, Registration: p.reg.State.String(), Registers: p.config.Enabled && p.config.SIP.Register,
		Code: p.reg.Code, Reason: p.reg.Reason, Until: p.reg.Until, SIPTrouble: p.reg.Trouble, Transport: p.config.SIP.Transport,
		Messages: p.messages, Trouble: slic.TroubleOf(p.chipErr),
		RegisteredAt: p.registeredAt, EmergencyAt: p.emergencyAt, Pending: p.pending != nil,
		Hook: hookStatus(p.machine.HookTiming()),
	}
	if p.reg.Server.IsValid() {
		s.Server = p.reg.Server.String()
	}
	if p.chipErr != nil {
		s.PortError = p.chipErr.Error()
	}
	snap := &snapshot{}
	for _, c := range p.calls {
		s.Calls = append(s.Calls, p.callStatus(c))
		snap.sessions = append(snap.sessions, c.session)
	}
	snap.line = s
	p.status.Store(snap)
}

func (p *port) callStatus(c *call) CallStatus {
	s := CallStatus{
		Causes: c.record.Causes(), Setup: c.record.Signalling.Setup.Seconds(),
		Detail: CallDetail{
			User: p.config.SIP.User, Domain: p.config.SIP.RecordDomain(),
			Dialog: c.dialog, Local: c.rtp(), Agreed: c.media, Fixed: fixedDelay(&p.config.RTP) > 0,
		},

		Call: uint32(c.id), Incoming: c.incoming, Emergency: c.emergency, Number: c.number,
		Began: c.began, Answered: c.answered, Codec: c.media.Codec, Encrypted: c.media.Keys.Suite,
	}
	if c.media.Remote.IsValid() {
		s.Remote = c.media.Remote.String()
	}
	return s
}

// keptCalls is how many ended calls are remembered.
const keptCalls = 20

// PastCall is a call that is over.
type PastCall struct {
	Line int `json:"line"`
	CallStatus
}

type pastCalls struct {
	mu    sync.Mutex
	calls []PastCall
}

func newPastCalls() *pastCalls { return &pastCalls{} }

func (p *pastCalls) add(c PastCall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.calls) == keptCalls {
		p.calls = append(p.calls[:0], p.calls[1:]...)
	}
	p.calls = append(p.calls, c)
}

func (p *pastCalls) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = nil
}

func (p *pastCalls) all() []PastCall {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]PastCall(nil), p.calls...)
}

func (p *port) pastCall(c *call) PastCall {
	if c.emergency {
		p.emergencyAt = p.at
	}
	p.observe(c)
	s := p.callStatus(c)
	s.Detail.Stats = c.session.Stats()
	s.Ended, s.Voice = p.at, voiceStatus(s.Detail.Stats)
	s.tellFar(c.far)
	return PastCall{p.n + 1, s}
}
