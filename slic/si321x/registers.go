package si321x

// Direct registers. Si3215 data sheet §3.
const (
	drID         = 0
	drPCM        = 1
	drTxLow      = 2
	drTxHigh     = 3
	drRxLow      = 4
	drRxHigh     = 5
	drLoopback   = 8
	drAudioGain  = 9
	drImpedance  = 10
	drHybrid     = 11
	drPowerdown  = 14
	drInt1       = 18
	drInt2       = 19
	drInt3       = 20
	drMask1      = 21
	drMask2      = 22
	drMask3      = 23
	drIndLow     = 28
	drIndHigh    = 29
	drIndAddress = 30
	drIndStatus  = 31
	drRingOsc    = 34
	drLinefeed   = 64
	drBattery    = 66
	drAutomatic  = 67
	drStatus     = 68
	drLoopDeb    = 69
	drTripDeb    = 70
	drLimit      = 71
	drOnHook     = 72
	drCommon     = 73
	drBatHigh    = 74
	drBatLow     = 75
	drLoopVolts  = 78
	drLoopAmps   = 79
	drTipVolts   = 80
	drRingVolts  = 81
	drBatSense   = 82
	drQ5Amps     = 88
	drQ6Amps     = 89
	drPeriod     = 92
	drOffTime    = 93
	drCal1       = 96
	drCal2       = 97
	drCalRing    = 98
	drCalTip     = 99
	drCalPeak    = 107
	drEnhance    = 108
)

// Values and bits of them.
const (
	loopbackReset = 0x02 // DR8 after reset
	hybridReset   = 0x33 // DR11 after reset; never changed, so it also tells a live chip

	converterOff = 0x10 // DR14

	alarmBits = 0xFC // DR19: power alarm of Q1..Q6

	commonModeBit = 0x04 // DR23: common mode calibration done

	// DR67: automatic active on ring trip (b2) and loop closure (b1), automatic
	// open on power alarm (b0), and the faster speed-up (b4) that dial pulses
	// with several ringers need.
	automatic = 0x17

	statusTrip    = 0x02 // DR68 RTP
	statusLoop    = 0x01 // DR68 LCR
	statusUnused  = 0xF8 // DR68: always 0
	trackBattery  = 0x01 // DR66
	batterySelect = 0x02 // DR66, Si3211
	enhancements  = 0xEB // DR108: ILIMEN, FSKEN, DCSU, DCFIL, HYSTEN
	offTime       = 0x19 // DR93: minimum off time of 29 counts, 1.77 µs
	peakStart     = 0x80 // DR93
	transformer   = 0x20 // DR93: the part controls a MOSFET
	calStart      = 0x40 // DR96
	commonVolts   = 4    // DR73, of 1.5 V: VCM of 6 V
	overheadVolts = 9.0  // VOV with VMIND at 0x0C00
)

// Linefeed states, DR64. Si3215 data sheet §2.1.
const (
	lfOpen      = 0
	lfForward   = 1
	lfOnHook    = 2
	lfRinging   = 4
	lfReverse   = 5
	lfOnHookRev = 6
)
