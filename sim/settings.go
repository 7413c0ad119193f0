package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/echo/g168"
)

// Off is the level of a noise that is not there.
const Off dsp.DBm0 = -200

// Parallel is the state of a second telephone on the same pair.
type Parallel uint8

// States of the second telephone.
const (
	NoParallel      Parallel = iota // there is none
	ParallelOnHook                  // its ringer (1 REN) loads the pair
	ParallelOffHook                 // it draws loop current and voice too
)

var parallelNames = [...]string{"none", "onhook", "offhook"}

// String returns the name used by the action set.
func (p Parallel) String() string { return parallelNames[p] }

// Settings are what a telephone and its wires are made of. They may be changed
// at any time.
type Settings struct {
	REN        float64 // ringer equivalence: 6930/REN ohm + 8 µF·REN in series, 0 = no ringer
	Resistance float64 // off-hook DC resistance in ohms, behind a 1.4 V bridge
	Leakage    float64 // on-hook leakage between the leads, ohms
	Loop       float64 // resistance of the wires, both leads together, ohms

	BounceMin  time.Duration // the hook switch bounces for a time between
	BounceMax  time.Duration // these two after each change
	DialBounce time.Duration // the rotary contact bounces up to this long

	Echo      string        // model of the hybrid's echo: m1 … m8 (ITU-T G.168 Annex D) or none
	ERL       float64       // echo return loss in dB, of white noise
	EchoDelay time.Duration // flat delay in front of the model's response
	Sidetone  float64       // loss from the microphone to the earpiece, dB; 100 or more = none

	Noise dsp.DBm0 // white noise of the line, towards both ends
	Room  dsp.DBm0 // white noise at the microphone

	Parallel Parallel
	Display  bool // it shows who calls
}

// DefaultSettings is an ordinary telephone close to its port: 1 REN, 400 ohm, a
// hook switch that bounces 5 to 30 ms, 100 ohm of wire, echo 18 dB down, no
// noise.
func DefaultSettings() Settings {
	return Settings{
		REN: 1, Resistance: 400, Leakage: 10e6, Loop: 100,
		BounceMin: 5 * time.Millisecond, BounceMax: 30 * time.Millisecond, DialBounce: time.Millisecond,
		Echo: "m1", ERL: 18, Sidetone: 18, Noise: Off, Room: Off, Display: true,
	}
}

// A knob is a setting as the action set spells it.
type knob struct {
	key   string
	legal string // the values it takes
	about string
	put   func(*Settings, string) error
}

// knobs are listed in the order of the help text.
var knobs = []knob{
	number("ren", 0, 10, "REN of the ringer", func(s *Settings) *float64 { return &s.REN }),
	number("resistance", 50, 2000, "off-hook resistance, ohms", func(s *Settings) *float64 { return &s.Resistance }),
	number("leakage", 1e3, 1e9, "on-hook leakage, ohms", func(s *Settings) *float64 { return &s.Leakage }),
	number("loop", 0, 3000, "resistance of the wires, ohms", func(s *Settings) *float64 { return &s.Loop }),
	{"bounce", "MS or MIN-MAX, 0..100", "bounce of the hook switch, ms", putBounce},
	duration("dial-bounce", 10*time.Millisecond, "bounce of the rotary contact", func(s *Settings) *time.Duration { return &s.DialBounce }),
	{"echo", "none, m1 … m8", "echo path of the hybrid", putEcho},
	number("erl", 0, 60, "echo return loss, dB", func(s *Settings) *float64 { return &s.ERL }),
	duration("echo-delay", maxEchoDelay, "flat delay of the echo", func(s *Settings) *time.Duration { return &s.EchoDelay }),
	number("sidetone", 0, 100, "loss from microphone to earpiece, dB", func(s *Settings) *float64 { return &s.Sidetone }),
	level("noise", "noise of the line, dBm0", func(s *Settings) *dsp.DBm0 { return &s.Noise }),
	level("room", "noise at the microphone, dBm0", func(s *Settings) *dsp.DBm0 { return &s.Room }),
	{"display", "on, off", "whether it shows who calls", putDisplay},
	{"parallel", "none, onhook, offhook", "a second telephone on the pair", putParallel},
}

// Put changes one setting, given as KEY=VALUE.
func (s *Settings) Put(assignment string) error {
	key, value, ok := strings.Cut(assignment, "=")
	i := slices.IndexFunc(knobs, func(k knob) bool { return k.key == key })
	if !ok || i < 0 {
		return fmt.Errorf("set %q: want KEY=VALUE with KEY one of %s", assignment, knobKeys())
	}
	if err := knobs[i].put(s, value); err != nil {
		return fmt.Errorf("set %s: %q is not %s", key, value, knobs[i].legal)
	}
	return nil
}

func knobKeys() string {
	var keys []string
	for _, k := range knobs {
		keys = append(keys, k.key)
	}
	return strings.Join(keys, " ")
}

func number(key string, low, high float64, about string, field func(*Settings) *float64) knob {
	return knob{key, fmt.Sprintf("a number %g..%g", low, high), about, func(s *Settings, text string) error {
		v, err := parseFloat(text, low, high)
		if err == nil {
			*field(s) = v
		}
		return err
	}}
}

func duration(key string, high time.Duration, about string, field func(*Settings) *time.Duration) knob {
	return knob{key, fmt.Sprintf("a time 0..%v", high), about, func(s *Settings, text string) error {
		d, err := parseDuration(text)
		if err != nil {
			return err
		}
		if d > high {
			return errRange
		}
		*field(s) = d
		return nil
	}}
}

func level(key, about string, field func(*Settings) *dsp.DBm0) knob {
	return knob{key, "off or -90..0", about, func(s *Settings, text string) error {
		if text == "off" {
			*field(s) = Off
			return nil
		}
		v, err := parseFloat(text, -90, 0)
		if err == nil {
			*field(s) = dsp.DBm0(v)
		}
		return err
	}}
}

func putBounce(s *Settings, text string) error {
	low, high, ranged := strings.Cut(text, "-")
	if !ranged {
		high = low
	}
	a, err := parseFloat(low, 0, 100)
	if err != nil {
		return err
	}
	b, err := parseFloat(high, a, 100)
	if err != nil {
		return err
	}
	s.BounceMin = time.Duration(a * float64(time.Millisecond))
	s.BounceMax = time.Duration(b * float64(time.Millisecond))
	return nil
}

func putEcho(s *Settings, text string) error {
	if _, ok := g168.Lookup(text); !ok && text != noEcho {
		return errRange
	}
	s.Echo = text
	return nil
}

func putParallel(s *Settings, text string) error {
	i := slices.Index(parallelNames[:], text)
	if i < 0 {
		return errRange
	}
	s.Parallel = Parallel(i)
	return nil
}

// parseFloat reads a number within bounds. NaN is not.
func parseFloat(text string, low, high float64) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, err
	}
	if !(v >= low && v <= high) {
		return 0, errRange
	}
	return v, nil
}

func putDisplay(s *Settings, v string) error {
	if v != "on" && v != "off" {
		return errRange
	}
	s.Display = v == "on"
	return nil
}
