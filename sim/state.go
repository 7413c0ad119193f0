package sim

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// State is what a telephone knows of its line.
type State struct {
	Seconds   float64   `json:"seconds"`           // of the telephone's own time
	Handset   bool      `json:"handset,omitempty"` // it has no wires: volts, milliamps and polarity mean nothing
	OffHook   bool      `json:"off_hook"`
	Volts     float64   `json:"volts"`     // TIP minus RING at the telephone, mean of 20 ms
	Milliamps float64   `json:"milliamps"` // through the handset
	Polarity  Polarity  `json:"polarity"`
	Ring      *Ring     `json:"ring,omitempty"` // while it rings, pauses included
	Tone      Tone      `json:"tone,omitempty"`
	Sound     []Line    `json:"sound,omitempty"` // frequencies heard now, the loudest first
	Level     float64   `json:"level_dbm0"`      // of the earpiece, last 10 ms; -100 = silence
	Talk      bool      `json:"talk"`
	Keys      string    `json:"keys,omitempty"`     // DTMF heard since the handset was lifted
	CallerID  *CallerID `json:"callerid,omitempty"` // as the display was told last
	Lamp      bool      `json:"mwi"`                // the message lamp is lit
	Display   []string  `json:"display,omitempty"`  // of a handset, as it can be read
	OpenLoops int       `json:"cpc"`                // open loops since the handset was lifted
}

// Ring is ringing as measured.
type Ring struct {
	Bursting  bool    `json:"bursting"` // the bell sounds now
	Hertz     float64 `json:"hertz"`
	Volts     float64 `json:"volts"`                // rms
	Level     float64 `json:"level_dbm0,omitempty"` // of a loudspeaker that rings, instead of volts
	CadenceMS []int64 `json:"cadence_ms"`           // on, off, … as far as it is known
}

// Line is one frequency of a sound.
type Line struct {
	Hertz float64 `json:"hertz"`
	Level float64 `json:"level_dbm0"`
}

const quietest = -100

// State returns what the telephone knows now.
func (t *Telephone) State() State {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state()
}

func (t *Telephone) state() State {
	s := State{
		Seconds: float64(t.now) / 8000, Handset: t.handset, OffHook: t.offHook,
		Volts: round(t.meter.volts, 2), Milliamps: round(1000*t.meter.amps, 2), Polarity: t.meter.polarity(),
		Level: quietest,
	}
	s.CallerID, s.Lamp = t.display.shown, t.display.lamp
	if t.panel != nil {
		s.Display = t.panel.Lines()
	}
	if !t.offHook {
		s.Ring = t.bell.state()
		return s
	}
	s.Tone, s.Talk, s.OpenLoops = t.ear.tone, t.ear.talk(), t.meter.cpc
	s.Level = round(max(quietest, float64(t.ear.level)), 1)
	s.Keys = string(t.ear.keys[:t.ear.keyN])
	if cur := t.ear.running(); cur != nil {
		for _, l := range cur.lines[:cur.n] {
			s.Sound = append(s.Sound, Line{round(l.hz, 1), round(float64(l.level), 1)})
		}
	}
	return s
}

func (b *bell) state() *Ring {
	if !b.ringing {
		return nil
	}
	r := &Ring{Bursting: b.bursting, Hertz: round(b.hertz, 1), Volts: round(b.volts, 1), Level: round(float64(b.level), 1)}
	for _, n := range b.cadence[:b.n] {
		r.CadenceMS = append(r.CadenceMS, n/8)
	}
	return r
}

func round(v float64, digits int) float64 {
	p := math.Pow10(digits)
	return math.Round(v*p) / p
}

// String describes the state in one line.
func (s State) String() string {
	var b strings.Builder
	hook := "on hook"
	if s.OffHook {
		hook = "off hook"
	}
	b.WriteString(hook)
	if !s.Handset {
		fmt.Fprintf(&b, ", loop %.1f V %.1f mA, polarity %s", s.Volts, s.Milliamps, s.Polarity)
	}
	if s.Ring != nil {
		fmt.Fprintf(&b, ", %s", s.Ring)
	}
	if s.Tone != NoTone {
		fmt.Fprintf(&b, ", tone %s", s.Tone)
	}
	if len(s.Sound) > 0 {
		b.WriteString(", hears")
		for _, l := range s.Sound {
			fmt.Fprintf(&b, " %.0f Hz at %.1f dBm0", l.Hertz, l.Level)
		}
	} else if s.OffHook && s.Level > audible {
		fmt.Fprintf(&b, ", hears sound at %.1f dBm0", s.Level)
	} else if s.OffHook {
		b.WriteString(", hears nothing")
	}
	if s.Talk {
		b.WriteString(", talk")
	}
	if s.Keys != "" {
		fmt.Fprintf(&b, ", keys %s", s.Keys)
	}
	if s.CallerID != nil {
		fmt.Fprintf(&b, ", caller %s", s.CallerID)
	}
	if len(s.Display) > 0 {
		fmt.Fprintf(&b, ", display %q", strings.Join(slices.DeleteFunc(slices.Clone(s.Display), func(l string) bool { return l == "" }), " / "))
	}
	if s.Lamp {
		b.WriteString(", message lamp")
	}
	if s.OpenLoops > 0 {
		fmt.Fprintf(&b, ", %d open loops", s.OpenLoops)
	}
	return b.String()
}

// Strength is pitch and voltage of a bell, or pitch and level of a loudspeaker.
func (r *Ring) Strength() string {
	if r.Volts == 0 {
		return fmt.Sprintf("%.0f Hz %.1f dBm0", r.Hertz, r.Level)
	}
	return fmt.Sprintf("%.1f Hz %.1f V", r.Hertz, r.Volts)
}

// String describes the ringing.
func (r *Ring) String() string {
	var b strings.Builder
	b.WriteString("between rings of ")
	if r.Bursting {
		b.Reset()
		b.WriteString("ringing ")
	}
	b.WriteString(r.Strength())
	for i, ms := range r.CadenceMS {
		d := time.Duration(ms) * time.Millisecond
		fmt.Fprintf(&b, " %s %v", [...]string{"on", "off"}[i%2], d)
	}
	return b.String()
}
