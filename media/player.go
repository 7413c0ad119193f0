package media

import (
	"time"

	"github.com/ata-agent/ata-agent/quality"
)

// player makes what the telephone hears of received packets. It belongs to the
// audio goroutine of the Voice the session is connected to.
type player struct {
	jitter jitterBuffer
	events eventReceiver
	ssrc   uint32
	known  bool
	level  meter
	heard  heardVoice

	dataDelay int // of the jitter buffer while data are carried, samples
}

func (p *player) init(opts SessionOpts) {
	least, most := defaultLeast, defaultMost
	if opts.JitterMin > 0 {
		least = min(int(opts.JitterMin/smallestClock), longestBuffer)
	}
	if opts.JitterMax > 0 {
		most = min(int(opts.JitterMax/smallestClock), longestBuffer)
	}
	p.dataDelay = defaultData
	if opts.JitterData > 0 {
		p.dataDelay = min(int(opts.JitterData/smallestClock), longestBuffer)
	}
	p.jitter.init(least, max(most, least+2*maxFrame))
	if opts.JitterFixed > 0 {
		p.jitter.setFixed(int(opts.JitterFixed / smallestClock))
	}
}

// receive fills out with the far end's voice and returns the key it presses, 0
// for none.
func (s *Session) receive(out []int16, now time.Duration) (key byte) {
	p := &s.player
	for in := s.packets.next(); in != nil; in = s.packets.next() {
		p.heard.account(in, p.take(in, now))
		s.packets.done()
	}
	p.jitter.get(out)
	key = p.events.advance(len(out))
	square := p.level.add(out)
	if p.jitter.state == playing {
		p.heard.levels.Add(square)
	}
	s.publish(p)
	return key
}

// take plays a packet and says what became of it.
func (p *player) take(in *packet, now time.Duration) quality.Fate {
	if p.known && in.ssrc != p.ssrc {
		p.jitter.reset()
		p.jitter.noise.on = false
		p.events.known = false
		p.heard.stream.Restart()
	}
	p.known, p.ssrc = true, in.ssrc
	payload := in.payload[:in.n]
	if in.event {
		p.events.packet(in.ts, payload)
		p.jitter.excused = true
		return quality.Played
	}
	if in.noise {
		p.jitter.pause(in.ts, payload)
		return quality.Played
	}
	p.heard.packet = in.n
	age := max(int((now-in.at)/smallestClock), 0)
	if !p.jitter.put(in.ts, in.law, payload, age) {
		return quality.Discarded
	}
	return quality.Played
}

func (s *Session) publish(p *player) {
	c := &p.jitter.counters
	s.late.Store(c.late)
	s.discarded.Store(c.discarded)
	s.concealed.Store(c.concealed)
	s.added.Store(c.added)
	s.removed.Store(c.removed)
	s.receivedEvents.Store(p.events.keys)
	s.lostEvents.Store(p.events.missed)
	s.levelReceived.Store(p.level.bits())
	held := 0
	if p.jitter.state == playing {
		held = p.jitter.held()
		p.heard.held = held
	}
	s.held.Store(int64(held))
	s.transit.Store(int64(int32(p.jitter.delay.base)))
	s.heardVoice.publish(&p.heard)
}
