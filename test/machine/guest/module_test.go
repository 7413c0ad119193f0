//go:build machine && linux

package guest

import (
	"context"
	"sync"
	"testing"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal/gpio"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
	"github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
	"github.com/ata-agent/ata-agent/test/machine/vboard"
)

// TestModule holds a line-feed module to all that is promised of a line. It has no
// bus, only lines: all its timing is the program's, through the kernel.
func TestModule(t *testing.T) {
	slictest.TestLine(t, slictest.Rig{Kernel: true, New: func(t *testing.T, phone *slictest.Telephone) slictest.Port {
		// Moves of the pins reach the module by a message to this program.
		module := model.New(model.Opts{Pair: phone, Seed: 3, Bias: true, Slack: 5 * time.Millisecond})
		t.Cleanup(func() {
			for _, m := range module.Misuses() {
				t.Errorf("misuse: %v", m)
			}
		})
		plug(t, module)
		frame := make([]byte, 4)
		return slictest.Port{
			Line:  newModuleDriver(t),
			Frame: func(at time.Time) { module.Frame(at, frame, frame) },
		}
	}})
}

// newModuleDriver builds the driver of the module as a board would.
func newModuleDriver(t *testing.T) *gpioslic.Dev {
	dev, err := gpioslic.New(gpioslic.Pins{
		SHK: line(t, "SHK", gpio.Opts{}),
		RM:  line(t, "RM", gpio.Opts{}),
		FR:  line(t, "FR", gpio.Opts{}),
		PD:  line(t, "PD", gpio.Opts{OpenDrain: true}),
	}, gpioslic.Opts{Name: "module", OnHookAudio: true})
	if err != nil {
		t.Fatal(err)
	}
	return dev
}

// plug connects the module to the lines of the machine until the test ends.
func plug(t *testing.T, module *model.Module) {
	outputs := map[int]pgpio.PinIO{lineRM: module.RM(), lineFR: module.FR(), linePD: module.PD()}
	changed := func(c vboard.Change) {
		pin := outputs[c.Line]
		switch {
		case pin == nil:
		case c.Output:
			_ = pin.Out(pgpio.Level(c.Level))
		case c.Line == linePD:
			_ = pin.In(map[uint8]pgpio.Pull{0: pgpio.Float, 1: pgpio.PullUp, 2: pgpio.PullDown}[c.Bias], pgpio.NoEdge)
		}
	}
	for _, c := range theFar.lines() {
		changed(c)
	}
	theFar.use(nil, changed)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { follow(ctx, t, module.SHK(), lineSHK) })
	t.Cleanup(func() { cancel(); done.Wait(); theFar.use(nil, nil) })
}
