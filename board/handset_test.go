package board

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	panelmodel "github.com/ata-agent/ata-agent/hal/ssd1306/model"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
	circuit "github.com/ata-agent/ata-agent/slic/codec/model"
	setmodel "github.com/ata-agent/ata-agent/slic/handset/model"
)

// hand uses a handset as the test says.
type hand struct {
	mu    sync.Mutex
	doing setmodel.Doing
	heard setmodel.Heard
	loud  float64
}

func (h *hand) Step(heard setmodel.Heard) setmodel.Doing {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard, h.loud = heard, max(h.loud, heard.Speaker)
	return h.doing
}

func (h *hand) do(d setmodel.Doing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.doing = d
}

// heardSince returns the loudest sample of the loudspeaker since it was called
// last, and whether the lamp is lit.
func (h *hand) heardSince() (loud float64, lamp bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	loud, h.loud = h.loud, 0
	return loud, h.heard.Lamp
}

// quiet is a channel that says nothing.
type quiet struct{}

func (quiet) Frame(time.Time, []byte, []byte) {}
func (quiet) ClockStopped()                   {}
func (quiet) Unclocked(time.Time)             {}

// addHandset wires a telephone with all its parts.
func (r *rig) addHandset() (*hand, *setmodel.Set, *panelmodel.Display) {
	h, panel := &hand{}, panelmodel.New(0x3c, 64)
	s := setmodel.New(setmodel.Opts{User: h, Speaker: 1})
	r.pins["H"], r.pins["L"], r.buses["/dev/i2c-1"] = s.Hook(), s.Lamp(), panel
	for i, p := range s.Keypad.Rows() {
		r.pins["R"+string(rune('0'+i))] = p
	}
	for i, p := range s.Keypad.Columns() {
		r.pins["C"+string(rune('0'+i))] = p
	}
	return h, s, panel
}

const handsetHead = `{"id": "h", "clock": {"bclk_hz": 256000, "format": "i2s"}, "lines": [{"slic": "handset", "handset": {"hook": "H", "lamp": "L",
	"rows": ["R0", "R1", "R2", "R3"], "columns": ["C0", "C1", "C2", "C3"], "keys": ["123R", "456L", "789 ", "*0# "], "display": "ssd1306", `

// TestHandset: a telephone that is part of the device comes up with all its
// parts, the loudspeaker on the other channel.
func TestHandset(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		h, s, panel := r.addHandset()
		r.run(t, handsetHead+`"speaker_dbm0": -6}}]}`, []sim.Port{{Chip: s}, {Chip: quiet{}}}, true)
		line := r.board.Lines[0].(slic.Panel)
		line.Show(slic.Screen{Status: "Dial", Messages: true}) // before the devices are open
		if c := line.Caps(); !c.Keys || c.OnHookTransmit || c.OpenLoop {
			t.Errorf("capabilities %+v", c)
		}
		r.want(t, 0, slic.Ready, 5*time.Second)
		time.Sleep(100 * time.Millisecond)
		if _, lamp := h.heardSince(); !lamp || !slices.Equal(panel.Lines(), []string{"DIAL", "", "", "MESSAGES"}) {
			t.Errorf("lamp %v, display %q", lamp, panel.Lines())
		}
		line.SetFeed(slic.Ringing)
		time.Sleep(time.Second)
		if loud, _ := h.heardSince(); loud < 11000 || loud > 12200 {
			t.Errorf("the loudspeaker's peak is %.0f, want -6 dBm0, 11600", loud)
		}
		h.do(setmodel.Doing{Off: true})
		r.want(t, 0, slic.OffHook, time.Second)
		h.do(setmodel.Doing{Off: true, Key: 'L'})
		if e := r.want(t, 0, slic.Key, time.Second); e.Key != slic.KeyRedial {
			t.Errorf("key %c, want L", e.Key)
		}
		r.stop()
		for name, n := range r.open {
			if n != 0 && name != "SLIC" {
				t.Errorf("%s is still open", name)
			}
		}
		if got := append(s.Misuses(), panel.Misuses()...); len(got) != 0 {
			t.Errorf("misused: %v", got)
		}
	})
}

// buzzer is a PWM output that remembers.
type buzzer struct {
	mu    sync.Mutex
	tones []physic.Frequency
}

func (b *buzzer) Set(f physic.Frequency, duty gpio.Duty) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tones = append(b.tones, f)
	return nil
}
func (b *buzzer) Off() error   { return b.Set(0, 0) }
func (b *buzzer) Close() error { return nil }

// TestSounder: the ringing goes to a PWM output, and a display that is missing
// takes the line out of service until it comes.
func TestSounder(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		_, s, _ := r.addHandset()
		b := &buzzer{}
		r.pwms["fe20c000.pwm/1"] = b
		r.lose("/dev/i2c-1", true)
		r.run(t, handsetHead+`"ringer": "pwm", "pwm_chip": "fe20c000.pwm", "pwm_channel": 1}}]}`, []sim.Port{{Chip: s}, {Chip: quiet{}}}, true)
		if e := r.want(t, 0, slic.Lost, 5*time.Second); !strings.Contains(e.Err.Error(), "I2C bus /dev/i2c-1: no such device") {
			t.Errorf("lost: %v", e.Err)
		}
		r.lose("/dev/i2c-1", false)
		r.want(t, 0, slic.Ready, 5*time.Second)
		r.board.Lines[0].SetFeed(slic.Ringing)
		time.Sleep(time.Second)
		r.stop()
		if n := len(b.tones); n < 40 || b.tones[n-1] != 0 {
			t.Errorf("%d tones, the last %v", n, b.tones[n-1:])
		}
	})
}

// TestCodec: a line circuit behind a codec comes up.
func TestCodec(t *testing.T) {
	const doc = `{"id": "c", "clock": {"slot_bits": 8, "slots": 4}, "audio": {"format": "A_LAW", "channels": 1},
		"lines": [{"slic": "codec", "codec": {"hook": "D", "mode_pins": ["C3", "C2", "C1"],
			"modes": {"open": "000", "forward": "010", "oht": "011", "ringing": "001"}}}]}`
	bubble(t, func(t *testing.T, r *rig) {
		tel := sim.NewTelephone(sim.TelephoneOpts{})
		c := circuit.New(circuit.Opts{Pair: tel})
		r.pins["D"] = c.Hook()
		for _, p := range c.Mode() {
			r.pins[p.Name()] = p.(gpio.PinIO)
		}
		r.run(t, doc, []sim.Port{{Chip: turning{c}, Pair: tel}}, true)
		r.want(t, 0, slic.Ready, 5*time.Second)
		r.board.Lines[0].SetFeed(slic.Forward)
		time.Sleep(time.Second)
		tel.Hook(true)
		r.want(t, 0, slic.OffHook, time.Second)
		if c := r.board.Lines[0].Caps(); c != (slic.Caps{OpenLoop: true, OnHookTransmit: true}) {
			t.Errorf("capabilities %+v", c)
		}
		r.stop()
		if got := c.Misuses(); len(got) != 0 {
			t.Errorf("misused: %v", got)
		}
	})
}

// turning is a line circuit in a world.
type turning struct{ *circuit.Circuit }

func (c turning) Frame(time.Time, []byte, []byte) { c.Circuit.Frame() }
func (turning) ClockStopped()                     {}
func (c turning) Unclocked(time.Time)             { c.Circuit.Frame() }

// TestCapsAreThoseOfTheDriver compares what is said before the devices are open
// with what the drivers say.
func TestCapsAreThoseOfTheDriver(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.run(t, twoChips, []sim.Port{r.addChip("/dev/spidev0.0", "R1", "I1"), r.addChip("/dev/spidev0.1", "R2", "I2")}, true)
		defer r.stop()
		for i, l := range r.board.Lines {
			r.want(t, i, slic.Ready, 10*time.Second)
			if got, want := l.Caps(), l.(*port).current().Caps(); got != want {
				t.Errorf("line %d: capabilities %+v, the driver's are %+v", i+1, got, want)
			}
		}
	})
}
