package agent_test

import (
	"context"
	"math"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/alsa"
	"github.com/ata-agent/ata-agent/hal/alsa/model"
	"github.com/ata-agent/ata-agent/quality/cause"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
)

// late is a highway whose program is held up once.
type late struct {
	hal.PCM
	by chan time.Duration
}

func (l *late) Exchange(toPhone, fromPhone [][]int16) error {
	select {
	case d := <-l.by:
		time.Sleep(d)
	default:
	}
	return l.PCM.Exchange(toPhone, fromPhone)
}

func (l *late) Delay() int              { return l.PCM.(hal.Delayed).Delay() }
func (l *late) Stats() hal.HighwayStats { return l.PCM.(hal.Counted).Stats() }

// mishap is what happens to the sound card while lines 1 and 2 talk. It concerns
// all lines, and every one works again by itself.
type mishap struct {
	name    string
	happens func(card *model.Card, program *late)
	says    string                        // in the log
	out     bool                          // the lines go out of service
	mend    func(card *model.Card)        // when they have
	counts  func(s hal.HighwayStats) bool // in the status
}

var mishaps = []mishap{
	{
		name:    "program is late",
		happens: func(_ *model.Card, p *late) { p.by <- 170 * time.Millisecond },
		counts:  func(s hal.HighwayStats) bool { return s.Overruns == 1 && s.Lost > 0 && s.Restarts == 1 },
	},
	{
		name:    "EPIPE: the driver stops the streams",
		happens: func(c *model.Card, _ *late) { c.Fail(syscall.EPIPE) },
		says:    "PCM clock lost, lines are out of service",
		counts:  func(s hal.HighwayStats) bool { return s.Restarts == 2 && s.Opens == 1 },
	},
	{
		name:    "ENODEV: the card is gone and comes back under another number",
		happens: func(c *model.Card, _ *late) { c.Pull() },
		says:    "no such device", out: true,
		mend:   func(c *model.Card) { c.Plug(7) },
		counts: func(s hal.HighwayStats) bool { return s.Restarts == 2 && s.Opens == 2 },
	},
	{
		name:    "the card's clock stands still",
		happens: func(c *model.Card, _ *late) { c.Hold(true) },
		says:    "no samples come", out: true,
		mend:   func(c *model.Card) { c.Hold(false) },
		counts: func(s hal.HighwayStats) bool { return s.Restarts > 1 },
	},
}

// onCard runs an agent with three lines whose highway is a sound card.
func onCard(t *testing.T, prepare func(*model.Card), test func(w *world, card *model.Card, program *late)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		card := model.New(model.Opts{Index: 2})
		program := &late{by: make(chan time.Duration, 1)}
		ctx, unplug := context.WithCancel(t.Context())
		var running sync.WaitGroup
		w := startWorld(t, sim.Si321x, document(3, nil), func(b *sim.Board) {
			prepare(card)
			pcm, err := alsa.OpenOn(card, alsa.Opts{Card: "SLIC", Channels: 3})
			if err != nil {
				t.Fatal(err)
			}
			running.Go(func() {
				if err := card.Run(ctx, b.World); err != nil {
					t.Error(err)
				}
			})
			program.PCM, b.PCM = pcm, program
		})
		defer running.Wait()
		defer unplug()
		defer w.stop()
		test(w, card, program)
	})
}

// TestSoundCardFails has each mishap happen to a real hal/alsa on the model of a
// card: it is in the log and in the status, and afterwards the call goes on or
// has ended in order, and all lines work.
func TestSoundCardFails(t *testing.T) {
	for _, m := range mishaps {
		t.Run(m.name, func(t *testing.T) {
			onCard(t, func(*model.Card) {}, func(w *world, card *model.Card, program *late) {
				w.inService(0)
				w.phone(1, "offhook wait tone:dial dial 102 wait tone:ringback")
				w.phone(2, "wait ringing offhook pause 500ms")
				m.happens(card, program)
				w.suffers(m, card)
				w.phone(1, "onhook")
				w.phone(2, "pause 1s onhook")
				w.idle()
				w.phone(3, "offhook wait tone:dial dial 101 wait tone:ringback")
				w.phone(1, "wait ringing offhook pause 500ms onhook")
				w.phone(3, "wait cpc onhook")
				w.idle()
				if s := w.agent.Status().Clock; s.Card == nil || !m.counts(*s.Card) {
					t.Errorf("the status says of the card %+v", s.Card)
				}
			})
		})
	}
}

// suffers waits for the signs of a mishap, and for all lines afterwards.
func (w *world) suffers(m mishap, card *model.Card) {
	w.t.Helper()
	if m.out {
		w.eventually(5*time.Second, "all lines are out of service", func() bool {
			s := w.agent.Status()
			for _, l := range s.Lines {
				if l.PortUp || l.Trouble != slic.NoAnswer {
					return false
				}
			}
			return !s.Clock.Running
		})
		time.Sleep(2 * time.Second)
		m.mend(card)
	}
	w.eventually(time.Second, "the log says "+m.says, func() bool { return strings.Contains(w.log.String(), m.says) })
	time.Sleep(500 * time.Millisecond)
	w.inService(0)
	if n := strings.Count(w.log.String(), "lines are out of service"); n > 1 {
		w.t.Errorf("the log says %d times that the clock is lost, want once", n)
	}
}

// TestNoClockAtStart: a card whose clock does not run keeps the lines out of
// service, says so once, and has them work when it does.
func TestNoClockAtStart(t *testing.T) {
	onCard(t, func(c *model.Card) { c.Hold(true) }, func(w *world, card *model.Card, _ *late) {
		w.eventually(5*time.Second, "the lines say what is wrong", func() bool {
			for _, l := range w.agent.Status().Lines {
				if l.PortUp || l.Trouble != slic.NoAnswer {
					return false
				}
			}
			return strings.Count(w.log.String(), "lines are out of service") == 1
		})
		card.Hold(false)
		w.inService(0)
		w.phone(1, "offhook wait tone:dial onhook")
		w.idle()
	})
}

// TestFastHighway has a highway whose clock is fast by 300 ppm talk for two
// minutes to a far end whose clock is right: the voice is without a gap, and the
// call says what is wrong.
func TestFastHighway(t *testing.T) {
	notUnderRace(t)
	const ppm, talk = 300, 2 * time.Minute
	fast := func(b *sim.Board) { b.World.Detune(ppm) }
	talkToPeerFrom(t, g711.MuLaw, fast, func(p *peer, remote netip.AddrPort) {
		sent := p.packets()
		p.sendAtPace(remote, talk, 0, 0)
		sent = p.packets() - sent
		if want := float64(talk/packetTime) * (1 + ppm*1e-6); math.Abs(float64(sent)-want) > 1 {
			t.Errorf("%d packets sent in %v, want %.1f", sent, talk, want)
		}
		c := p.w.agent.Status().Lines[0].Calls[0]
		if len(c.Causes) == 0 || c.Causes[0].Cause != cause.ClockDrift || math.Abs(c.Causes[0].Value/-ppm-1) > 0.15 {
			t.Errorf("causes are %+v, want first a far end that is slow by %d ppm", c.Causes, ppm)
		}
		if v := c.Voice; v.Lost != 0 || v.Late != 0 || v.Discarded != 0 || v.Buffer > 0.06 {
			t.Errorf("the voice suffered: %+v", v)
		}
	})
}

// packets is how many packets of voice have come.
func (p *peer) packets() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.received)
}
