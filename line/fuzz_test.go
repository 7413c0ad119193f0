package line

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/dsp/callerid"
)

// FuzzMachine plays any sequence of events. Whatever happened, the machine uses
// only calls that exist, and a handset that is put down for long enough leaves
// an idle line.
func FuzzMachine(f *testing.F) {
	f.Add([]byte{0, 10, 1, 10, 2, 20, 3, 5, 4, 7})
	f.Add([]byte("\x00\x0a\x05\x0a\x06\x14\x03\x05\x04\x07\x10\x22\x33\x44"))
	for seed := range uint64(20) {
		f.Add(randomBytes(seed, 200))
	}
	f.Fuzz(playBytes)
}

// TestRandomEvents is FuzzMachine with long random sequences.
func TestRandomEvents(t *testing.T) {
	for seed := range uint64(scaled(20000, 1000)) {
		playBytes(t, randomBytes(seed, 800))
	}
}

func randomBytes(seed uint64, n int) []byte {
	rng := rand.New(rand.NewPCG(seed, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.UintN(256))
	}
	return b
}

func playBytes(t *testing.T, data []byte) {
	if len(data) < 2 {
		return
	}
	w := newWorld(t)
	c := testCountry()
	c.Hook = groups[int(data[0])%len(groups)].timing
	if n := int(data[0]) / len(groups) % (len(callerid.Schemes) + 1); n > 0 {
		c.CallerID = callerid.Schemes[n-1].Name
	}
	plans := []string{"(xx)", "(x.)", "(<9,:>x|1!|P3<:12>)", "(P0<:7>)"}
	flags := data[1]
	m := New(w, c, mustPlan(t, plans[flags&3]).WithEmergency("11"), Settings{
		CallWaiting:       flags&4 != 0,
		FlashToNet:        flags&8 != 0,
		NoServiceDialTone: flags&16 != 0,
		NoPulse:           flags&32 != 0,
	})
	p := player{w: w, m: m, at: epoch}
	for data = data[2:]; len(data) >= 2; data = data[2:] {
		p.step(data[0], data[1])
	}
	p.finish()
}

type player struct {
	w   *world
	m   *Machine
	at  time.Time
	off bool
}

// waits are times that matter to some timer, and some that matter to none.
var waits = []time.Duration{
	0, millisecond, 20 * millisecond, 60 * millisecond, 100 * millisecond, 140 * millisecond,
	260 * millisecond, 300 * millisecond, 500 * millisecond, time.Second, 3 * time.Second,
	6 * time.Second, 17 * time.Second, 61 * time.Second, 130 * time.Second, -5 * millisecond,
}

// step makes an event of two bytes: when and whether timers come before, and what.
func (p *player) step(when, what byte) {
	p.at = p.at.Add(waits[when&15])
	if when&16 == 0 {
		p.w.run(p.m, p.at)
	}
	e := p.event(what&15, what>>4)
	p.m.Handle(p.at, e)
	if r, ok := e.(Released); ok {
		p.forget(r.Call)
	}
	if at, ok := p.m.Deadline(); ok && !at.After(p.at) && when&15 != 15 {
		p.w.t.Fatalf("at %v there is still a deadline at %v", p.at, at)
	}
}

func (p *player) event(what, arg byte) Event {
	switch what {
	case 0, 1, 2, 3:
		p.off = !p.off
		return Hook{Off: p.off}
	case 4, 5:
		return Digit{Key: "0123456789*#ABCD"[arg]}
	case 6:
		return Incoming{Call: p.w.fresh(&leg{}), Ring: int(arg), Emergency: arg == 15}
	case 7:
		return Progress{Call: p.pick(arg), Ringing: arg&1 != 0, Media: arg&2 != 0}
	case 8, 9:
		return p.answered(arg)
	case 10, 11:
		return p.released(arg)
	case 12:
		return Service{Up: arg&3 != 0}
	case 13:
		return PortState{Up: arg&3 != 0}
	case 14:
		switch {
		case arg > 11:
			return Ready{}
		case arg > 7:
			return Recall{}
		}
		return Messages{Waiting: arg&1 != 0}
	}
	return Timer{}
}

// pick chooses one of the last calls, which may be over.
func (p *player) pick(arg byte) CallID {
	return p.w.next - min(CallID(arg&3), p.w.next)
}

func (p *player) answered(arg byte) Event {
	id := p.pick(arg)
	if l := p.w.calls[id]; l != nil && l.outgoing {
		l.answered = true
	}
	return Answered{Call: id}
}

func (p *player) released(arg byte) Event {
	return Released{Call: p.pick(arg), Tone: Tone(arg >> 2 * 4)}
}

// forget removes a call that was released, after the machine was told: what it
// does to the call until then is not its fault.
func (p *player) forget(id CallID) {
	if id != 0 && p.w.voice == id {
		p.w.t.Fatalf("call %d is over and still connected", id)
	}
	delete(p.w.calls, id)
}

// finish puts the handset down and lets everything run out.
func (p *player) finish() {
	p.m.Handle(p.at, PortState{Up: true})
	p.m.Handle(p.at.Add(time.Second), Hook{Off: true})
	p.m.Handle(p.at.Add(2*time.Second), Hook{Off: false})
	end := p.at.Add(10 * time.Minute)
	p.w.run(p.m, end)
	p.w.idle(p.m)
}
