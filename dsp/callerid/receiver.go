package callerid

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// Receiver reads messages of either modulation from a line: mark and space of
// both lie on the same two sides of 1700 Hz.
//
//	samples ─▶ down by 1700 Hz ─▶ low-pass ─▶ turn per sample ─▶ mean of a bit ─▶ UART ─▶ message
//
// The turn does not depend on the level, so neither do the decisions on the
// difference in level of mark and space. It allocates nothing after it was
// made, and belongs to one goroutine.
type Receiver struct {
	found  func(message []byte)
	errors uint64

	mixer int // place in the oscillator's table
	taps  [lowTaps]float32
	re    [2 * lowTaps]float32 // written twice, so that a window is contiguous
	im    [2 * lowTaps]float32
	at    int
	last  [2]float32 // filtered sample before

	turns [bitTaps]float32
	turn  int
	sum   float32
	power float32 // of the filtered signal, smoothed

	before float32 // decision signal of the sample before, positive for mark
	uart   uart
	buf    [maxMessage]byte
	n      int
	taking bool // bytes count: enough marks came before
}

const (
	center     = 1700 // hertz, in the middle of mark and space
	lowTaps    = 15
	lowPass    = 1000        // hertz
	bitTaps    = 6           // samples of the mean, nearly a bit
	maxMessage = 2 + 255 + 1 // with type, length and checksum
	leadMarks  = 30          // bits of marks that a message has before it
)

// quietest is the level below which nothing is taken for data.
var quietest = float32(math.Pow(dsp.DBm0(-44).RMS(), 2))

// NewReceiver returns a receiver that gives each message whose check is right
// to found, from within Process. The message is valid until found returns; see
// [Parse].
func NewReceiver(found func(message []byte)) *Receiver {
	r := &Receiver{found: found}
	total := 0.0
	for i := range r.taps {
		x := float64(i) - (lowTaps-1)/2.0
		hann := 0.5 + 0.5*math.Cos(2*math.Pi*x/(lowTaps+1))
		sinc := 1.0
		if x != 0 {
			sinc = math.Sin(2*math.Pi*lowPass/dsp.SampleRate*x) / (2 * math.Pi * lowPass / dsp.SampleRate * x)
		}
		r.taps[i] = float32(hann * sinc)
		total += hann * sinc
	}
	for i := range r.taps {
		r.taps[i] *= float32(math.Sqrt2 / total) // the power of a sine is that of its samples
	}
	return r
}

// Errors is how many messages had a wrong check.
func (r *Receiver) Errors() uint64 { return r.errors }

// Process takes a block of any length.
func (r *Receiver) Process(in []int16) {
	for _, v := range in {
		r.sample(float32(v))
	}
}

// oscillator is 1700 Hz, which repeats after 80 samples: real and imaginary part.
var oscillator = func() (t [80][2]float32) {
	for i := range t {
		sin, cos := math.Sincos(-2 * math.Pi * center / dsp.SampleRate * float64(i))
		t[i] = [2]float32{float32(cos), float32(sin)}
	}
	return t
}()

func (r *Receiver) sample(v float32) {
	o := &oscillator[r.mixer]
	if r.mixer++; r.mixer == len(oscillator) {
		r.mixer = 0
	}
	re, im := v*o[0], v*o[1]
	r.re[r.at], r.re[r.at+lowTaps] = re, re
	r.im[r.at], r.im[r.at+lowTaps] = im, im
	if r.at++; r.at == lowTaps {
		r.at = 0
	}
	r.decide(r.filter(r.re[r.at:]), r.filter(r.im[r.at:]))
}

// filter is the low-pass, whose taps are the same from both ends.
func (r *Receiver) filter(x []float32) float32 {
	x = x[:lowTaps]
	const middle = lowTaps / 2
	y := r.taps[middle] * x[middle]
	for i, c := range r.taps[:middle] {
		y += c * (x[i] + x[lowTaps-1-i])
	}
	return y
}

// decide turns the filtered signal into a decision signal for the UART.
func (r *Receiver) decide(re, im float32) {
	power := re*re + im*im
	r.power += (power - r.power) / 32
	turn := im*r.last[0] - re*r.last[1]
	scale := power * (r.last[0]*r.last[0] + r.last[1]*r.last[1])
	r.last = [2]float32{re, im}
	if scale > 0 {
		turn /= float32(math.Sqrt(float64(scale)))
	}
	r.turns[r.turn], turn = turn, turn-r.turns[r.turn]
	if r.turn++; r.turn == bitTaps {
		r.turn = 0
	}
	r.sum += turn
	if r.turn == 0 { // rounding does not pile up
		r.sum = 0
		for _, t := range r.turns {
			r.sum += t
		}
	}
	if r.power < quietest {
		r.uart, r.taking, r.before = uart{}, false, -1
		return
	}
	r.bit(-r.sum)
}

// bit gives the decision signal to the UART and takes what it makes of it.
func (r *Receiver) bit(now float32) {
	value, got := r.uart.step(r.before, now)
	r.before = now
	if r.uart.marks >= leadMarks*bitShares/sampleShares {
		r.taking, r.n = true, 0
	}
	switch {
	case got == nothing || !r.taking:
	case got == broken:
		r.taking = false
	default:
		r.buf[r.n] = value
		r.n++
		r.assemble()
	}
}

// assemble ends the message when it is complete.
func (r *Receiver) assemble() {
	length := 0
	if r.buf[0] == even(dle) {
		length = nttLength(r.buf[:r.n])
	} else if r.n >= 2 {
		length = int(r.buf[1]) + 3
	}
	switch {
	case length < 0:
		r.taking = false
	case length == r.n:
		r.taking = false
		r.deliver(r.buf[:r.n])
	case r.n == len(r.buf):
		r.taking = false
	}
}

func (r *Receiver) deliver(message []byte) {
	good := sum(message) == 0
	if message[0] == even(dle) {
		good = crc16(message[2:]) == 0
	}
	if !good {
		r.errors++
		return
	}
	r.found(message)
}

// uart cuts a decision signal into characters of one start bit, eight bits and
// a stop bit. It falls into step with the beginning of each start bit, to a part
// of a sample.
type uart struct {
	busy  bool
	left  float32 // samples until the middle of the next bit
	k     int     // its index, 0 is the start bit
	value byte
	marks int // samples of marks, not counting what turned out to be no start bit
}

// What a step of the uart can make known.
const (
	nothing = iota
	character
	broken // a character without stop bit
)

const bitSamples = float32(dsp.SampleRate) / baud

// step takes two neighbouring values of the decision signal.
func (u *uart) step(before, now float32) (value byte, got int) {
	if !u.busy {
		u.marks++
		if before > 0 && now <= 0 {
			since := now / (now - before) // of a sample, since the crossing
			u.busy, u.k, u.value = true, 0, 0
			u.left = bitSamples/2 - since
		}
		return 0, nothing
	}
	if u.left--; u.left > 0 {
		return 0, nothing
	}
	mark := now+u.left*(now-before) > 0
	u.left += bitSamples
	switch k := u.k; {
	case k == 0 && mark: // a click, not a start bit
		u.busy = false
		u.marks += bitShares / sampleShares / 2
		return 0, nothing
	case k > 8:
		value = u.value
		*u = uart{}
		if !mark {
			return 0, broken
		}
		return value, character
	case k > 0 && mark:
		u.value |= 1 << (k - 1)
	}
	u.k++
	return 0, nothing
}
