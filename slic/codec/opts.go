package codec

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// Modes are the codes of the line circuit: a 0 or 1 for each mode pin, in the
// order of Pins.Mode. Empty is a mode the circuit lacks; Forward and Ringing it
// must have.
type Modes struct {
	Open, Forward, Reverse, OnHookTransmit, OnHookTransmitRev, Ringing string
}

// code returns the code of a feed, empty where the circuit lacks it.
func (m *Modes) code(f slic.Feed) string {
	switch f {
	case slic.Open:
		return m.Open
	case slic.Reverse:
		return m.Reverse
	case slic.OnHookTransmit:
		return m.OnHookTransmit
	case slic.OnHookTransmitRev:
		return m.OnHookTransmitRev
	case slic.Ringing:
		return m.Ringing
	}
	return m.Forward
}

// nearest returns the feed that the circuit gives for one that is wanted.
func (m *Modes) nearest(f slic.Feed) slic.Feed {
	if f == slic.OnHookTransmitRev && m.code(f) == "" {
		f = slic.Reverse
	}
	if m.code(f) == "" {
		f = slic.Forward
	}
	return f
}

// Check says what is wrong with the modes of a circuit with so many mode pins.
func (m *Modes) Check(pins int) error {
	if m.Forward == "" || m.Ringing == "" {
		return errors.New("the modes forward and ringing must be given")
	}
	used := map[string]slic.Feed{}
	for f := slic.Open; f <= slic.Ringing; f++ {
		code := m.code(f)
		if code == "" {
			continue
		}
		if len(code) != pins || strings.Trim(code, "01") != "" {
			return fmt.Errorf("mode %v is %q, want a 0 or 1 for each of %d mode pins", f, code, pins)
		}
		// Circuits whose audio always runs have one mode for both.
		other, taken := used[code]
		if taken && (f == slic.Ringing || other == slic.Open) {
			return fmt.Errorf("modes %v and %v are both %q", other, f, code)
		}
		used[code] = f
	}
	return nil
}

// Opts describes the line circuit. The zero value of a field means the default
// given in brackets.
type Opts struct {
	Name  string // for String and the log ["codec"]
	Modes Modes

	HookActiveHigh bool          // the detector is High when it detects [Low]
	HookDebounce   time.Duration // it must hold for so long, 4..50 ms [10 ms]
	Poll           time.Duration // it is read so often, 1..10 ms [4 ms]

	Logger *slog.Logger // [discard]
}

func (o Opts) withDefaults() Opts {
	if o.Name == "" {
		o.Name = "codec"
	}
	if o.HookDebounce == 0 {
		o.HookDebounce = 10 * time.Millisecond
	}
	if o.Poll == 0 {
		o.Poll = 4 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// validate checks options with defaults applied.
func (o Opts) validate(pins int) error {
	switch {
	case o.HookDebounce < 4*time.Millisecond || o.HookDebounce > 50*time.Millisecond:
		return errors.New("want HookDebounce of 4..50 ms")
	case o.Poll < time.Millisecond || o.Poll > 10*time.Millisecond:
		return errors.New("want Poll of 1..10 ms")
	}
	return o.Modes.Check(pins)
}
