package board

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
)

// Times of a port whose hardware is not all there.
const (
	clockPatience = time.Second           // without a PCM clock before the port is reported lost
	clockSettle   = 10 * time.Millisecond // of clock before a chip is taken out of reset
	retryMin      = 2 * time.Second       // between attempts to open the devices,
	retryMax      = 30 * time.Second      // doubled each time
)

// port is a line that opens its devices when it is run.
//
//	wait for the PCM clock --> open devices --> the driver's Run
//	                             ^    | failed
//	                             +----+ Lost, wait
type port struct {
	index   int
	board   *Description
	driver  *driver
	highway *highway
	devices Devices
	opts    Opts

	mu          sync.Mutex
	line        slic.Line // the driver, nil while the devices are not open
	feed        slic.Feed
	electrical  slic.Electrical
	screen      slic.Screen
	calibration *si321x.Calibration
}

var (
	_ slic.Line       = (*port)(nil)
	_ slic.LineTester = (*port)(nil)
)

func newPort(i int, d *Description, driver *driver, h *highway, devices Devices, opts Opts) *port {
	p := &port{index: i, board: d, driver: driver, highway: h, devices: devices, opts: opts}
	p.electrical = driver.bound(&d.Lines[i], slic.Electrical{})
	if opts.Calibration != nil {
		p.calibration = opts.Calibration(i)
	}
	return p
}

// String returns the line's number and chip.
func (p *port) String() string { return fmt.Sprintf("line %d (%s)", p.index+1, p.config().SLIC) }

func (p *port) config() *Line { return &p.board.Lines[p.index] }

// Caps implements slic.Line. They are known before the devices are open, as who
// uses the port plans with them from the start.
func (p *port) Caps() slic.Caps { return p.driver.caps(p.config()) }

func (p *port) current() slic.Line {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.line
}

// SetFeed implements slic.Line.
func (p *port) SetFeed(f slic.Feed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.feed = f
	if p.line != nil {
		p.line.SetFeed(f)
	}
}

// Configure implements slic.Line. What is not asked for is what the board is
// built for, and no more than that is given.
func (p *port) Configure(e slic.Electrical) error {
	e = p.driver.bound(p.config(), e)
	if err := e.Validate(); err != nil {
		return fmt.Errorf("board: configure line %d: %w", p.index+1, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.electrical = e
	if p.line == nil {
		return nil
	}
	return p.line.Configure(e)
}

// Measure implements slic.Line.
func (p *port) Measure() (slic.Measurement, error) {
	if line := p.current(); line != nil {
		return line.Measure()
	}
	return slic.Measurement{}, fmt.Errorf("board: measure line %d: its devices are not open", p.index+1)
}

// TestLine implements slic.LineTester. Hardware that cannot measure answers with
// slic.ErrUnsupported.
func (p *port) TestLine(ctx context.Context) (slic.TestReport, error) {
	line := p.current()
	if line == nil {
		return slic.TestReport{}, fmt.Errorf("board: test line %d: its devices are not open: %w", p.index+1, slic.ErrTestBusy)
	}
	if t, ok := line.(slic.LineTester); ok {
		return t.TestLine(ctx)
	}
	return slic.TestReport{}, fmt.Errorf("board: test line %d: %w", p.index+1, slic.ErrUnsupported)
}

// Run implements slic.Line.
func (p *port) Run(ctx context.Context, notify func(slic.Event)) error {
	r := &reporter{port: p, notify: notify}
	if err := p.waitForClock(ctx, r); err != nil {
		return err
	}
	for wait := retryMin; ; wait = min(2*wait, retryMax) {
		o := p.newOpening()
		line, err := p.build(o)
		if err == nil {
			return p.serve(ctx, o, line, notify)
		}
		r.lost(slic.WithTrouble(slic.NoDevice, errors.Join(err, o.close())))
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// waitForClock waits for the highway, and says so when that takes long.
func (p *port) waitForClock(ctx context.Context, r *reporter) error {
	soon, cancel := context.WithTimeout(ctx, clockPatience)
	err := p.highway.wait(soon)
	cancel()
	if err != nil && ctx.Err() == nil {
		r.lost(slic.WithTrouble(slic.NoClock, fmt.Errorf("no PCM clock: %w", p.highway.reason())))
		err = p.highway.wait(ctx)
	}
	if err != nil {
		return err
	}
	return pause(ctx, clockSettle)
}

func (p *port) newOpening() *opening {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &opening{
		board: p.board, line: p.config(), name: fmt.Sprintf("line %d", p.index+1), devices: p.devices,
		log:         p.opts.Logger.With("line", p.index+1),
		calibration: p.calibration, calibrated: p.calibrated,
		speakers: p.highway.speakers,
	}
}

// calibrated keeps the results of a calibration, which spare the next start a
// second or more.
func (p *port) calibrated(c si321x.Calibration) {
	p.mu.Lock()
	p.calibration = &c
	p.mu.Unlock()
	if p.opts.Calibrated != nil {
		p.opts.Calibrated(p.index, c)
	}
}

// build opens the devices, makes the driver and tells it what is wanted.
func (p *port) build(o *opening) (slic.Line, error) {
	line, err := p.driver.build(o)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := line.Configure(p.electrical); err != nil {
		return nil, err
	}
	line.SetFeed(p.feed)
	if panel, ok := line.(slic.Panel); ok {
		panel.Show(p.screen)
	}
	p.line = line
	return line, nil
}

// serve runs the driver and gives the devices back.
func (p *port) serve(ctx context.Context, o *opening, line slic.Line, notify func(slic.Event)) error {
	err := line.Run(ctx, notify)
	p.mu.Lock()
	p.line = nil
	p.mu.Unlock()
	if closing := o.close(); closing != nil {
		err = errors.Join(err, fmt.Errorf("board: close line %d: %w", p.index+1, closing))
	}
	return err
}

// reporter tells why a port is out of service, each reason once.
type reporter struct {
	port   *port
	notify func(slic.Event)
	last   string
}

func (r *reporter) lost(err error) {
	err = fmt.Errorf("board: line %d: %w", r.port.index+1, err)
	if err.Error() == r.last {
		return
	}
	r.last = err.Error()
	r.notify(slic.Event{At: time.Now(), Kind: slic.Lost, Err: err})
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
