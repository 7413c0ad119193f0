package gpioslic_test

import (
	"context"
	"os"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
	"github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
)

// full asks for the long form of the tests.
func full() bool { return os.Getenv("ATA_FULL") == "1" }

func allPins(m *model.Module) gpioslic.Pins {
	return gpioslic.Pins{SHK: m.SHK(), RM: m.RM(), FR: m.FR(), PD: m.PD()}
}

// noPD is a board that has not wired PD.
func noPD(m *model.Module) gpioslic.Pins {
	p := allPins(m)
	p.PD = nil
	return p
}

// plainSHK hides that the pin tells the time of its edges.
func plainSHK(m *model.Module) gpioslic.Pins {
	p := allPins(m)
	p.SHK = struct{ gpio.PinIn }{m.SHK()}
	return p
}

// deafSHK is a pin that has no edges, as on a port expander.
func deafSHK(m *model.Module) gpioslic.Pins {
	p := allPins(m)
	p.SHK = edgeless{m.SHK()}
	return p
}

type edgeless struct{ gpio.PinIn }

func (edgeless) WaitForEdge(time.Duration) bool { return false }

// mute is a pin that promises edges and has none.
type mute struct{ gpio.PinIn }

func (mute) ReadEdge(ctx context.Context) (hal.Edge, error) {
	<-ctx.Done()
	return hal.Edge{}, ctx.Err()
}

// rig is a driver on its model. At the end the model must have nothing to
// complain of.
func rig(m model.Opts, o gpioslic.Opts, pins func(*model.Module) gpioslic.Pins) slictest.Rig {
	return slictest.Rig{New: func(t *testing.T, phone *slictest.Telephone) slictest.Port {
		m.Pair = phone
		module := model.New(m)
		t.Cleanup(func() { blameless(t, module) })
		dev, err := gpioslic.New(pins(module), o)
		if err != nil {
			t.Fatal(err)
		}
		frame := make([]byte, 4)
		return slictest.Port{Line: dev, Frame: func(at time.Time) { module.Frame(at, frame, frame) }}
	}}
}

func blameless(t *testing.T, m *model.Module) {
	t.Helper()
	for _, u := range m.Misuses() {
		t.Errorf("misuse: %v", u)
	}
}

func TestLine(t *testing.T) {
	for i, tt := range []struct {
		name  string
		model model.Opts
		opts  gpioslic.Opts
		pins  func(*model.Module) gpioslic.Pins
	}{
		{"Ag1171", model.Opts{Seed: 1, Bias: true}, gpioslic.Opts{OnHookAudio: true}, allPins},
		{
			"KS0835F inverted",
			model.Opts{Seed: 2, Kind: model.KS0835F, FRForwardLow: true, SHKActiveLow: true},
			gpioslic.Opts{Kind: gpioslic.KS0835F, FRForwardLow: true, SHKActiveLow: true},
			allPins,
		},
		{"slow SHK", model.Opts{Seed: 3, Delay: 10 * time.Millisecond, Chatter: 5 * time.Millisecond}, gpioslic.Opts{}, allPins},
		{"plain SHK", model.Opts{Seed: 4}, gpioslic.Opts{}, plainSHK},
		{"polled SHK", model.Opts{Seed: 5}, gpioslic.Opts{}, deafSHK},
		{"no PD", model.Opts{Seed: 6}, gpioslic.Opts{}, noPD},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rig(tt.model, tt.opts, tt.pins)
			r.Sample = i > 0 && !full()
			slictest.TestLine(t, r)
		})
	}
}
