package si321x

// indirect names an indirect register independently of the family's numbering.
type indirect uint8

const (
	irOsc1 indirect = iota
	irOsc1X
	irOsc1Y
	irOsc2
	irOsc2X
	irOsc2Y
	irRingOffset
	irRingCoeff
	irRingAmplitude
	irRingPhase
	irPulseSlope
	irPulseAmplitude
	irPulseCoeff
	irToPhoneGain
	irFromPhoneGain
	irLoopClosure
	irRingTrip
	irCommonMin
	irCommonMax
	irAlarm12
	irAlarm34
	irAlarm56
	irLoopFilter
	irTripFilter
	irThermal12
	irThermal34
	irThermal56
	irRingCommon
	irOverhead
	irConverter
	irLoopRelease
	irFSK0X
	irFSK0
	irFSK1X
	irFSK1
	irFSK01
	irFSK10
	irDTMF  // first of thirteen, Si3210 and Si3211 only
	irCount = irDTMF + 13
)

// absent marks a register that a family does not have.
const absent = -1

// filterOff keeps a thermal filter from raising alarms and takes a current
// filter out. It is what the filters hold during power-up.
const filterOff = 0x8000

// indirectSpec says where a register is in the old (Si3210) and the new
// (Si3215) numbering and what it holds unless the settings say otherwise. Tone,
// metering and FSK engines get zero amplitude. Thresholds are 1.27 mA << 9 for
// currents, P/30.4 mW << 7 and P/3.62 mW << 7 for power. Si3215 data sheet §4.
type indirectSpec struct {
	old, new int
	value    uint16
}

var indirectSpecs = [irCount]indirectSpec{
	irOsc1: {13, 0, 0}, irOsc1X: {14, 1, 0}, irOsc1Y: {15, 2, 0},
	irOsc2: {16, 3, 0}, irOsc2X: {17, 4, 0}, irOsc2Y: {18, 5, 0},
	irRingOffset: {19, 6, 0}, irRingCoeff: {20, 7, 0x7EFD},
	irRingAmplitude: {21, 8, 0x0154}, irRingPhase: {22, 9, 0},
	irPulseSlope: {23, absent, 0}, irPulseAmplitude: {24, absent, 0}, irPulseCoeff: {25, absent, 0},
	irToPhoneGain: {26, 13, 0x4000}, irFromPhoneGain: {27, 14, 0x4000},
	irLoopClosure: {28, 15, 0x1000}, // 10.2 mA
	irRingTrip:    {29, 16, 0x3600}, // 34.3 mA
	irCommonMin:   {30, 17, 0x1000}, irCommonMax: {31, 18, 0x0200},
	irAlarm12: {32, 19, 0x07C0}, irAlarm34: {33, 20, 0x2600}, irAlarm56: {34, 21, 0x1B80},
	irLoopFilter: {35, 22, filterOff}, irTripFilter: {36, 23, 0x0320},
	irThermal12: {37, 24, 0x008C}, irThermal34: {38, 25, 0x0100}, irThermal56: {39, 26, 0x0010},
	irRingCommon: {40, 27, 0x0C00}, irOverhead: {41, 64, 0x0C00}, irConverter: {42, 65, 0x1000},
	irLoopRelease: {43, 66, 0x0E00}, // 8.9 mA
	irFSK0X:       {99, 69, 0}, irFSK0: {100, 70, 0x6B60}, irFSK1X: {101, 71, 0},
	irFSK1: {102, 72, 0x79C0}, irFSK01: {103, 73, 0x1120}, irFSK10: {104, 74, 0x3BE0},
	irDTMF: {0, absent, 0x55C2}, irDTMF + 1: {1, absent, 0x51E6}, irDTMF + 2: {2, absent, 0x4B85},
	irDTMF + 3: {3, absent, 0x4937}, irDTMF + 4: {4, absent, 0x3333}, irDTMF + 5: {5, absent, 0x0202},
	irDTMF + 6: {6, absent, 0x0202}, irDTMF + 7: {7, absent, 0x0198}, irDTMF + 8: {8, absent, 0x0198},
	irDTMF + 9: {9, absent, 0x0611}, irDTMF + 10: {10, absent, 0x0202}, irDTMF + 11: {11, absent, 0x00E5},
	irDTMF + 12: {12, absent, 0x0A1C},
}

// addr returns the address of r in the family, or false.
func (f family) addr(r indirect) (byte, bool) {
	a := indirectSpecs[r].new
	if f == oldFamily {
		a = indirectSpecs[r].old
	}
	return byte(a), a != absent
}

// withSi3201 are the alarm limits and thermal poles for the line-feed chip in
// place of discrete transistors.
var withSi3201 = map[indirect]uint16{
	irAlarm12: 0x0FF0, irAlarm34: 0x7F80, irAlarm56: 0x0FF0,
	irThermal12: 0x0010, irThermal34: 0x0010, irThermal56: 0x0010,
}

// duringPowerUp says that r holds filterOff until calibration is over.
func duringPowerUp(r indirect) bool { return r >= irLoopFilter && r <= irThermal56 }
