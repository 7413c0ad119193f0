// Package twowire is the pair of wires between a model of a line-feed chip and
// a model of what hangs on it. Chip models drive a Pair, telephones implement
// one; neither knows the other.
//
// A step is one sample, 125 µs. Voltages are TIP minus RING in volts, currents
// in amperes, positive from TIP through the telephone to RING.
package twowire

// ReferenceVolts is the rms voltage of 0 dBm across 600 ohm, sqrt(0.6) V. The
// models map 0 dBm0 to it when all gains are 0 dB.
const ReferenceVolts = 0.7745966692

// VoltsPerUnit converts 16-bit sample units to volts on the pair at 0 dB gain:
// a sine of 0 dBm0 (dsp.DBm0) has ReferenceVolts rms.
const VoltsPerUnit = 4.798e-5

// Drive is what the chip puts on the pair in one step: a source with a
// resistance, a current limit and a voice signal in series.
type Drive struct {
	Open      bool    // leads released; the other fields do not matter
	Volts     float64 // open-circuit voltage: battery, and ringing while ringing
	Ohms      float64 // source resistance of the feed
	LimitAmps float64 // the feed limits the current to this, 0 = not limited
	Voice     float64 // voice from the network as it appears on a matched pair, volts
}

// Sense is what the pair answers in the same step.
type Sense struct {
	Volts     float64 // TIP minus RING, without voice
	Amps      float64 // loop current, without voice
	Voice     float64 // voice from the pair: talker plus the echo of Drive.Voice, volts
	TipVolts  float64 // TIP to ground
	RingVolts float64 // RING to ground
	LeakAmps  float64 // current that returns through ground instead of the loop
}

// Pair is a pair of wires with what is connected to its far end. Step is called
// once per sample by one goroutine.
type Pair interface {
	Step(Drive) Sense
}
