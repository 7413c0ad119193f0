//go:build machine && linux

package guest

import (
	"context"
	"sync"
	"testing"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal/gpio"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
	"github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
	"github.com/ata-agent/ata-agent/test/machine/vboard"
)

// TestModule works a line-feed module that has no bus, only lines: all its
// timing is the program's, through the kernel.
func TestModule(t *testing.T) {
	phone := slictest.NewTelephone(400, 1)
	module := model.New(model.Opts{Pair: phone, Seed: 3})
	plug(t, module)
	dev, err := gpioslic.New(gpioslic.Pins{
		SHK: line(t, "SHK", gpio.Opts{}),
		RM:  line(t, "RM", gpio.Opts{}),
		FR:  line(t, "FR", gpio.Opts{}),
		PD:  line(t, "PD", gpio.Opts{OpenDrain: true}),
	}, gpioslic.Opts{Name: "module"})
	if err != nil {
		t.Fatal(err)
	}
	p := serve(t, dev, phone)
	p.want(slic.Ready, 10*time.Second)
	dev.SetFeed(slic.Forward)
	p.quiet(500 * time.Millisecond)
	for _, tt := range []struct {
		name string
		f    func()
	}{
		{"hook", p.hook},
		{"flash", p.flash},
		{"pulses at 8 per second", func() { p.pulses(8) }},
		{"pulses at 10 per second", func() { p.pulses(10) }},
		{"pulses at 20 per second", func() { p.pulses(20) }},
		{"ring trip", p.ringTrip},
		{"open loop", p.openLoop},
	} {
		t.Run(tt.name, func(t *testing.T) { p.T = t; tt.f() })
	}
	p.T = t
	for _, m := range module.Misuses() {
		t.Errorf("misuse: %v", m)
	}
}

// plug connects the module to the machine until the test ends.
func plug(t *testing.T, module *model.Module) {
	outputs := map[int]pgpio.PinIO{lineRM: module.RM(), lineFR: module.FR(), linePD: module.PD()}
	theFar.use(nil, func(c vboard.Change) {
		pin := outputs[c.Line]
		switch {
		case pin == nil:
		case c.Output:
			_ = pin.Out(pgpio.Level(c.Level))
		case c.Line == linePD:
			_ = pin.In(map[uint8]pgpio.Pull{0: pgpio.Float, 1: pgpio.PullUp, 2: pgpio.PullDown}[c.Bias], pgpio.NoEdge)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { follow(ctx, t, module.SHK(), lineSHK) })
	done.Go(func() { clock(ctx, module) })
	t.Cleanup(func() { cancel(); done.Wait(); theFar.use(nil, nil) })
}

// openLoop takes the feed off the pair and gives it back.
func (p *port) openLoop() {
	for i := range 3 {
		p.dev.SetFeed(slic.Open)
		p.quiet(50 * time.Millisecond)
		if !p.phone.Drive().Open {
			p.Errorf("loop %d is not open after 50 ms", i)
		}
		p.quiet(500 * time.Millisecond)
		p.dev.SetFeed(slic.Forward)
		p.quiet(500 * time.Millisecond)
		if d := p.phone.Drive(); d.Open || d.Volts < 20 {
			p.Errorf("loop %d is not fed again: %+v", i, d)
		}
	}
}
