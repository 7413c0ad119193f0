package model

import (
	"math"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// loop is a resistor across the pair and a talker.
type loop struct {
	ohms  float64
	leak  float64
	voice float64
	drive twowire.Drive
}

func (l *loop) Step(d twowire.Drive) twowire.Sense {
	l.drive = d
	if d.Open {
		return twowire.Sense{}
	}
	amps := d.Volts / (d.Ohms + l.ohms)
	if d.LimitAmps > 0 && math.Abs(amps) > d.LimitAmps {
		amps = math.Copysign(d.LimitAmps, amps)
	}
	return twowire.Sense{Volts: amps * l.ohms, Amps: amps, Voice: l.voice, LeakAmps: l.leak}
}

// bench is a chip with a bus and a frame buffer.
type bench struct {
	*testing.T
	*Chip
	conn   spi.Conn
	at     time.Time
	dr, dx []byte
}

func newBench(t *testing.T, o Opts) *bench {
	t.Helper()
	c := New(o)
	conn, err := c.SPI().Connect(physic.MegaHertz, spi.Mode3, 8)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{T: t, Chip: c, conn: conn, at: time.Unix(0, 0), dr: make([]byte, 32), dx: make([]byte, 32)}
}

// access sends both bytes with a chip select each.
func (b *bench) access(cmd, data byte) byte {
	b.Helper()
	r := make([]byte, 2)
	p := []spi.Packet{{W: []byte{cmd}, R: r[:1]}, {W: []byte{data}, R: r[1:]}}
	if err := b.conn.TxPackets(p); err != nil {
		b.Fatal(err)
	}
	return r[1]
}

func (b *bench) read(n byte) byte { b.Helper(); return b.access(0x80|n, 0) }
func (b *bench) write(n, v byte)  { b.Helper(); b.access(n, v) }

func (b *bench) writeIR(a byte, v uint16) {
	b.Helper()
	for b.read(drIndStatus) != 0 {
	}
	b.write(drIndLow, byte(v))
	b.write(drIndHigh, byte(v>>8))
	b.write(drIndAddress, a)
	for b.read(drIndStatus) != 0 {
	}
}

// run runs the chip for d.
func (b *bench) run(d time.Duration) {
	for range d / FrameTime {
		b.Frame(b.at, b.dr, b.dx)
		b.at = b.at.Add(FrameTime)
	}
}

// ready brings the chip to what a driver would leave it in, with an open line.
func (b *bench) ready() {
	b.Helper()
	m := &newMap
	if b.old() {
		m = &oldMap
	}
	for a := range b.ir {
		b.writeIR(byte(a), 0)
	}
	for a, v := range map[byte]uint16{
		m.dacg: 0x4000, m.adcg: 0x4000, m.lcrt: 0x1000, m.lcrtl: 0x0C00, m.rptp: 0x3600,
		m.ppt: 0x07C0, m.ppt + 1: 0x2600, m.ppt + 2: 0x1B80, m.nclr: 0x8000, m.nrtp: 0x0320,
		m.nq: 0x008C, m.nq + 1: 0x0100, m.nq + 2: 0x0010, m.vcmr: 0x0C00, m.vmind: 0x0C00,
		m.rco: 0x7EFD, m.rngx: 0x0177,
	} {
		b.writeIR(a, v)
	}
	for _, p := range []preset{
		{drLoopback, 0},
		{drEnhance, 0xEB},
		{drAutomatic, 0x17},
		{drBattery, 1},
		{drPowerdown, 0},
		{drPCM, 0x3C},
		{21, 0xFF},
		{22, 0xFF},
		{23, 0xFF},
	} {
		b.write(p.n, p.v)
	}
	b.run(200 * time.Millisecond)
}

func TestResetValues(t *testing.T) {
	for v, want := range map[Variant]byte{Si3215: 0x88, Si3216: 0x88, Si3210: 0x08, Si3210M: 0x08, Si3211: 0x08} {
		b := newBench(t, Opts{Variant: v})
		if got := b.read(drPCM); got != want {
			t.Errorf("variant %d: DR1 = %#02x, want %#02x", v, got, want)
		}
	}
	b := newBench(t, Opts{})
	b.write(drHybrid, 0x77)
	b.write(drLinefeed, lfForward)
	b.writeIR(3, 0x1234)
	pin := b.Reset()
	if err := pin.Out(false); err != nil {
		t.Fatal(err)
	}
	if got := b.read(drHybrid); got != 0xFF {
		t.Errorf("DR11 in reset = %#02x, want nothing driven", got)
	}
	if err := pin.Out(true); err != nil {
		t.Fatal(err)
	}
	for n, want := range map[byte]byte{8: 0x02, 10: 0x08, 11: 0x33, 14: 0x10, 63: 0x54, 64: 0, 66: 3, 67: 0x1F, 69: 0x0A, 72: 0x20, 74: 0x32, 92: 0xFF, 93: 0x14, 96: 0x1F} {
		if got := b.read(n); got != want {
			t.Errorf("DR%d = %#02x after reset, want %#02x", n, got, want)
		}
	}
	if b.Indirect(3) == 0x1234 {
		t.Error("IR3 survived the reset")
	}
}

func TestFraming(t *testing.T) {
	b := newBench(t, Opts{})
	b.write(69, 0x21)
	r := make([]byte, 2)
	if err := b.conn.Tx([]byte{0x80 | 69, 0}, r); err != nil || r[1] != 0x21 {
		t.Errorf("one chip select for both bytes: %#02x, %v, want 0x21", r[1], err)
	}
	if r[0] != 0xFF {
		t.Errorf("SDO during the command = %#02x, want 0xFF", r[0])
	}
	// A single byte leaves the machine waiting for data; a partial byte cures it.
	if err := b.conn.Tx([]byte{0xFF}, nil); err != nil {
		t.Fatal(err)
	}
	if got := b.read(69); got == 0x21 {
		t.Error("an odd byte does not shift the accesses")
	}
	if err := b.conn.TxPackets([]spi.Packet{{W: []byte{0}, BitsPerWord: 4}}); err != nil {
		t.Fatal(err)
	}
	if got := b.read(69); got != 0x21 {
		t.Errorf("after a partial byte DR69 = %#02x, want 0x21", got)
	}
}

func TestDaisyChain(t *testing.T) {
	b := newBench(t, Opts{})
	b.write(69, 0x33)
	b.write(drID, 0x80)
	three := func(sel byte) byte {
		r := make([]byte, 3)
		if err := b.conn.Tx([]byte{sel, 0x80 | 69, 0}, r); err != nil {
			t.Fatal(err)
		}
		return r[2]
	}
	if got := three(0x01); got != 0x33 {
		t.Errorf("selected part answers %#02x, want 0x33", got)
	}
	if got := three(0x02); got != 0xFF {
		t.Errorf("part that is not selected answers %#02x", got)
	}
}

func TestIndirectEngine(t *testing.T) {
	b := newBench(t, Opts{})
	b.writeIR(5, 0xBEEF)
	b.write(drIndAddress, 5) // a read
	if b.read(drIndStatus) != 1 {
		t.Error("not busy after an address")
	}
	b.write(drIndAddress, 6) // lost
	polls := 0
	for b.read(drIndStatus) == 1 {
		polls++
	}
	if polls == 0 || polls > 10 {
		t.Errorf("ready after %d polls at 20 µs each, want about 62.5 µs", polls)
	}
	if lo, hi := b.read(drIndLow), b.read(drIndHigh); lo != 0xEF || hi != 0xBE {
		t.Errorf("read %02x%02x, want BEEF", hi, lo)
	}
	b.write(drIndAddress, 5)
	b.run(FrameTime)
	if b.read(drIndStatus) != 0 {
		t.Error("busy after one frame")
	}
}

// TestFeed checks V_TR = VOC - I·160 ohm and V_TR = ILIM·R, Si3215 data sheet
// §2.1.2, and the signs of both polarities.
func TestFeed(t *testing.T) {
	for _, tt := range []struct {
		ohms, volts, amps float64
	}{
		{1e9, 48, 0},
		{10e3, 48 - 48.0/10160*160, 48.0 / 10160},
		{400, 8, 0.020},
		{1500, 30, 0.020},
		{4000, 48 * 4000 / 4160.0, 48 / 4160.0},
	} {
		l := &loop{ohms: tt.ohms}
		b := newBench(t, Opts{Pair: l})
		b.ready()
		for lf, sign := range map[byte]float64{lfForward: 1, lfOnHook: 1, lfReverse: -1, lfOnHookR: -1} {
			b.write(drLinefeed, lf)
			b.run(200 * time.Millisecond)
			if v, a := sign*b.sense.Volts, sign*b.sense.Amps; math.Abs(v-tt.volts) > 0.1 || math.Abs(a-tt.amps) > 1e-5 {
				t.Errorf("%v ohm, LF %d: %.2f V %.2f mA, want %.2f V %.2f mA", tt.ohms, lf, v, a*1e3, tt.volts, tt.amps*1e3)
			}
		}
	}
}

func TestMonitors(t *testing.T) {
	l := &loop{ohms: 600}
	b := newBench(t, Opts{Pair: l, Seed: 7})
	b.ready()
	b.write(drLinefeed, lfReverse)
	b.run(200 * time.Millisecond)
	check := func(n byte, want, lsb, tolerance float64) {
		t.Helper()
		if got := float64(b.read(n)&0x3F) * lsb; math.Abs(got-want) > tolerance*want+lsb {
			t.Errorf("DR%d = %.4f, want %.4f", n, got, want)
		}
	}
	check(drLoopVolts, 12, 1.5, 0.1)
	check(drLoopAmps, 0.020, 1.25e-3, 0.2)
	if b.read(drLoopVolts)&0x40 == 0 || b.read(drLoopAmps)&0x40 == 0 {
		t.Error("reversed line reads positive")
	}
	// Reversed: RING at -VCM, TIP V_TR below it.
	if tip, ring := float64(b.read(drTipVolts))*0.376, float64(b.read(drRingVolts))*0.376; math.Abs(ring-3) > 0.7 || math.Abs(tip-15) > 2 {
		t.Errorf("TIP -%.1f V, RING -%.1f V, want -15 and -3", tip, ring)
	}
	if bat := float64(b.read(drBatSense1)) * 0.376; math.Abs(bat-(3+12+9)) > 2.8 {
		t.Errorf("VBAT -%.1f V, want VCM+V_TR+VOV = 24 V", bat)
	}
}

// TestRinging measures the ringing the check values of Si3215 data sheet §2.5
// make: 20 Hz with 70 V peak, and the trapezoid with 71 V.
func TestRinging(t *testing.T) {
	for _, tt := range []struct {
		name            string
		osc             byte
		rco, rngx, rngy uint16
		peak, rms       float64
	}{
		{"sine", 0x00, 0x7EFD, 0x0177, 0, 69.8, 69.8 / math.Sqrt2},
		{"trapezoid", 0x01, 0x018C, 0x5EAB, 0x00C8, 71, 71 / 1.3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := &loop{ohms: 1e9}
			b := newBench(t, Opts{Pair: l})
			b.ready()
			b.write(drBatHigh, 0x3F)
			b.run(200 * time.Millisecond)
			b.write(drRingOsc, tt.osc)
			b.writeIR(newMap.rco, tt.rco)
			b.writeIR(newMap.rngx, tt.rngx)
			b.writeIR(newMap.rngy, tt.rngy)
			b.write(drLinefeed, lfRinging)
			var sum, peak float64
			crossings := 0
			last := -1.0
			const frames = 5 * 8000
			for range frames {
				b.run(FrameTime)
				v := l.drive.Volts
				sum += v * v
				peak = math.Max(peak, math.Abs(v))
				if last < 0 && v >= 0 {
					crossings++
				}
				last = v
			}
			if math.Abs(peak-tt.peak) > 0.5 {
				t.Errorf("peak %.1f V, want %.1f", peak, tt.peak)
			}
			if rms := math.Sqrt(sum / frames); math.Abs(rms-tt.rms) > 0.6 {
				t.Errorf("rms %.1f V, want %.1f", rms, tt.rms)
			}
			if hz := float64(crossings) / 5; math.Abs(hz-20) > 0.2 {
				t.Errorf("%.1f Hz, want 20 Hz within 1 %%", hz)
			}
		})
	}
}

func TestRingTrip(t *testing.T) {
	l := &loop{ohms: 1e6}
	b := newBench(t, Opts{Pair: l})
	b.ready()
	b.write(drTripDeb, 0x0B)
	b.write(drLinefeed, lfRinging)
	b.run(2 * time.Second)
	if b.Linefeed() != lfRinging {
		t.Fatal("tripped without a phone")
	}
	l.ohms = 600
	var took time.Duration
	for b.Linefeed() == lfRinging && took < time.Second {
		b.run(time.Millisecond)
		took += time.Millisecond
	}
	if took < 13*time.Millisecond || took > 150*time.Millisecond {
		t.Errorf("tripped after %v, want 13..150ms", took)
	}
	if b.Linefeed() != lfForward || b.read(drInt2)&int2Trip == 0 {
		t.Errorf("LFS=%d DR19=%#02x after ring trip", b.Linefeed(), b.read(drInt2))
	}
}

func TestLoopClosure(t *testing.T) {
	l := &loop{ohms: 1e6}
	b := newBench(t, Opts{Pair: l})
	b.ready()
	b.write(drLinefeed, lfForward)
	b.run(100 * time.Millisecond)
	if got := b.read(drStatus); got != statusRaw {
		t.Errorf("DR68 on hook = %#02x, want raw bit alone", got)
	}
	l.ohms = 400
	b.run(10 * time.Millisecond)
	if got := b.read(drStatus); got != 0 {
		t.Errorf("DR68 within the debounce = %#02x, want 0", got)
	}
	b.run(5 * time.Millisecond)
	if b.Heeded() {
		t.Error("the board heeded a change before it looked")
	}
	for range 2 {
		if got := b.read(drStatus); got != statusLoop {
			t.Errorf("DR68 off hook = %#02x, want LCR alone", got)
		}
	}
	if !b.Heeded() {
		t.Error("the board did not heed a change that it read twice")
	}
	if b.read(drInt2) != int2Loop || b.Int().Read() {
		t.Error("no interrupt on closing")
	}
	b.write(drInt2, int2Loop)
	if b.read(drInt2) != 0 || !b.Int().Read() {
		t.Error("writing a one does not clear the interrupt")
	}
	l.ohms = 1e6
	b.run(15 * time.Millisecond)
	if b.read(drInt2) != int2Loop {
		t.Error("no interrupt on opening")
	}
	// Between release (7.6 mA) and closure (10.2 mA) the state holds.
	b.write(drInt2, 0xFF)
	l.ohms = 48/0.009 - 160
	b.run(100 * time.Millisecond)
	if b.read(drStatus)&statusLoop != 0 {
		t.Error("9 mA close an open loop")
	}
}

func TestInterruptMasks(t *testing.T) {
	l := &loop{ohms: 400}
	b := newBench(t, Opts{Pair: l})
	b.ready()
	b.write(22, 0)
	b.write(drLinefeed, lfForward)
	b.run(100 * time.Millisecond)
	if b.read(drInt2) == 0 || !b.Int().Read() {
		t.Error("a masked interrupt is not pending or drives INT")
	}
	b.write(22, int2Loop)
	if b.Int().Read() {
		t.Error("INT is high with an enabled interrupt pending")
	}
}

func TestHardwareCadence(t *testing.T) {
	b := newBench(t, Opts{Pair: &loop{ohms: 1e6}})
	b.ready()
	for _, p := range []preset{{48, 0x40}, {49, 0x1F}, {50, 0x80}, {51, 0x3E}, {drRingOsc, 0x18}, {drLinefeed, lfRinging}} {
		b.write(p.n, p.v) // 1 s on, 2 s off
	}
	for _, step := range []struct {
		run  time.Duration
		want uint8
	}{{990, 4}, {20, 2}, {1980, 2}, {20, 4}, {980, 4}, {20, 2}} {
		b.run(step.run * time.Millisecond)
		if got := b.Linefeed(); got != step.want {
			t.Errorf("LFS = %d, want %d", got, step.want)
		}
	}
	if got := b.read(drInt1); got != int1RingActive|int1RingPause {
		t.Errorf("DR18 = %#02x, want both ring timers", got)
	}
}

func TestPowerAlarm(t *testing.T) {
	l := &loop{ohms: 1e6}
	b := newBench(t, Opts{Pair: l})
	b.ready()
	b.write(drLinefeed, lfForward)
	b.run(time.Second)
	if b.Linefeed() != lfForward {
		t.Fatal("alarm on an idle line")
	}
	l.leak = 0.060
	b.run(3 * time.Second)
	if b.Linefeed() != lfOpen || b.read(drInt2)&0x40 == 0 {
		t.Errorf("LFS=%d DR19=%#02x with 60 mA to ground", b.Linefeed(), b.read(drInt2))
	}
}

func TestShortIsNoAlarm(t *testing.T) {
	b := newBench(t, Opts{Pair: &loop{ohms: 1}})
	b.ready()
	b.write(drLinefeed, lfForward)
	b.run(20 * time.Second)
	if b.Linefeed() != lfForward {
		t.Error("a short, which the current limit holds at 20 mA, raised an alarm")
	}
}

// TestLevel checks the level law both ways: 0 dBm0 is 0.7746 V.
func TestLevel(t *testing.T) {
	for _, tt := range []struct {
		name      string
		pcm, bits byte
		tolerance float64
	}{{"linear", 0x3C, 16, 0.01}, {"mu-law", 0x28, 8, 0.05}, {"A-law", 0x20, 8, 0.05}} {
		t.Run(tt.name, func(t *testing.T) {
			l := &loop{ohms: 400}
			b := newBench(t, Opts{Pair: l})
			b.ready()
			b.write(drPCM, tt.pcm)
			b.write(drLinefeed, lfForward)
			b.run(100 * time.Millisecond)
			var volts, units float64
			const n = 8000
			for i := range n {
				s := math.Sin(2 * math.Pi * 1004 * float64(i) / 8000)
				sample := int16(math.Round(dsp.DBm0(0).Amplitude() * s))
				setSlot(b.dr, 0, int(tt.bits), b.codec.compress(sample))
				l.voice = twowire.ReferenceVolts * math.Sqrt2 * s
				b.run(FrameTime)
				volts += l.drive.Voice * l.drive.Voice
				v := float64(b.codec.expand(slot(b.dx, 0, int(tt.bits))))
				units += v * v
			}
			if got := 20 * math.Log10(math.Sqrt(volts/n)/twowire.ReferenceVolts); math.Abs(got) > tt.tolerance {
				t.Errorf("0 dBm0 makes %.3f dB on the pair", got)
			}
			if got := dsp.Level(math.Sqrt(units / n)); math.Abs(float64(got)) > tt.tolerance {
				t.Errorf("0 dBm on the pair reads %.3f dBm0", float64(got))
			}
		})
	}
}

func TestGains(t *testing.T) {
	l := &loop{ohms: 400}
	b := newBench(t, Opts{Pair: l})
	b.ready()
	b.write(drLinefeed, lfForward)
	b.run(100 * time.Millisecond)
	voice := func() float64 {
		setSlot(b.dr, 0, 16, 10000)
		b.run(FrameTime)
		return l.drive.Voice / twowire.VoltsPerUnit
	}
	unity := voice()
	b.writeIR(newMap.dacg, 0x2000)
	if got := voice() / unity; math.Abs(got-0.5) > 1e-9 {
		t.Errorf("DACG 0x2000 is a factor of %v, want 0.5", got)
	}
	b.writeIR(newMap.dacg, 0x4000)
	for gain, want := range map[byte]float64{0: 0, 1: -3.5, 2: 3.5} {
		b.write(drAudioGain, gain)
		if got := 20 * math.Log10(voice()/unity); math.Abs(got-want) > 0.01 {
			t.Errorf("ARX %d is %.2f dB, want %.1f", gain, got, want)
		}
	}
	b.write(drAudioGain, 3)
	if voice() != 0 {
		t.Error("ARX 3 does not mute")
	}
}

// TestAudioPath checks when the codec has power: not on hook in the active
// state, in which it sends silence.
func TestAudioPath(t *testing.T) {
	l := &loop{ohms: 1e6, voice: 0.1}
	b := newBench(t, Opts{Pair: l})
	b.ready()
	setSlot(b.dr, 0, 16, 1000)
	for _, tt := range []struct {
		lf   byte
		ohms float64
		want bool
	}{{lfForward, 1e6, false}, {lfForward, 400, true}, {lfReverse, 1e6, false}, {lfReverse, 400, true}, {lfOnHook, 1e6, true}, {lfOnHookR, 1e6, true}, {lfOpen, 1e6, false}, {lfRinging, 1e6, false}} {
		l.ohms = tt.ohms
		b.write(drLinefeed, tt.lf)
		b.run(100 * time.Millisecond)
		if to, from := l.drive.Voice != 0, slot(b.dx, 0, 16) != 0; to != tt.want || from != tt.want {
			t.Errorf("LF %d over %v ohm: to phone %v, from phone %v, want %v", tt.lf, tt.ohms, to, from, tt.want)
		}
	}
	b.write(drLoopback, loopDigit)
	b.run(2 * FrameTime)
	if got := slot(b.dx, 0, 16); got != 1000 {
		t.Errorf("digital loopback returns %d, want 1000", got)
	}
}

func TestSlots(t *testing.T) {
	for _, tt := range []struct {
		name         string
		delay, start int
		at           int // byte that holds the sample, -1 is none
	}{{"DSP_B second", 0, 16, 2}, {"DSP_A second", 1, 17, 2}, {"last", 0, 240, 30}, {"beyond the frame", 0, 248, -1}} {
		t.Run(tt.name, func(t *testing.T) {
			l := &loop{ohms: 1e6, voice: 0.1}
			b := newBench(t, Opts{Pair: l, FrameDelay: tt.delay})
			b.ready()
			for i, v := range []byte{byte(tt.start), byte(tt.start >> 8), byte(tt.start), byte(tt.start >> 8)} {
				b.write(drTxStart+byte(i), v)
			}
			b.write(drLinefeed, lfOnHook)
			for i := range b.dx {
				b.dx[i] = 0xA5
			}
			b.run(100 * time.Millisecond)
			for i, v := range b.dx {
				mine := tt.at >= 0 && (i == tt.at || i == tt.at+1)
				if !mine && v != 0xA5 {
					t.Errorf("byte %d of another chip changed", i)
				}
			}
			if tt.at >= 0 && int16(slot(b.dx, 8*tt.at, 16)) != round16(0.1/twowire.VoltsPerUnit) {
				t.Errorf("slot holds %d", slot(b.dx, 8*tt.at, 16))
			}
		})
	}
}

// TestUnalignedSlot writes and reads 16 bits at every place of a frame.
func TestUnalignedSlot(t *testing.T) {
	for start := range 49 {
		frame := []byte{0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A}
		setSlot(frame, start, 16, 0xBEEF)
		if got := slot(frame, start, 16); got != 0xBEEF {
			t.Errorf("at bit %d: %#04x", start, got)
		}
		setSlot(frame, start, 16, slot([]byte{0x5A, 0x5A, 0x5A, 0x5A}, start%8, 16))
		for i, b := range frame {
			if b != 0x5A {
				t.Errorf("at bit %d byte %d became %#02x", start, i, b)
			}
		}
	}
}

// TestTone checks Si3215 data sheet §2.6: 852 Hz at half scale.
func TestTone(t *testing.T) {
	l := &loop{ohms: 400}
	b := newBench(t, Opts{Pair: l})
	b.ready()
	b.writeIR(newMap.osc[0], 0x78E6)
	b.writeIR(newMap.osc[0]+1, 0x02B3)
	b.write(drOsc1, 0x06)
	b.write(drLinefeed, lfForward)
	b.run(100 * time.Millisecond)
	var sum float64
	crossings, last := 0, 0.0
	for range 8000 {
		b.run(FrameTime)
		v := l.drive.Voice
		sum += v * v
		if last < 0 && v >= 0 {
			crossings++
		}
		last = v
	}
	if rms := math.Sqrt(sum / 8000); math.Abs(rms-0.555) > 0.01 {
		t.Errorf("tone of %.3f V rms, want half of 1.11 V", rms)
	}
	if crossings < 849 || crossings > 855 {
		t.Errorf("tone of %d Hz, want 852", crossings)
	}
}

// TestToneCadence runs a tone with its timers, 100 ms on and 50 ms off.
func TestToneCadence(t *testing.T) {
	l := &loop{ohms: 400}
	b := newBench(t, Opts{Pair: l, Variant: Si3210})
	b.ready()
	b.writeIR(oldMap.osc[1], 0x3FC4)
	b.writeIR(oldMap.osc[1]+1, 0x0942)
	for i, v := range []byte{0x20, 0x03, 0x90, 0x01} {
		b.write(drTimers+4+byte(i), v)
	}
	b.write(drLinefeed, lfForward)
	b.run(100 * time.Millisecond)
	b.write(drOsc1+1, 0x1E)
	on := 0
	for range 12000 {
		b.run(FrameTime)
		if l.drive.Voice != 0 {
			on++
		}
	}
	if on < 7900 || on > 8100 {
		t.Errorf("tone in %d of 12000 frames, want two thirds", on)
	}
	if got := b.read(drInt1); got != 0x0C {
		t.Errorf("DR18 = %#02x, want both timers of oscillator 2", got)
	}
}

// foreign is a pair with a voltage from outside on its open leads.
type foreign struct{}

func (foreign) Step(d twowire.Drive) twowire.Sense {
	if d.Open {
		return twowire.Sense{TipVolts: -30, RingVolts: -6}
	}
	return twowire.Sense{Volts: d.Volts}
}

func TestForeignVoltage(t *testing.T) {
	b := newBench(t, Opts{Pair: foreign{}})
	b.ready()
	for n, want := range map[byte]float64{drTipVolts: 30, drRingVolts: 6} {
		if got := float64(b.read(n)) * 0.376; math.Abs(got-want) > 0.1*want+0.4 {
			t.Errorf("DR%d shows -%.1f V, want -%.0f V", n, got, want)
		}
	}
	if got := b.read(drLoopVolts); got&0x40 == 0 || got&0x3F < 14 || got&0x3F > 18 {
		t.Errorf("DR78 = %#02x, want -24 V", got)
	}
}

func TestPowerMonitor(t *testing.T) {
	l := &loop{ohms: 400}
	b := newBench(t, Opts{Pair: l})
	b.ready()
	b.write(drLinefeed, lfForward)
	b.run(20 * time.Second)
	b.write(drPowerSel, 5)
	// 20 mA through what is left of VBAT after VCM and V_TR: VOV of 9 V.
	if got := float64(b.read(drPower)) * 0.0304; math.Abs(got-0.180) > 0.05 {
		t.Errorf("Q6 burns %.3f W, want 0.18 W", got)
	}
	if got := float64(b.read(drQ1Amps)) * 0.319e-3; math.Abs(got-0.010) > 0.001 {
		t.Errorf("Q1 carries %.1f mA, want half of 20 mA", got*1e3)
	}
	l.ohms = 1e6
	b.write(drLinefeed, lfRinging)
	b.run(100 * time.Millisecond)
	tip, ring := float64(b.read(drTipVolts))*0.376, float64(b.read(drRingVolts))*0.376
	if math.Abs(tip+ring-75) > 8 {
		t.Errorf("TIP -%.1f V and RING -%.1f V are not symmetrical about half of 75 V", tip, ring)
	}
}

func TestPinNames(t *testing.T) {
	c := New(Opts{})
	for _, p := range []gpio.PinIO{c.Reset(), c.Int()} {
		if p.String() == "" || p.Name() != p.String() || p.Number() < 0 || p.Halt() != nil || p.Pull() != gpio.PullUp || p.DefaultPull() != gpio.PullUp {
			t.Errorf("pin %v is not a whole gpio.PinIO", p)
		}
	}
	if c.Reset().In(gpio.Float, gpio.NoEdge) == nil || c.Reset().WaitForEdge(0) || c.Reset().Read() != gpio.High {
		t.Error("RESET is not an output at High")
	}
}

func TestClock(t *testing.T) {
	b := newBench(t, Opts{})
	b.ready()
	b.ClockStopped()
	if got := b.read(drHybrid); got != 0xFF {
		t.Errorf("DR11 without a clock = %#02x", got)
	}
	b.run(FrameTime)
	if got := b.read(drLoopback); got != 0x02 {
		t.Errorf("DR8 when the clock is back = %#02x, want its reset value", got)
	}
}

func TestConverter(t *testing.T) {
	b := newBench(t, Opts{Pair: &loop{ohms: 1e6}})
	b.ready()
	if v := b.conv.volts; math.Abs(v-75) > 1 {
		t.Errorf("VBAT of an open line = %.1f V, want VBATH 75 V", v)
	}
	b.write(drPowerdown, dcOff)
	b.run(500 * time.Millisecond)
	if v := b.conv.volts; v < 50 {
		t.Errorf("a healthy battery fell to %.1f V in 500ms", v)
	}
	b.Inject(Leakage)
	b.run(500 * time.Millisecond)
	if v := b.conv.volts; v > 2.3 {
		t.Errorf("a leaking battery holds %.1f V", v)
	}
	b.Inject(NoBattery)
	b.write(drPowerdown, 0)
	b.run(500 * time.Millisecond)
	if v := b.conv.volts; v > 10 {
		t.Errorf("a broken converter makes %.1f V", v)
	}
}

func TestCalibration(t *testing.T) {
	b := newBench(t, Opts{Pair: &loop{ohms: 1e6}, Seed: 3})
	b.ready()
	b.write(drCal2, 0x1F)
	b.write(drCal1, 0x5F)
	var took time.Duration
	for b.read(drCal1) != 0 && took < 2*time.Second {
		b.run(10 * time.Millisecond)
		took += 10 * time.Millisecond
	}
	if took < 100*time.Millisecond || took > 600*time.Millisecond {
		t.Errorf("calibration took %v, want 100..600ms", took)
	}
	b.write(drOffTime, 0x99)
	b.run(30 * time.Millisecond)
	if b.read(drOffTime)&peakStart != 0 || b.read(drCalPeak) < 2 || b.read(drCalPeak) > 0x0D {
		t.Errorf("DR93=%#02x DR107=%#02x after the converter's calibration", b.read(drOffTime), b.read(drCalPeak))
	}
	for i, n := range []byte{drCalRing, drCalTip} {
		found := 0
		for v := byte(0x1F); v > 0; v-- {
			b.write(n, v)
			if b.read(88+byte(i)) == 0 {
				found = int(v)
				break
			}
		}
		if found < 8 || found > 23 {
			t.Errorf("DR%d is zero at DR%d = %d", 88+i, n, found)
		}
	}
}

func TestConnectChecks(t *testing.T) {
	for _, tt := range []struct {
		f    physic.Frequency
		mode spi.Mode
		bits int
	}{{physic.MegaHertz, spi.Mode0, 8}, {physic.MegaHertz, spi.Mode3, 16}, {20 * physic.MegaHertz, spi.Mode3, 8}, {0, spi.Mode3, 8}} {
		if _, err := New(Opts{}).SPI().Connect(tt.f, tt.mode, tt.bits); err == nil {
			t.Errorf("Connect(%v, %v, %d) works", tt.f, tt.mode, tt.bits)
		}
	}
	p := New(Opts{}).SPI()
	if _, err := p.Connect(physic.MegaHertz, spi.Mode3, 8); err != nil {
		t.Error(err)
	}
	if _, err := p.Connect(physic.MegaHertz, spi.Mode3, 8); err == nil {
		t.Error("Connect works twice")
	}
}

func TestFrameDoesNotAllocate(t *testing.T) {
	b := newBench(t, Opts{Pair: &loop{ohms: 400}})
	b.ready()
	b.write(drLinefeed, lfForward)
	b.run(100 * time.Millisecond)
	if n := testing.AllocsPerRun(1000, func() { b.Frame(b.at, b.dr, b.dx) }); n != 0 {
		t.Errorf("Frame allocates %v times", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	for _, bm := range []struct {
		name string
		lf   byte
	}{{"idle", lfForward}, {"call", lfOnHook}, {"ringing", lfRinging}} {
		b.Run(bm.name, func(b *testing.B) {
			c := newBench(&testing.T{}, Opts{Pair: &loop{ohms: 1e6}})
			c.ready()
			c.write(drLinefeed, bm.lf)
			for b.Loop() {
				c.Frame(c.at, c.dr, c.dx)
			}
		})
	}
}

// FuzzSPI sends anything in any framing between frames. The chip must survive
// it and come back with a reset.
func FuzzSPI(f *testing.F) {
	f.Add([]byte{0x40, 0x04, 0x01, 0x3C, 0x22, 0x18}, uint64(1))
	f.Add([]byte{0x00, 0x80, 0x01, 0x8B, 0x00, 0x60, 0x5F, 0x5D, 0x99}, uint64(2))
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		b := newBench(t, Opts{Pair: &loop{ohms: float64(1 + seed%2000)}, Seed: seed, Variant: Variant(seed % 6), FrameDelay: int(seed >> 8 & 1)})
		for i := 0; i < len(in); {
			n := min(len(in)-i, 1+int(in[i]&3))
			p := spi.Packet{W: in[i : i+n], R: make([]byte, n), KeepCS: in[i]&4 != 0, BitsPerWord: 8}
			if in[i] == 0xF0 {
				p.BitsPerWord = 5
			}
			if err := b.conn.TxPackets([]spi.Packet{p}); err != nil {
				t.Fatal(err)
			}
			b.run(time.Duration(in[i]>>4) * FrameTime)
			i += n
		}
		if v := math.Abs(b.sense.Volts); !(v <= 200) {
			t.Errorf("%v V on the pair", b.sense.Volts)
		}
		if err := b.Reset().Out(true); err != nil {
			t.Fatal(err)
		}
		if got := b.read(drHybrid); got != 0x33 {
			t.Errorf("DR11 after reset = %#02x", got)
		}
	})
}
