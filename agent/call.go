package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/dsp/callerid"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/quality/cause"
	"github.com/ata-agent/ata-agent/sip"
)

// earlyMediaPeriod is how often an unanswered call is asked whether its network
// sends voice.
const earlyMediaPeriod = 50 * time.Millisecond

// call joins a call of the machine with its call of the user agent and its RTP
// session.
type call struct {
	id       line.CallID
	agent    *userAgent
	sip      sip.CallID
	incoming bool
	number   string
	caller   callerid.Call // of an incoming call
	session  *media.Session
	end      context.CancelFunc // ends the session
	done     sync.WaitGroup

	began     time.Time
	answered  time.Time
	early     bool // an answer came before the call was answered
	voice     bool // the network was sending voice at the last check
	ringing   bool
	media     sip.Media
	emergency bool
	reoffered bool         // because of data
	others    []*userAgent // for an emergency call that fails

	record   cause.Record
	observed time.Time // last

	dialog sip.Dialog           // once it was answered
	far    *sip.RTPStat         // what the far end says of it at its end
	talk   atomic.Pointer[talk] // for the user agent, nil before it was answered
}

// newCall opens the sockets of a call and starts its session.
func (p *port) newCall(id line.CallID, ua *userAgent) (*call, error) {
	if !ua.localAddr().IsValid() {
		return nil, errors.New("no local address yet")
	}
	cfg := &p.config
	rtp, rtcp, err := p.agent.opts.Listen(ua.listenAddr(), cfg.RTP.PortMin, cfg.RTP.PortMax, cfg.QoS.RTP)
	if err != nil {
		return nil, fmt.Errorf("open RTP: %w", err)
	}
	session := media.NewSession(rtp, rtcp, media.SessionOpts{
		JitterMin: cfg.RTP.JitterMin.Duration(),
		JitterMax: cfg.RTP.JitterMax.Duration(),
		Symmetric: cfg.RTP.Symmetric,

		JitterFixed: fixedDelay(&cfg.RTP),
		JitterData:  cfg.Fax.Jitter.Duration(),
	})
	ctx, end := context.WithCancel(context.Background())
	c := &call{id: id, agent: ua, session: session, end: end, began: p.at}
	c.done.Go(func() {
		if err := session.Run(ctx); err != nil && !errors.Is(err, net.ErrClosed) && ctx.Err() == nil {
			p.log.Warn("voice session ended", "call", c.id, "err", err)
		}
	})
	p.calls[c.id] = c
	return c, nil
}

// rtp is where the call takes voice, as the far end is told.
func (c *call) rtp() netip.AddrPort {
	return netip.AddrPortFrom(c.agent.localAddr(), uint16(c.session.LocalPort()))
}

// drop forgets a call and waits for its session to end. The wait is short: the
// session's sockets close at once.
func (p *port) drop(c *call) {
	delete(p.calls, c.id)
	p.agent.past.add(p.pastCall(c))
	if p.connected == c.id {
		p.Connect(0)
	}
	c.end()
	c.done.Wait()
}

// bySIP finds the call of a user agent's call.
func (p *port) bySIP(ua *userAgent, id sip.CallID) *call {
	for _, c := range p.calls {
		if c.agent == ua && c.sip == id {
			return c
		}
	}
	return nil
}

// sipEvent turns what a user agent reports into what the machine is told.
func (p *port) sipEvent(ua *userAgent, e sip.Event) {
	switch e := e.(type) {
	case sip.Registration:
		p.registration(ua, e)
	case sip.Incoming:
		p.incoming(ua, e)
	case sip.Progress:
		if c := p.bySIP(ua, e.Call); c != nil {
			p.progress(c, e)
		}
	case sip.Answered:
		if c := p.bySIP(ua, e.Call); c != nil {
			c.dialog = e.Dialog
			p.answered(c, e.Media)
		}
	case sip.Changed:
		if c := p.bySIP(ua, e.Call); c != nil {
			p.setMedia(c, e.Media)
		}
	case sip.Ended:
		if c := p.bySIP(ua, e.Call); c != nil {
			p.ended(c, e)
		}
	case sip.Fared:
		p.fared(ua, e)
	case sip.Digit:
		if c := p.bySIP(ua, e.Call); c != nil && c.id == p.connected { // not of a call on hold
			p.voice.PlayKey(e.Key, e.Duration)
		}
	case sip.CheckSync:
		if p.agent.opts.CheckSync != nil {
			p.agent.opts.CheckSync(e)
		}
	case sip.MessagesWaiting:
		p.messages = e.Waiting
		p.tell(p.at, line.Messages{Waiting: e.Waiting})
	}
}

func (p *port) registration(ua *userAgent, e sip.Registration) {
	if ua != p.agents.current {
		return
	}
	p.reg = e
	if e.State == sip.Registered {
		p.registeredAt = p.at
	}
	up := e.State == sip.Registered || !p.config.SIP.Register
	p.log.Info("registration", "state", e.State.String(), "server", e.Server, "code", e.Code, "reason", e.Reason)
	p.tell(p.at, line.Service{Up: up})
}

func (p *port) incoming(ua *userAgent, e sip.Incoming) {
	p.lastID++
	c, err := p.newCall(p.lastID, ua)
	if err != nil {
		p.log.Error("incoming call refused", "err", err)
		ua.Reject(e.Call, 480, "")
		return
	}
	c.sip, c.incoming, c.number = e.Call, true, e.Number
	c.caller = callerOf(e, p.at)
	p.meter(c)
	p.tell(p.at, line.Incoming{
		Call: c.id, Number: e.Number, Name: e.Name, Withheld: e.Withheld,
		Ring: distinctiveRing(e.Alert), Emergency: e.Priority == "psap-callback",
	})
}

func (p *port) progress(c *call, e sip.Progress) {
	if e.Media != nil {
		p.setMedia(c, *e.Media)
		c.early = true
	}
	c.noteAnswer(p.at)
	c.ringing = e.Code == 180
	p.tell(p.at, line.Progress{Call: c.id, Ringing: c.ringing, Media: c.voice})
}

// earlyMediaCheck is when the next look at early media is due.
func (p *port) earlyMediaCheck() (time.Time, bool) {
	for _, c := range p.calls {
		if c.early && c.answered.IsZero() {
			return time.Now().Add(earlyMediaPeriod), true
		}
	}
	return time.Time{}, false
}

// watchEarlyMedia tells the machine when the network starts or stops sending
// voice before the answer: it plays ringback only while there is none.
func (p *port) watchEarlyMedia(now time.Time) {
	for _, c := range p.calls {
		if !c.early || !c.answered.IsZero() {
			continue
		}
		if voice := c.session.Voice(); voice != c.voice {
			c.voice = voice
			p.tell(now, line.Progress{Call: c.id, Ringing: c.ringing, Media: voice})
		}
	}
}

func (p *port) answered(c *call, m sip.Media) {
	p.setMedia(c, m)
	c.noteAnswer(p.at)
	if c.answered.IsZero() {
		c.answered = p.at
	}
	c.talk.Store(&talk{c.answered, m.Codec})
	if !c.incoming {
		p.tell(p.at, line.Answered{Call: c.id})
	}
}

func (p *port) setMedia(c *call, m sip.Media) {
	c.media = m
	codec := media.PCMU
	if m.Codec == "PCMA" {
		codec = media.PCMA
	}
	s := media.Stream{
		Remote: m.Remote, RemoteRTCP: m.RemoteRTCP, Codec: codec, PTime: m.PTime,
		EventSend: m.EventSend, EventReceive: m.EventReceive, Send: m.Send, Receive: m.Receive,
		Noise: m.Noise, Keys: m.Keys,
	}
	c.session.Set(s)
}

func (p *port) ended(c *call, e sip.Ended) {
	tone := line.Silence
	if !c.incoming && c.answered.IsZero() {
		tone = failureTone(p.config.Tones.Causes, e)
	}
	p.log.Info("call ended", "call", c.id, "code", e.Code, "cause", e.Cause, "text", e.Text)
	wasConnected := p.connected == c.id
	c.noteEnd(p.at, e.Code)
	p.drop(c)
	if !p.elsewhere(c, wasConnected, e) {
		p.tell(p.at, line.Released{Call: c.id, Tone: tone})
	}
}
