package sim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ata-agent/ata-agent/slic/handset/model"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// HandsetSettings is an ordinary telephone with a handset of its own: the hook
// switch and the sidetone of DefaultSettings, no echo between earpiece and
// microphone, and no wires.
func HandsetSettings() Settings {
	s := DefaultSettings()
	s.Echo, s.Display = noEcho, false
	return s
}

// handsetKnobs are the settings that a telephone without wires has too.
var handsetKnobs = []string{"bounce", "echo", "erl", "echo-delay", "sidetone", "room"}

// atHandset is a person at a telephone that is part of the device: the hand on
// the switch and the keys, the ear at the earpiece and open for the loudspeaker.
// The finger stays on a key, and off it, until the telephone has noticed: on a
// busy computer the world makes up for a stall by running faster for a while, and
// the driver, which lives by the clock on the wall, would be shown a shorter key.
type atHandset struct{ *Telephone }

// Step implements model.User.
func (h atHandset) Step(heard model.Heard) model.Doing {
	t := h.Telephone
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.programs) > 0 {
		t.act()
	}
	doing := model.Doing{Off: t.loop()}
	t.pad.waits = !heard.Keyed
	t.pad.step(t.now)
	if t.pad.sounding {
		doing.Key = t.pad.key
	}
	t.display.lamp = heard.Lamp
	if t.offHook {
		doing.Voice = t.converse(heard.Ear*twowire.VoltsPerUnit) / twowire.VoltsPerUnit
	} else {
		t.bell.listen(&t.open, heard.Speaker, t.now)
		t.tape(0)
	}
	t.now++
	return doing
}

// converse hears one sample of the earpiece and returns what the microphone gets.
func (t *Telephone) converse(heard float64) float64 {
	said := t.say()
	t.hear(heard, t.sidetone*said)
	return said + t.hybrid.step(heard)
}

// A fitting action knows what it needs of a telephone. The error says what is
// missing where there are no wires.
type fitting interface{ withoutWires() error }

// fits says whether the telephone can carry out a sequence.
func (t *Telephone) fits(list []action) error {
	for _, a := range list {
		if d, ok := a.(*dialAction); ok && !t.handset && strings.ContainsAny(d.keys, handsetKeys) {
			return fmt.Errorf("sim: dial: %q has keys of a handset without wires, this telephone has tones alone", d.keys)
		}
		f, ok := a.(fitting)
		if !ok || !t.handset {
			continue
		}
		if err := f.withoutWires(); err != nil {
			return fmt.Errorf("sim: this telephone is a handset without wires: %w", err)
		}
	}
	return nil
}

// handsetKeys are recall and redial, which no tone stands for.
const handsetKeys = "RL"

func (a *pulseAction) withoutWires() error { return errors.New("pulse: it has no dial, use dial") }

func (a *faultAction) withoutWires() error { return errors.New("fault: there is nothing to damage") }

func (a *dialAction) withoutWires() error {
	keys := strings.Join(model.Legend, "") + ","
	for i := range len(a.keys) {
		if strings.IndexByte(keys, a.keys[i]) < 0 {
			return fmt.Errorf("dial: its keypad has no key %c", a.keys[i])
		}
	}
	return nil
}

func (a *waitAction) withoutWires() error {
	switch a.event {
	case "cpc":
		return errors.New("wait cpc: no loop is opened, use wait tone:reorder")
	case "callerid":
		return errors.New("wait callerid: no data come over a pair")
	}
	return nil
}

func (a *setAction) withoutWires() error {
	for _, s := range a.assignments {
		if key, _, _ := strings.Cut(s, "="); !slices.Contains(handsetKnobs, key) {
			return fmt.Errorf("set %s: it can be set: %s", key, strings.Join(handsetKnobs, " "))
		}
	}
	return nil
}
