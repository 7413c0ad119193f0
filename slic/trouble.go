package slic

import "errors"

// Trouble names what is wrong with a port, so that whoever looks after it can be
// told what to do. The error it comes with says it exactly.
type Trouble string

// Troubles.
const (
	NoClock          Trouble = "no-clock"      // the PCM highway does not run
	NoDevice         Trouble = "no-device"     // a bus or a pin is missing or cannot be opened
	BusFault         Trouble = "bus"           // the bus itself fails
	NoAnswer         Trouble = "no-answer"     // nothing answers on the bus
	WrongChip        Trouble = "wrong-chip"    // something else answers than what is expected
	BadRegisters     Trouble = "bad-registers" // the chip does not keep what is written
	NoSupply         Trouble = "no-supply"     // the line's supply does not come up
	SupplyLeak       Trouble = "supply-leak"   // the supply drains by itself
	Uncalibrated     Trouble = "uncalibrated"  // calibration does not end
	Overload         Trouble = "overload"      // too much current on the line
	SpontaneousReset Trouble = "reset"         // the chip lost its state
)

// WithTrouble returns err with a trouble, unless it has one already.
func WithTrouble(t Trouble, err error) error {
	if err == nil || TroubleOf(err) != "" {
		return err
	}
	return &troubled{t, err}
}

// TroubleOf is the trouble of an error, empty if it has none.
func TroubleOf(err error) Trouble {
	var t interface{ Trouble() Trouble }
	if errors.As(err, &t) {
		return t.Trouble()
	}
	return ""
}

// troubled is an error with its trouble.
type troubled struct {
	trouble Trouble
	err     error
}

func (t *troubled) Error() string    { return t.err.Error() }
func (t *troubled) Unwrap() error    { return t.err }
func (t *troubled) Trouble() Trouble { return t.trouble }
