package alsa

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ata-agent/ata-agent/hal"
)

// Opts is what a board says of its highway. The zero value of a field means the
// default given in brackets.
type Opts struct {
	Card     string // id of the sound card
	Device   int    // of the card
	Capture  int    // device to capture from, where each direction has its own [Device]
	Channels int    // lines, or slots of the highway [1]
	Rate     int    // Hz [8000]
	Period   int    // frames per Exchange [80]
	Periods  int    // of the hardware buffer [4]
	Coding   Coding // [Linear16]
}

func (o Opts) withDefaults() Opts {
	set := func(field *int, v int) {
		if *field == 0 {
			*field = v
		}
	}
	set(&o.Capture, o.Device)
	set(&o.Channels, 1)
	set(&o.Rate, 8000)
	set(&o.Period, 80)
	set(&o.Periods, 4)
	return o
}

// ahead is the number of periods that are written before the first is read.
const ahead = 2

func (o Opts) validate() error {
	for _, c := range []struct {
		ok   bool
		want string
	}{
		{o.Card != "", "the id of a card"},
		{o.Device >= 0 && o.Capture >= 0, "a device of 0 or more"},
		{o.Channels >= 1 && o.Channels <= 64, "1..64 channels"},
		{o.Rate >= 8000 && o.Rate <= 48000, "a rate of 8000..48000 Hz"},
		{o.Period >= 8 && o.Period <= 4096, "a period of 8..4096 frames"},
		{o.Periods > ahead && o.Periods <= 64, "3..64 periods"},
		{int(o.Coding) < len(formats), "a known coding"},
	} {
		if !c.ok {
			return errors.New("alsa: options: want " + c.want)
		}
	}
	return nil
}

// stall is how many periods may pass without a sample before the clock is taken
// for lost.
const stall = 10

// PCM is a highway on a sound device. It implements hal.PCM; Exchange and Close
// belong to one goroutine, Stats to any.
type PCM struct {
	opts   Opts
	kernel Kernel
	period []byte // interleaved

	capture, playback *stream // nil when the card is not open
	linked            bool
	running           bool
	closed            bool

	stats struct {
		periods, overruns, underruns, lost, restarts, opens atomic.Int64
	}
}

var (
	_ hal.PCM     = (*PCM)(nil)
	_ hal.Delayed = (*PCM)(nil)
	_ hal.Counted = (*PCM)(nil)
)

// Open opens the card and checks that it can do what is asked. The streams start
// with the first Exchange.
func Open(opts Opts) (*PCM, error) { return OpenOn(newSystem(), opts) }

// OpenOn does it on a kernel other than that of the program.
func OpenOn(k Kernel, opts Opts) (*PCM, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	p := &PCM{opts: opts, kernel: k}
	p.period = make([]byte, opts.Period*opts.Channels*formats[opts.Coding][0].bytes)
	if err := p.openCard(); err != nil {
		return nil, err
	}
	return p, nil
}

// Channels returns the number of lines.
func (p *PCM) Channels() int { return p.opts.Channels }

// Period returns the number of samples of a block.
func (p *PCM) Period() int { return p.opts.Period }

// Delay implements hal.Delayed: that much is written before the first period is
// read, and both pointers move together from then on.
func (p *PCM) Delay() int { return ahead * p.opts.Period }

// Linked says that both directions are started by one call of the kernel.
func (p *PCM) Linked() bool { return p.linked }

// Stats implements hal.Counted.
func (p *PCM) Stats() hal.HighwayStats {
	return hal.HighwayStats{
		Periods:   p.stats.periods.Load(),
		Overruns:  p.stats.overruns.Load(),
		Underruns: p.stats.underruns.Load(),
		Lost:      p.stats.lost.Load(),
		Restarts:  p.stats.restarts.Load(),
		Opens:     p.stats.opens.Load(),
	}
}

func (p *PCM) openCard() error {
	card, err := findCard(p.kernel, p.opts.Card)
	if err != nil {
		return err
	}
	capture, err := openStream(p.kernel, card, p.opts, false)
	if err != nil {
		return fmt.Errorf("alsa: card %q: %w", p.opts.Card, err)
	}
	playback, err := openStream(p.kernel, card, p.opts, true)
	if err != nil {
		_ = capture.close() // the first error is the one that tells
		return fmt.Errorf("alsa: card %q: %w", p.opts.Card, err)
	}
	p.capture, p.playback = capture, playback
	p.linked = p.kernel.Link(capture.fd, playback.fd) == nil // where not, they start apart
	p.stats.opens.Add(1)
	return nil
}

// Close stops the streams, and with them the clock of the chips.
func (p *PCM) Close() error {
	p.closed = true
	return p.closeCard()
}

func (p *PCM) closeCard() error {
	p.running = false
	if p.capture == nil {
		return nil
	}
	err := errors.Join(p.capture.close(), p.playback.close())
	p.capture, p.playback = nil, nil
	if err != nil {
		return fmt.Errorf("alsa: close card %q: %w", p.opts.Card, err)
	}
	return nil
}

var errClosed = errors.New("alsa: highway is closed")

// Exchange implements hal.PCM. It returns an error that is hal.ErrClockLost when
// a stream died; the next call begins anew.
func (p *PCM) Exchange(toPhone, fromPhone [][]int16) error {
	if p.closed {
		return errClosed
	}
	if !p.running {
		if err := p.begin(); err != nil {
			return p.died("start", err)
		}
	}
	if err := p.receive(); err != nil {
		return p.died("read", err)
	}
	p.opts.Coding.split(fromPhone, p.period)
	p.opts.Coding.merge(p.period, toPhone)
	if err := p.send(); err != nil {
		return p.died("write", err)
	}
	p.stats.periods.Add(1)
	return nil
}

// died notes that the streams do not run. A card that did not answer as a
// stopped stream does is opened anew.
func (p *PCM) died(doing string, err error) error {
	p.running = false
	stopped := errors.Is(err, syscall.EPIPE) || errors.Is(err, errSuspended) || errors.Is(err, errNoClock)
	if !stopped || doing == "start" {
		_ = p.closeCard() // it is gone or of no use
	}
	return fmt.Errorf("alsa: %s: %w: %w", doing, hal.ErrClockLost, err)
}

// begin starts both streams with silence ahead of the hardware.
func (p *PCM) begin() error {
	if p.capture == nil {
		if err := p.openCard(); err != nil {
			return err
		}
	}
	for _, s := range [...]*stream{p.capture, p.playback} {
		_ = s.drop() // fails where there is nothing to drop
		if err := s.prepare(); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	p.opts.Coding.silence(p.period)
	for range ahead {
		if _, err := p.playback.move(p.period, p.opts.Period); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
	}
	if err := p.playback.start(); err != nil {
		return err
	}
	if !p.linked {
		if err := p.capture.start(); err != nil {
			return err
		}
	}
	p.running = true
	p.stats.restarts.Add(1)
	return nil
}

// receive waits for a period and reads it.
func (p *PCM) receive() error {
	ready, err := p.capture.queued()
	if err != nil {
		return err
	}
	if ready > p.opts.Period*p.opts.Periods {
		if err := p.skip(ready - p.opts.Period); err != nil {
			return err
		}
	}
	for got := 0; got < p.opts.Period; {
		// It returns when a whole period is there.
		ready, err := p.kernel.Wait(p.capture.fd, stall*p.time())
		if err != nil {
			return err
		}
		if !ready {
			return errNoClock
		}
		n, err := p.capture.move(p.period[got*len(p.period)/p.opts.Period:], p.opts.Period-got)
		if err != nil && !errors.Is(err, syscall.EAGAIN) {
			return err
		}
		got += max(n, 0)
	}
	return nil
}

// time is the duration of a period.
func (p *PCM) time() time.Duration {
	return time.Duration(p.opts.Period) * time.Second / time.Duration(p.opts.Rate)
}

// skip gives up frames that were overwritten before they were read, and as many
// that should have been played meanwhile.
func (p *PCM) skip(frames int) error {
	p.stats.overruns.Add(1)
	p.stats.lost.Add(int64(frames))
	return errors.Join(p.capture.forward(frames), p.playback.forward(frames))
}

// send writes a period where the hardware will be, unless it has been there.
func (p *PCM) send() error {
	left, err := p.playback.queued()
	if err != nil {
		return err
	}
	if left < 0 {
		p.stats.underruns.Add(1)
		p.stats.lost.Add(int64(min(-left, p.opts.Period)))
		if left, err = p.rejoin(left); err != nil {
			return err
		}
	}
	if left <= -p.opts.Period { // it is the program that is late, the next period may be in time
		return p.playback.forward(p.opts.Period)
	}
	n, err := p.playback.move(p.period, p.opts.Period)
	if err != nil && !errors.Is(err, syscall.EAGAIN) {
		return err
	}
	p.stats.lost.Add(int64(p.opts.Period - max(n, 0))) // no room: the clocks differ
	return nil
}

// rejoin takes playback, which is behind the hardware, to where it belongs beside
// capture. A late program finds as much more to read as it has left less to play.
// What that does not explain is a distance between the two directions, and would
// be missing from every period to come. It returns what is left then.
func (p *PCM) rejoin(left int) (int, error) {
	waiting, err := p.capture.queued()
	if err != nil {
		return left, err
	}
	apart := (ahead-1)*p.opts.Period - left - waiting
	if apart < p.opts.Period/2 { // drivers may know their position to that only
		return left, nil
	}
	return left + apart, p.playback.forward(apart)
}
