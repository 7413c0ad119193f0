package model

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/dsp"
	gpiomodel "github.com/ata-agent/ata-agent/hal/gpio/model"
	keypad "github.com/ata-agent/ata-agent/hal/keypad/model"
)

// Legend is the keypad: the twelve keys of a telephone, redial and recall.
var Legend = []string{"123R", "456L", "789 ", "*0# "}

// User is who uses the telephone. Step is called once per sample, 125 µs, by one
// goroutine.
type User interface {
	Step(Heard) Doing
}

// Heard is what the telephone does to its user. Sounds are in 16-bit sample
// units.
type Heard struct {
	Ear     float64 // in the earpiece
	Speaker float64 // from the loudspeaker
	Lamp    bool    // the message lamp is lit
	Keyed   bool    // the board has seen what was done to the keys last
}

// Doing is what the user does to the telephone.
type Doing struct {
	Off   bool    // the hook switch is let go now, bounce and all
	Key   byte    // of Legend that is held down, 0 = none
	Voice float64 // at the microphone, in 16-bit sample units
}

// Opts are the settings of a Set. The zero value is a telephone that nobody uses.
type Opts struct {
	User    User
	Seed    uint64        // of everything random
	Slot    int           // of the handset on the highway: bytes 2·Slot and 2·Slot+1 of a frame, 16 bits, MSB first
	Speaker int           // slot of the loudspeaker
	Bounce  time.Duration // of keys [5 ms]
}

// frameTime is the duration of one frame.
const frameTime = 125 * time.Microsecond

// Set is one telephone. Its methods may be called from several goroutines.
type Set struct {
	Keypad *keypad.Matrix

	mu      sync.Mutex
	opts    Opts
	random  *rand.Rand
	at      time.Time // of the current frame
	hook    hookPin
	lamp    lampPin
	key     byte
	bounce  int // frames that the key's contact goes on bouncing
	voice   int16
	failing bool
	misuses []string
}

// nobody does not use the telephone.
type nobody struct{}

func (nobody) Step(Heard) Doing { return Doing{} }

// New returns a telephone whose handset is down.
func New(opts Opts) *Set {
	if opts.User == nil {
		opts.User = nobody{}
	}
	if opts.Bounce == 0 {
		opts.Bounce = 5 * time.Millisecond
	}
	s := &Set{
		Keypad: keypad.New(len(Legend), len(Legend[0])),
		opts:   opts, random: rand.New(rand.NewPCG(opts.Seed, 0x4a5d)),
	}
	s.hook.setup(s)
	s.lamp = lampPin{Pin: gpiomodel.Pin{Label: "LAMP", Index: 1, Bias: gpio.Float, Drive: true}, set: s}
	return s
}

// Hook returns the pin of the hook switch, low while the handset is lifted.
func (s *Set) Hook() gpio.PinIO { return &s.hook }

// Lamp returns the pin of the message lamp.
func (s *Set) Lamp() gpio.PinIO { return &s.lamp }

// Fail makes all pins return errors, or work again.
func (s *Set) Fail(on bool) {
	s.Keypad.Fail(on)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = on
	if on {
		s.hook.Break(gpiomodel.ErrGone)
	} else {
		s.hook.Break(nil)
	}
}

// Misuses tells what must not be done to the telephone and was done.
func (s *Set) Misuses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(s.Keypad.Misuses(), s.misuses...)
}

func (s *Set) blame(text string) { s.misuses = append(s.misuses, text) }

// Frame is one frame of the highway that begins at the time at. dr are the bytes
// towards the codecs, dx those from them.
func (s *Set) Frame(at time.Time, dr, dx []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := 2 * s.opts.Slot; i+2 <= len(dx) {
		binary.BigEndian.PutUint16(dx[i:], uint16(s.voice))
	}
	s.step(at, sample(dr, s.opts.Slot), sample(dr, s.opts.Speaker))
}

// sample takes a slot out of a frame.
func sample(frame []byte, slot int) float64 {
	if 2*slot+2 > len(frame) {
		return 0
	}
	return float64(int16(binary.BigEndian.Uint16(frame[2*slot:])))
}

// Heeded says whether the board has taken all edges of the hook switch.
func (s *Set) Heeded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hook.Waiting() == 0
}

// ClockStopped says that the codec's clock has ceased: see Unclocked.
func (s *Set) ClockStopped() {}

// Unclocked is 125 µs in which the codec has no clock. Switches and keys work.
func (s *Set) Unclocked(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step(at, 0, 0)
}

func (s *Set) step(at time.Time, ear, speaker float64) {
	s.at = at
	doing := s.opts.User.Step(Heard{Ear: ear, Speaker: speaker, Lamp: s.lamp.lit, Keyed: s.Keypad.Seen()})
	s.voice = dsp.Saturate(int32(max(-1e6, min(1e6, doing.Voice))))
	s.press(doing.Key)
	s.hook.move(gpio.Level(!doing.Off))
}

// press moves a key; its contact touches at random until the bounce is over.
func (s *Set) press(key byte) {
	if key != s.key {
		s.contact(s.key, false)
		s.bounce = 0
		if s.key = key; key != 0 {
			s.bounce = int(s.opts.Bounce/frameTime) + 1
		}
	}
	if s.bounce == 0 {
		return
	}
	s.bounce--
	s.contact(s.key, s.bounce == 0 || s.random.IntN(2) == 0)
}

func (s *Set) contact(key byte, down bool) {
	for row, keys := range Legend {
		if column := strings.IndexByte(keys, key); key != 0 && column >= 0 {
			s.Keypad.Set(row, column, down)
		}
	}
}
