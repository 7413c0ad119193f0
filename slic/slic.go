// Package slic is the contract of an FXS port: the vocabulary of a subscriber
// line and the interface that every line driver implements. A sub-package per
// chip family does the I/O; slic/twowire is the pair that chip models drive.
package slic

import (
	"context"
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/physic"
)

// ErrUnsupported is returned for what a chip cannot do or measure.
var ErrUnsupported = errors.New("slic: not supported by this chip")

// Feed is what the port puts on the pair.
type Feed uint8

const (
	Open              Feed = iota // both leads released; used for CPC (open loop disconnect)
	Forward                       // battery, TIP positive; audio runs while off hook
	Reverse                       // battery reversed
	OnHookTransmit                // as Forward, audio runs although the phone is on hook
	OnHookTransmitRev             // as Reverse, audio runs although the phone is on hook
	Ringing                       // ringing voltage on the pair
)

var feedNames = [...]string{"open", "forward", "reverse", "oht", "oht-reverse", "ringing"}

// String returns the name used in scripts and logs.
func (f Feed) String() string {
	if int(f) < len(feedNames) {
		return feedNames[f]
	}
	return fmt.Sprintf("feed(%d)", uint8(f))
}

// Caps says what a port can do beyond battery, ringing and hook detection.
type Caps struct {
	Reversal       bool // Reverse feed
	OpenLoop       bool // Open feed
	OnHookTransmit bool // audio towards a phone on hook
	RingFrequency  bool // ringing frequency can be set
	RingVoltage    bool // ringing voltage can be set
	Impedance      bool // two-wire impedance can be set
	Gain           bool // gains can be set
	Keys           bool // the port reads a keypad and reports Key; no tones come from it
	Measure        bool // Measure works
	PowerAlarm     bool // overload of the line feed is reported
}

// Impedance names a two-wire impedance network, R or R+(R||C) or R+C.
type Impedance string

// Networks a port may be asked for. A driver that lacks one takes the nearest
// it has and reports it once with a Note event.
const (
	Z600      Impedance = "600"               // 600 ohm resistive
	Z900      Impedance = "900"               // 900 ohm resistive
	Z600C2u16 Impedance = "600+2.16uF"        // North America, complex
	Z900C2u16 Impedance = "900+2.16uF"        // North America, complex
	Z600C1u   Impedance = "600+1uF"           // Japan
	Z270_750  Impedance = "270+(750||150nF)"  // TBR 21 (CTR 21)
	Z220_820a Impedance = "220+(820||120nF)"  // Australia, New Zealand
	Z220_820g Impedance = "220+(820||115nF)"  // Germany, Switzerland, South Africa
	Z370_620  Impedance = "370+(620||310nF)"  // New Zealand no. 2
	Z320_1050 Impedance = "320+(1050||230nF)" // United Kingdom
	Z200_680  Impedance = "200+(680||100nF)"  // China
)

// Waveform is the shape of the ringing voltage.
type Waveform uint8

const (
	Sine      Waveform = iota // crest factor 1.414
	Trapezoid                 // crest factor about 1.3
)

// Electrical is what a country and a configuration ask of a port. The zero
// value of a field means the driver's default, given in brackets.
type Electrical struct {
	RingFrequency physic.Frequency         // 15..70 Hz [20 Hz]
	RingVoltage   physic.ElectricPotential // rms at the port, no load [45 V]
	RingWaveform  Waveform                 // [Sine]
	LoopCurrent   physic.ElectricCurrent   // limit of the feed, 18..41 mA [23 mA]
	OnHookVoltage physic.ElectricPotential // open-circuit TIP-RING, 24..56 V [48 V]
	Impedance     Impedance                // [Z600]
	ToPhoneGain   float64                  // dB, -12..+6 [0]
	FromPhoneGain float64                  // dB, -12..+6 [0]
}

// EventKind tells the events of a port apart.
type EventKind uint8

const (
	Ready      EventKind = iota // the port works; sent after power-up and after each recovery
	OffHook                     // loop closed, debounced; while ringing this is the ring trip
	OnHook                      // loop opened, debounced
	PowerAlarm                  // the feed was overloaded and the line dropped; the driver is recovering
	ChipReset                   // the chip lost its state; the driver is recovering
	Lost                        // the port is out of service; the driver keeps trying
	Note                        // something worth a log line, see Err
	Key                         // a key was pressed, see Event.Key
	CaughtUp                    // answers CatchUp; At is that of the event before
)

var kindNames = [...]string{"ready", "offhook", "onhook", "alarm", "reset", "lost", "note", "key", "caughtup"}

// String returns the name used in scripts and logs.
func (k EventKind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("event(%d)", uint8(k))
}

// Event is what a port reports. At is the time of the edge itself, as exact as
// the hardware tells it, with a monotonic reading; events of one port come in
// the order of At.
type Event struct {
	At   time.Time
	Kind EventKind
	Err  error // why, for PowerAlarm, ChipReset, Lost and Note
	Key  byte  // which, for Key: 0-9 * # A-D, KeyRecall or KeyRedial
}

// Keys of a telephone's keypad that are not keys of ITU-T Q.23.
const (
	KeyRecall byte = 'R' // what a hook flash does (register recall)
	KeyRedial byte = 'L' // the number that was dialed last
)

// Measurement is one reading of the pair. Error bounds are the chip's and
// belong to its package comment.
type Measurement struct {
	At      time.Time
	Loop    physic.ElectricPotential // TIP minus RING
	Current physic.ElectricCurrent   // positive from TIP to RING
	Tip     physic.ElectricPotential // to ground
	Ring    physic.ElectricPotential // to ground
	Battery physic.ElectricPotential // supply of the feed, negative
	// RingCurrent is the rectified mean of the current through the ringers when the
	// line last rang, TripAt the one that counts as an answer. 0: not known.
	RingCurrent, TripAt physic.ElectricCurrent
}

// CatchingUp is a Line that can say that it is not behind its hardware. CatchUp asks
// for an event CaughtUp, which comes when all that the hardware had noticed by then
// has been reported, and as soon as it is certain. A port that is out of service does
// not answer. Any goroutine may call it; it returns at once.
//
// Who acts because nothing happened for some time asks first: the kernel and the chip
// know of an edge before the program gets the processor to report it.
type CatchingUp interface {
	Line
	CatchUp()
}

// Line is one FXS port.
//
// Run powers the port up and serves it until ctx ends, then leaves the pair
// open. It reports through notify, from one goroutine of its own, and notify
// must not block. A port that does not answer is reported as Lost and tried
// again; Run returns an error only when ctx has ended or the port was wrongly
// built.
//
// SetFeed, Configure and Measure may be called from any goroutine. SetFeed and
// Configure return at once: they say what is wanted, and Run sees to it within
// a few milliseconds, also across recoveries. Measure may take some
// milliseconds and returns ErrUnsupported where the chip has no such figure.
type Line interface {
	fmt.Stringer
	Caps() Caps
	Run(ctx context.Context, notify func(Event)) error
	SetFeed(Feed)
	Configure(Electrical) error
	Measure() (Measurement, error)
}
