package gpioslic

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"periph.io/x/conn/v3/physic"
)

// Kind is a family of modules.
type Kind uint8

// Kinds of modules.
const (
	Ag1171  Kind = iota // Silvertel Ag1171
	KS0835F             // KS0835F, K50835F, QCX601
)

var kindNames = [...]string{Ag1171: "ag1171", KS0835F: "ks0835f"}

// String returns the name used in board files and logs.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// ringLimits are the frequencies that the data sheets name for ringing.
var ringLimits = [...]struct{ min, max physic.Frequency }{
	Ag1171:  {16 * physic.Hertz, 25 * physic.Hertz},
	KS0835F: {20 * physic.Hertz, 25 * physic.Hertz},
}

// Frequencies within which Opts may put the limits of ringing.
const (
	ringLowest  = 15 * physic.Hertz
	ringHighest = 50 * physic.Hertz
)

// Opts describes the board around the module. The zero value of a field means
// the default given in brackets.
type Opts struct {
	Name string // for String and the log ["gpioslic"]
	Kind Kind   // [Ag1171]

	FRForwardLow bool // F/R low is forward, TIP positive [high]
	SHKActiveLow bool // SHK low is off hook [high]
	OnHookAudio  bool // the bias resistor for audio on hook is there

	// RingMin and RingMax bound the ringing frequency, 15..50 Hz. A frequency
	// beyond them is moved to the bound, which a Note tells. [Ag1171 16..25 Hz,
	// KS0835F 20..25 Hz]
	RingMin, RingMax physic.Frequency

	HookDebounce time.Duration // SHK must hold for so long, 2..50 ms [10 ms]
	WakeTime     time.Duration // from the release of PD until SHK is right, up to 1 s [200 ms]

	Logger *slog.Logger // [discard]
}

func (o Opts) withDefaults() Opts {
	if o.Name == "" {
		o.Name = "gpioslic"
	}
	if int(o.Kind) < len(ringLimits) {
		if o.RingMin == 0 {
			o.RingMin = ringLimits[o.Kind].min
		}
		if o.RingMax == 0 {
			o.RingMax = ringLimits[o.Kind].max
		}
	}
	if o.HookDebounce == 0 {
		o.HookDebounce = 10 * time.Millisecond
	}
	if o.WakeTime == 0 {
		o.WakeTime = 200 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// validate checks options with defaults applied.
func (o Opts) validate() error {
	for _, c := range []struct {
		ok   bool
		want string
	}{
		{int(o.Kind) < len(kindNames), "a known kind"},
		{o.RingMin >= ringLowest && o.RingMin <= o.RingMax && o.RingMax <= ringHighest, "15 Hz <= RingMin <= RingMax <= 50 Hz"},
		{o.HookDebounce >= 2*time.Millisecond && o.HookDebounce <= 50*time.Millisecond, "HookDebounce of 2..50 ms"},
		{o.WakeTime > 0 && o.WakeTime <= time.Second, "WakeTime of at most 1 s"},
	} {
		if !c.ok {
			return errors.New("gpioslic: options: want " + c.want)
		}
	}
	return nil
}
