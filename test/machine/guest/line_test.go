//go:build machine && linux

package guest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/host/v3/sysfs"

	"github.com/ata-agent/ata-agent/hal/gpio"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
	"github.com/ata-agent/ata-agent/test/machine/vboard"
)

// TestLines works two line-feed chips over spidev and GPIO lines of the kernel.
func TestLines(t *testing.T) {
	sockets := []*socket{newSocket(t, 1), newSocket(t, 2)}
	begin(t, sockets)
	ports := make([]*port, len(sockets))
	for i, s := range sockets {
		ports[i] = serve(t, newDriver(t, i), s.phone)
	}
	for _, p := range ports {
		p.want(slic.Ready, 10*time.Second)
	}
	compareTranscript(t, sockets[0].transcript())
	for _, p := range ports {
		p.dev.SetFeed(slic.Forward)
		p.quiet(300 * time.Millisecond)
	}
	for i, p := range ports {
		t.Run(fmt.Sprintf("hook of line %d", i+1), func(t *testing.T) { p.T = t; p.hook() })
	}
	t.Run("flash", func(t *testing.T) { ports[0].T = t; ports[0].flash() })
	for _, pps := range []float64{8, 10, 16, 20} {
		t.Run(fmt.Sprintf("pulses at %v per second", pps), func(t *testing.T) { ports[0].T = t; ports[0].pulses(pps) })
	}
	t.Run("ring trip", func(t *testing.T) { ports[1].T = t; ports[1].ringTrip() })
	t.Run("broken bus", func(t *testing.T) { ports[0].T = t; ports[0].brokenBus(sockets[0]) })
	for _, p := range ports { // the other line noticed nothing
		p.T = t
		p.quiet(100 * time.Millisecond)
	}
}

// TestChip holds a line-feed chip to what is promised of a line, over spidev and
// GPIO lines of the kernel; in the full form to all of it.
func TestChip(t *testing.T) {
	slictest.TestLine(t, slictest.Rig{Kernel: true, Sample: !*full, New: func(t *testing.T, phone *slictest.Telephone) slictest.Port {
		s := newSocketOn(t, 1, phone)
		connect(t, []*socket{s})
		frame := make([]byte, 4)
		return slictest.Port{
			Line:  newDriver(t, 0),
			Frame: func(at time.Time) { s.chip.Frame(at, frame, frame) },
			Reset: func() { s.chip.Inject(model.SpontaneousReset) },
		}
	}})
}

// begin connects the chips to the machine and gives them a clock until the test
// ends.
func begin(t *testing.T, sockets []*socket) {
	connect(t, sockets)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	var models []highway
	for _, s := range sockets {
		models = append(models, s.chip)
	}
	done.Go(func() { clock(ctx, models...) })
	t.Cleanup(func() { cancel(); done.Wait() })
}

// connect connects the chips to the bus and the lines of the machine until the
// test ends.
func connect(t *testing.T, sockets []*socket) {
	resets, ints := []int{lineReset1, lineReset2}, []int{lineInt1, lineInt2}
	theFar.use(func(m vboard.Message) error {
		if m.ChipSelect >= len(sockets) {
			return fmt.Errorf("no chip %d", m.ChipSelect)
		}
		return sockets[m.ChipSelect].transfer(m)
	}, func(c vboard.Change) {
		for i, s := range sockets {
			if c.Line == resets[i] {
				_ = s.chip.Reset().Out(pgpio.Level(c.Output && c.Level)) // pulled down on the board
			}
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	for i, s := range sockets {
		done.Go(func() { follow(ctx, t, s.chip.Int(), ints[i]) })
	}
	t.Cleanup(func() { cancel(); done.Wait(); theFar.use(nil, nil) })
}

var options = si321x.Opts{Variant: si321x.Si3210, Si3201: true}

// newDriver builds the driver of a line as a board would.
func newDriver(t *testing.T, i int) *si321x.Dev {
	bus, err := sysfs.NewSPI(0, i)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bus.Close() })
	opts := options
	opts.Name = fmt.Sprintf("line %d", i+1)
	dev, err := si321x.New(bus, si321x.Pins{
		Reset: line(t, fmt.Sprintf("RESET%d", i+1), gpio.Opts{Consumer: opts.Name + " reset"}),
		Int:   line(t, fmt.Sprintf("INT%d", i+1), gpio.Opts{Consumer: opts.Name + " interrupt"}),
	}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// compareTranscript powers the same chip up without the kernel between, and
// compares what is written to it.
func compareTranscript(t *testing.T, got []access) {
	s := newSocket(t, 1)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { clock(ctx, s.chip) })
	defer func() { cancel(); done.Wait() }()
	t.Run("transcript", func(t *testing.T) {
		dev, err := si321x.New(&tap{s}, si321x.Pins{Reset: s.chip.Reset(), Int: s.chip.Int()}, options)
		if err != nil {
			t.Fatal(err)
		}
		p := serve(t, dev, s.phone)
		p.want(slic.Ready, 10*time.Second)
		want := s.transcript()
		n := min(len(got), len(want))
		if n < 100 || !slices.Equal(got[:n], want[:n]) {
			t.Errorf("the writes of power-up differ:\nkernel %v\nmodel  %v", got, want)
		}
		t.Logf("%d register writes are the same", n)
	})
}

// tap is the port of a chip without a kernel.
type tap struct{ s *socket }

func (p *tap) String() string { return "tap" }

func (p *tap) Connect(physic.Frequency, spi.Mode, int) (spi.Conn, error) {
	return &tapConn{p.s.conn, p.s}, nil
}

type tapConn struct {
	spi.Conn
	s *socket
}

func (c *tapConn) Tx(w, r []byte) error { return c.TxPackets([]spi.Packet{{W: w, R: r}}) }

func (c *tapConn) TxPackets(packets []spi.Packet) error {
	err := c.Conn.TxPackets(packets)
	for _, p := range packets {
		c.s.record(p.W[0])
	}
	return err
}

// hook lifts and hangs up five times.
func (p *port) hook() {
	for range 5 {
		begin := time.Now()
		p.phone.Lift()
		e := p.want(slic.OffHook, 60*time.Millisecond)
		if took := e.At.Sub(begin); took > 40*time.Millisecond {
			p.Errorf("off hook reported %v after the contact", took)
		}
		p.quiet(200 * time.Millisecond)
		p.phone.Hang()
		p.want(slic.OnHook, 80*time.Millisecond)
		p.quiet(200 * time.Millisecond)
	}
}

// brokenBus makes the kernel's transfers fail for a while.
func (p *port) brokenBus(s *socket) {
	s.broken.Store(true)
	p.want(slic.Lost, 2*time.Second)
	p.quiet(2 * time.Second)
	s.broken.Store(false)
	p.want(slic.Ready, 15*time.Second)
	p.quiet(300 * time.Millisecond)
	p.phone.Lift()
	p.want(slic.OffHook, 60*time.Millisecond)
	p.hang()
}

func (p *port) flash() {
	p.phone.Lift()
	p.want(slic.OffHook, 60*time.Millisecond)
	for _, d := range []time.Duration{80, 120, 300, 750} {
		d *= time.Millisecond
		p.quiet(300 * time.Millisecond)
		p.phone.Flash(d)
		on := p.want(slic.OnHook, 80*time.Millisecond)
		off := p.want(slic.OffHook, d+60*time.Millisecond)
		if got := off.At.Sub(on.At); (got - d).Abs() > 5*time.Millisecond {
			p.Errorf("flash of %v reported as %v", d, got)
		}
	}
	p.hang()
}

func (p *port) hang() {
	p.quiet(300 * time.Millisecond)
	p.phone.Hang()
	p.want(slic.OnHook, 80*time.Millisecond)
	p.quiet(200 * time.Millisecond)
}

// pulses dials a nine twice; no edge may be missing and breaks keep their
// length.
func (p *port) pulses(pps float64) {
	p.phone.Lift()
	p.want(slic.OffHook, 60*time.Millisecond)
	p.quiet(300 * time.Millisecond)
	period := time.Duration(float64(time.Second) / pps)
	worst := time.Duration(0)
	for _, open := range []float64{0.6, 0.667} {
		p.phone.Pulse(9, pps, open)
		for i := range 9 {
			on := p.want(slic.OnHook, period+60*time.Millisecond)
			off := p.want(slic.OffHook, period+60*time.Millisecond)
			want := time.Duration(float64(period) * open)
			diff := (off.At.Sub(on.At) - want).Abs()
			if worst = max(worst, diff); diff > 10*time.Millisecond {
				p.Errorf("break %d of %v reported as %v", i, want, off.At.Sub(on.At))
			}
		}
		p.quiet(300 * time.Millisecond)
	}
	p.Logf("breaks are off by at most %v", worst)
	p.hang()
}

// ringTrip answers at several phases of the ringing.
func (p *port) ringTrip() {
	worst := time.Duration(0)
	for i := range 8 {
		p.dev.SetFeed(slic.Ringing)
		p.quiet(100 * time.Millisecond)
		if !p.ringing() {
			p.Fatal("the pair carries no ringing")
		}
		p.quiet(time.Second + time.Duration(i)*7*time.Millisecond)
		begin := time.Now()
		p.phone.Lift()
		p.want(slic.OffHook, 300*time.Millisecond)
		took := time.Since(begin)
		if worst = max(worst, took); took > 200*time.Millisecond {
			p.Errorf("ring trip took %v", took)
		}
		time.Sleep(5 * time.Millisecond)
		if p.ringing() {
			p.Error("ringing goes on after the answer")
		}
		p.dev.SetFeed(slic.Forward)
		p.hang()
	}
	p.Logf("ring trip takes at most %v", worst)
}

// ringing says that the pair's voltage changes its sign during the next 100 ms.
func (p *port) ringing() bool {
	var low, high bool
	for range 100 {
		time.Sleep(time.Millisecond)
		d := p.phone.Drive()
		low, high = low || !d.Open && d.Volts < -10, high || !d.Open && d.Volts > 10
	}
	return low && high
}
