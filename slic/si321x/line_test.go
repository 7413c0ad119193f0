package si321x_test

import (
	"os"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/slic/si321x"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
)

// full asks for the long form of the tests.
func full() bool { return os.Getenv("ATA_FULL") == "1" }

// rig is a driver on its model.
func rig(m model.Opts, o si321x.Opts, pins func(*model.Chip) si321x.Pins) slictest.Rig {
	return slictest.Rig{New: func(t *testing.T, phone *slictest.Telephone) slictest.Port {
		m.Pair = phone
		chip := model.New(m)
		dev, err := si321x.New(chip.SPI(), pins(chip), o)
		if err != nil {
			t.Fatal(err)
		}
		frame := make([]byte, 4)
		return slictest.Port{
			Line:  dev,
			Frame: func(at time.Time) { chip.Frame(at, frame, frame) },
			Reset: func() { chip.Inject(model.SpontaneousReset) },
		}
	}}
}

func allPins(c *model.Chip) si321x.Pins { return si321x.Pins{Reset: c.Reset(), Int: c.Int()} }
func noInt(c *model.Chip) si321x.Pins   { return si321x.Pins{Reset: c.Reset()} }

// plainInt hides that the pin tells the time of its edges.
func plainInt(c *model.Chip) si321x.Pins {
	return si321x.Pins{Reset: c.Reset(), Int: struct{ gpio.PinIn }{c.Int()}}
}

func TestLine(t *testing.T) {
	for i, tt := range []struct {
		name  string
		model model.Opts
		opts  si321x.Opts
		pins  func(*model.Chip) si321x.Pins
	}{
		{"Si3215", model.Opts{Seed: 1}, si321x.Opts{}, allPins},
		{"Si3210 with Si3201", model.Opts{Variant: model.Si3210, Si3201: true, Seed: 2}, si321x.Opts{Si3201: true}, allPins},
		{"Si3210M plain INT", model.Opts{Variant: model.Si3210M, Seed: 3}, si321x.Opts{}, plainInt},
		{"Si3216 polled", model.Opts{Variant: model.Si3216, Seed: 4}, si321x.Opts{Variant: si321x.Si3216}, noInt},
		{"Si3211", model.Opts{Variant: model.Si3211, Seed: 5}, si321x.Opts{Variant: si321x.Si3211}, allPins},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rig(tt.model, tt.opts, tt.pins)
			r.Sample = i > 0 && !full()
			slictest.TestLine(t, r)
		})
	}
}
