// Package country is what makes a subscriber line national: tones, ringing,
// hook timing, pulse coding, impedance, companding law and the numbers that are
// always free to dial. It is data without behaviour.
package country

import (
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/dsp/tone"
	"github.com/ata-agent/ata-agent/slic"
)

// Law is a companding law of ITU-T G.711.
type Law uint8

const (
	ALaw Law = iota
	MuLaw
)

// PulseCoding says which digit a number of dial pulses stands for.
type PulseCoding uint8

const (
	PulsesNormal     PulseCoding = iota // 1 pulse = 1 … 10 pulses = 0
	PulsesNewZealand                    // 10 pulses = 0, 9 = 1 … 1 = 9
	PulsesSweden                        // 1 pulse = 0, 2 = 1 … 10 = 9
)

// Tones are the tones of a country towards its telephones. A tone that the
// country's sources do not give is taken from a near one, see the source.
type Tones struct {
	Dial        tone.Spec
	MessageDial tone.Spec // stutter: dial tone while messages wait
	RecallDial  tone.Spec // second dial tone, after a hook flash
	Ringback    tone.Spec
	Busy        tone.Spec
	Reorder     tone.Spec // congestion, fast busy
	VacantCode  tone.Spec // special information tone, then reorder
	NoCircuit   tone.Spec // special information tone, then reorder
	Confirm     tone.Spec
	CallWaiting tone.Spec
	Howler      tone.Spec // receiver off hook
}

// Caller ID schemes: how a telephone is told who calls.
const (
	CallerIDBellcore       = "bellcore"         // Bell 202 after the first ring; with the alert tone while a call is up
	CallerIDETSI           = "etsi-fsk"         // V.23, ETSI EN 300 659-1, during ringing
	CallerIDSIN227         = "sin227"           // line reversal, alert tone, V.23, then ringing: BT SIN 227
	CallerIDNTT            = "ntt"              // line reversal, short rings, V.23 with 7 bits while the loop is closed
	CallerIDDTMFAC         = "dtmf-ac"          // DTMF A number C before the first ring
	CallerIDDTMFReversalAC = "dtmf-reversal-ac" // the same after a line reversal
	CallerIDDTMFAHash      = "dtmf-ahash"       // DTMF A number # before the first ring
	CallerIDDTMFDC         = "dtmf-dc"          // DTMF D number C before the first ring
)

// Hook says how long breaks and makes of the loop are to be read.
type Hook struct {
	PulseBreakMin time.Duration // shorter breaks are bounce
	PulseBreakMax time.Duration // longest break that is a dial pulse
	InterdigitMin time.Duration // a make this long ends a digit
	FlashMin      time.Duration // shortest hook flash
	FlashMax      time.Duration // longest hook flash; a longer break is a hang-up
}

// Country is one national line.
type Country struct {
	Code      string // ISO 3166-1 alpha-2
	Name      string
	Law       Law
	Tones     Tones
	Ring      []time.Duration // cadence: on, off, …, repeated
	RingHz    physic.Frequency
	Hook      Hook
	Pulses    PulseCoding
	Impedance slic.Impedance
	CallerID  string        // caller ID scheme, see docs/countries.md
	CPC       time.Duration // open loop when the far end has hung up, 0 = none
	DialPlan  string        // digit map in Sipura grammar
	Emergency []string      // numbers that can always be dialed
	Notes     []string      // what is assumed rather than found in a source
}
