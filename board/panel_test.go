package board

import (
	"strings"
	"testing"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/hal/led"
	agmodel "github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
)

const panelDoc = `{"id": "p", "leds": {"power": "led:ACT", "network": "L1", "message": "", "lines": ["L2"], "active_high": false},
	"button": {"pin": "B1"},
	"lines": [{"slic": "si3210", "spi": {"port": "/dev/spidev0.0"}, "gpio": {"reset": "R1"}}]}`

// panelRig is a machine with the pins of panelDoc: outputs of a module's model,
// and one of a chip's that tells edges.
func panelRig(t *testing.T) (*rig, *Description) {
	t.Helper()
	d, err := Parse("test", []byte(panelDoc))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig()
	m := agmodel.New(agmodel.Opts{})
	r.pins["L1"], r.pins["L2"] = m.RM(), m.FR()
	r.pins["B1"] = model.New(model.Opts{}).Int()
	return r, d
}

func TestPanel(t *testing.T) {
	r, d := panelRig(t)
	p, err := OpenPanel(d, r)
	if err != nil {
		t.Fatal(err)
	}
	if p.Message != nil || p.Button == nil || len(p.Lines) != 1 || !p.Fitted() {
		t.Errorf("panel %+v, want what the file names", p)
	}
	for _, l := range []led.Light{p.Power, p.Network, p.Lines[0]} {
		if err := l.Set(true); err != nil {
			t.Error(err)
		}
	}
	want := "pin L1 for lamp network, inverted true|pin L2 for lamp line 1, inverted true|pin B1 for button, inverted true|LED ACT true|drive L1 High|drive L2 High"
	if got := strings.Join(r.machine.events(), "|"); got != want {
		t.Errorf("happened:\n%s\nwant\n%s", got, want)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"L1", "L2", "B1"} {
		if r.open[name] != 0 {
			t.Errorf("%s is still open", name)
		}
	}
}

// TestPanelWithoutSome: what is missing is named, the rest works.
func TestPanelWithoutSome(t *testing.T) {
	r, d := panelRig(t)
	r.lose("led:ACT", true)
	r.lose("L2", true)
	p, err := OpenPanel(d, plainPins{r.machine})
	for _, want := range []string{"board: lamp power, led:ACT: no such device", "board: lamp line 1, L2: no such device", "board: button, B1: the pin tells no edges"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	if p.Power != nil || p.Network == nil || p.Lines[0] != nil || p.Button != nil {
		t.Errorf("panel %+v, want the lamp of the network alone", p)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// plainPins hides that pins tell edges.
type plainPins struct{ *machine }

func (p plainPins) Button(name string, inverted bool) (Pin, error) {
	pin, err := p.Pin(name, "button", inverted)
	if err != nil {
		return nil, err
	}
	return struct {
		gpio.PinIO
		closer
	}{pin, closer{pin}}, nil
}

type closer struct{ Pin }

func (c closer) Close() error { return c.Pin.Close() }

var _ hal.EdgePin = (*edgeWire)(nil)

func TestNoPanel(t *testing.T) {
	d, err := Parse("test", []byte(twoChips))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := OpenPanel(d, nothing{}); err != nil || p.Fitted() {
		t.Errorf("OpenPanel of a board without one = %+v, %v", p, err)
	}
}
