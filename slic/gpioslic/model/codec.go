package model

import (
	"encoding/binary"
	"math"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

const (
	ringLeak  = 0.002 // of the ringing voltage comes through to VX
	slotBytes = 2
)

// audible says that the audio path works: with a closed loop, or always when
// the bias resistor is there.
func (m *Module) audible() bool {
	return m.feeding() && (m.loop || m.opts.Bias)
}

// receive takes the sample from the highway and returns the volts it makes.
func (m *Module) receive(dr []byte) float64 {
	i := m.opts.Slot * slotBytes
	if i+slotBytes > len(dr) {
		return 0
	}
	return float64(int16(binary.BigEndian.Uint16(dr[i:]))) * twowire.VoltsPerUnit
}

// transmit puts the sample of the frame before on the highway.
func (m *Module) transmit(dx []byte) {
	i := m.opts.Slot * slotBytes
	if i+slotBytes <= len(dx) {
		binary.BigEndian.PutUint16(dx[i:], uint16(m.outgoing()))
	}
}

func (m *Module) outgoing() int16 {
	v := 0.0
	if m.audible() {
		v = m.sense.Voice + m.leak*m.heard
	}
	if m.ringMode {
		v += ringLeak * m.volts
	}
	units := math.Round(v / twowire.VoltsPerUnit)
	return dsp.Saturate(int32(max(-1e6, min(1e6, units))))
}
