package model

// Direct registers the model acts on. Si3215 data sheet §3.
const (
	drID          = 0
	drPCM         = 1
	drTxStart     = 2 // and 3
	drRxStart     = 4 // and 5
	drLoopback    = 8
	drAudioGain   = 9
	drImpedance   = 10
	drHybrid      = 11
	drPowerdown   = 14
	drInt1        = 18 // 18..20 pending, 21..23 enabled
	drInt2        = 19
	drIndLow      = 28
	drIndHigh     = 29
	drIndAddress  = 30
	drIndStatus   = 31
	drOsc1        = 32 // and 33
	drRingOsc     = 34
	drTimers      = 36 // OAT1, OIT1, OAT2, OIT2: two bytes each
	drRingOn      = 48
	drRingOff     = 50
	drPauseDeb    = 63
	drLinefeed    = 64
	drBias        = 65
	drBattery     = 66
	drAutomatic   = 67
	drStatus      = 68
	drLoopDeb     = 69
	drTripDeb     = 70
	drLimit       = 71
	drOnHookVolts = 72
	drCommonVolts = 73
	drBatHigh     = 74
	drBatLow      = 75
	drPowerSel    = 76
	drPower       = 77
	drLoopVolts   = 78
	drLoopAmps    = 79
	drTipVolts    = 80
	drRingVolts   = 81
	drBatSense1   = 82
	drBatSense2   = 83
	drQ1Amps      = 84
	drQ6Amps      = 89
	drPeriod      = 92
	drOffTime     = 93
	drPulse       = 94
	drCal1        = 96
	drCal2        = 97
	drCalRing     = 98
	drCalTip      = 99
	drCalPeak     = 107
	drEnhance     = 108
)

// Bits of them.
const (
	pcmEnable  = 0x20
	pcm16      = 0x04
	loopDigit  = 0x02
	loopAnalog = 0x05
	dcOff      = 0x10
	slicOff    = 0x01

	int1RingPause  = 0x20
	int1RingActive = 0x10
	int2Loop       = 0x02
	int2Trip       = 0x01

	autoTrip = 0x04 // AORD
	autoLoop = 0x02 // AOLD
	autoOpen = 0x01 // AOPN

	statusRaw  = 0x04
	statusTrip = 0x02
	statusLoop = 0x01

	hysteresis = 0x01
	calStart   = 0x40
	peakStart  = 0x80
	isMOSFET   = 0x20
)

type preset struct{ n, v byte }

// resetValues are those that are not zero. Si3215 data sheet §3.
var resetValues = []preset{
	{drLoopback, 0x02},
	{drImpedance, 0x08},
	{drHybrid, 0x33},
	{drPowerdown, 0x10},
	{drPauseDeb, 0x54},
	{drBias, 0x61},
	{drBattery, 0x03},
	{drAutomatic, 0x1F},
	{drLoopDeb, 0x0A},
	{drTripDeb, 0x0A},
	{drOnHookVolts, 0x20},
	{drCommonVolts, 0x02},
	{drBatHigh, 0x32},
	{drBatLow, 0x10},
	{drPeriod, 0xFF},
	{drOffTime, 0x14},
	{drCal1, 0x1F},
	{drCal2, 0x1F},
	{drCalRing, 0x10},
	{drCalTip, 0x10},
	{100, 0x11},
	{101, 0x11},
	{102, 0x08},
	{103, 0x88},
	{drCalPeak, 0x08},
}

// reset puts every register to its reset value. The contents of the indirect
// registers are undefined then, here random.
func (c *Chip) reset() {
	c.dr = [128]byte{}
	for _, p := range resetValues {
		c.dr[p.n] = p.v
	}
	c.identify()
	for i := range c.ir {
		c.ir[i] = uint16(c.random.Uint32())
	}
	c.indirect = indirectEngine{}
	c.port.reset()
	c.conv.calFrames, c.cal.ticks = 0, 0
	c.power = [3]float64{}
	c.loop, c.trip = loopDetector{}, tripDetector{}
	c.tones = [2]toneOscillator{}
	c.dtmf.setup()
	c.enter(lfOpen)
	c.derive()
	c.updateInt()
}

// identify fills in what tells the parts apart.
func (c *Chip) identify() {
	c.dr[drID] = 0x05 // revision E
	c.dr[drPCM] = 0x88
	if c.old() {
		c.dr[drPCM] = 0x08
	}
	if c.transformer() {
		c.dr[drID] |= 0x30
		c.dr[drOffTime] |= isMOSFET
	}
	if c.opts.Variant == Si3211 {
		c.dr[drID] |= 0x10
	}
	if c.faults[WrongID] {
		c.dr[drID] = 0x0F
	}
}

// readOnly registers ignore writes.
func readOnly(n byte) bool {
	switch n {
	case drIndStatus, drStatus, drPulse, drDigit:
		return true
	}
	return n >= drPower && n <= 91
}

// kept are the bits of a register that a write cannot change.
func kept(n byte) byte {
	switch n {
	case drID:
		return 0x3F
	case drPCM:
		return 0x80
	case drOffTime:
		return isMOSFET
	case drPeriod:
		return 0x40
	}
	return 0
}

func (c *Chip) writeDirect(n, v byte) {
	if readOnly(n) {
		return
	}
	switch n {
	case drInt1, drInt2, drInt2 + 1:
		c.dr[n] &^= v
		c.updateInt()
		return
	case drLinefeed:
		c.command(v & 7)
		return
	}
	keep := kept(n)
	c.dr[n] = c.dr[n]&keep | v&^keep
	switch n {
	case drIndLow, drIndHigh:
		c.indirect.loaded = true
	case drIndAddress:
		c.startIndirect(v)
	case drCal1:
		c.cal.start(c, v)
	case drOffTime:
		c.conv.startPeak(v)
	case 21, 22, 23:
		c.updateInt()
	default:
		c.derive()
	}
}

func (c *Chip) readDirect(n byte) byte {
	switch {
	case n == drIndStatus:
		if c.indirect.busy > 0 || c.faults[IndirectStuck] {
			return 1
		}
		return 0
	case n == drLinefeed:
		return c.lfs<<4 | c.dr[n]
	case n == drStatus:
		c.unread = max(0, c.unread-1)
		return c.hookStatus()
	case n >= drPower && n <= drQ6Amps:
		return c.monitor(n)
	}
	return c.dr[n]
}

// derive recomputes what the frames need of the registers.
func (c *Chip) derive() {
	c.codec.derive(c)
	c.ring.derive(c)
	for i := range c.tones {
		c.tones[i].derive(c, i)
	}
}

// latch sets bits of an interrupt register.
func (c *Chip) latch(n, bits byte) {
	c.dr[n] |= bits
	c.updateInt()
}

// word returns a timer register in frames, low byte first.
func (c *Chip) word(n byte) int { return int(c.dr[n]) | int(c.dr[n+1])<<8 }
