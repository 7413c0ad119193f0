package model

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"github.com/ata-agent/ata-agent/hal/alsa/abi"
)

// state is that of a stream.
//
//	opened -> setUp -> prepared -> started
//	            ^  drop   ^ prepare   |  driver
//	            +---------+--------- stopped
type state uint8

const (
	opened   state = iota
	unfit          // its thresholds would stop it one day: it cannot be prepared
	setUp          // parameters and thresholds are set
	prepared       // the ring is empty, or is being filled
	started        // the hardware moves
	stopped        // the driver gave up
)

// Stream is one direction of the card.
type Stream struct {
	card     *Card
	fd       int
	playback bool

	format, channels, period, size int
	state                          state
	silence                        bool
	hw, app                        int // frames since the start
	ring                           []byte
}

// Started says whether the hardware of the stream moves, given that of the card
// does.
func (s *Stream) Started() bool {
	s.card.mu.Lock()
	defer s.card.mu.Unlock()
	return s.state == started
}

// Silence says whether the kernel plays silence when the program is late.
func (s *Stream) Silence() bool {
	s.card.mu.Lock()
	defer s.card.mu.Unlock()
	return s.silence
}

// Position returns how many frames the hardware has moved since the start.
func (s *Stream) Position() int {
	s.card.mu.Lock()
	defer s.card.mu.Unlock()
	return s.hw
}

// Skew moves the hardware of this direction alone.
func (s *Stream) Skew(frames int) {
	s.card.mu.Lock()
	defer s.card.mu.Unlock()
	s.hw += frames
}

func (s *Stream) bytes() int {
	if s.format == abi.FormatS16 {
		return 2
	}
	return 1
}

func (s *Stream) at(frame, channel int) []byte {
	return s.ring[(frame%s.size*s.channels+channel)*s.bytes():]
}

func (s *Stream) put(frame, channel int, v int16) {
	if s.format == abi.FormatS16 {
		binary.LittleEndian.PutUint16(s.at(frame, channel), uint16(v))
		return
	}
	s.at(frame, channel)[0] = byte(v)
}

func (s *Stream) get(frame, channel int) int16 {
	if s.format == abi.FormatS16 {
		return int16(binary.LittleEndian.Uint16(s.at(frame, channel)))
	}
	return int16(s.at(frame, channel)[0])
}

// Ioctl implements alsa.Kernel.
func (c *Card) Ioctl(fd int, call uintptr, arg unsafe.Pointer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return syscall.ENODEV
	}
	if call == abi.CallCardInfo {
		return c.describe(c.opened[fd], (*abi.CardInfo)(arg))
	}
	s := c.find(fd)
	if s == nil {
		return syscall.ENODEV
	}
	switch call {
	case abi.CallRefine:
		c.refine((*abi.HwParams)(arg))
	case abi.CallHardware:
		return s.hardware((*abi.HwParams)(arg))
	case abi.CallSoftware:
		s.software((*abi.SwParams)(arg))
	case abi.CallPrepare:
		return s.prepare()
	case abi.CallDrop:
		s.state = setUp
	case abi.CallStart:
		return s.start()
	case abi.CallDelay:
		return s.queue((*int)(arg))
	case abi.CallForward:
		s.app += int(*(*uintptr)(arg))
	case abi.CallRead, abi.CallWrite:
		return s.move((*abi.Transfer)(arg))
	default:
		return syscall.ENOTTY
	}
	return nil
}

func (c *Card) describe(path string, info *abi.CardInfo) error {
	id, index := c.opts.ID, c.index
	if path == control(c.other()) {
		id, index = "HDMI", c.other()
	}
	info.Card = int32(index)
	copy(info.ID[:], id)
	return nil
}

// formats are those the device has.
func (c *Card) formats() (m abi.Mask) {
	for _, f := range c.opts.Formats {
		for i, bits := range abi.Only(f) {
			m[i] |= bits
		}
	}
	return m
}

func (c *Card) refine(p *abi.HwParams) {
	p.Masks[abi.ParamFormat] = c.formats()
	*p.Interval(abi.ParamChannels) = abi.Interval{Min: 1, Max: uint32(c.opts.Channels)}
	*p.Interval(abi.ParamRate) = abi.Interval{Min: 8000, Max: 48000}
}

func (s *Stream) hardware(p *abi.HwParams) error {
	for _, f := range s.card.opts.Formats {
		if p.Masks[abi.ParamFormat].Has(f) {
			s.format = f
		}
	}
	s.channels = int(p.Interval(abi.ParamChannels).Min)
	s.period = int(p.Interval(abi.ParamPeriodSize).Min)
	s.size = int(p.Interval(abi.ParamBufferSize).Min)
	if s.channels > s.card.opts.Channels || !p.Masks[abi.ParamAccess].Has(abi.AccessInterleaved) {
		return syscall.EINVAL
	}
	s.ring = make([]byte, s.size*s.channels*s.bytes())
	s.state = setUp
	return nil
}

// software takes the thresholds. A stream that would stop by itself is unfit.
func (s *Stream) software(p *abi.SwParams) {
	p.Boundary = 1 << 30
	s.silence = p.SilenceSize == p.Boundary
	s.state = setUp
	if p.StopThreshold != p.Boundary {
		s.state = unfit
	}
}

func (s *Stream) prepare() error {
	if s.state != setUp && s.state != prepared && s.state != stopped {
		return syscall.EBUSY
	}
	clear(s.ring)
	s.state, s.hw, s.app = prepared, 0, 0
	return nil
}

func (s *Stream) start() error {
	if s.state != prepared {
		return syscall.EBADF
	}
	if s.playback && s.app == 0 {
		return syscall.EPIPE
	}
	s.all(started)
	return nil
}

// all brings a stream into a state, and with it the one it is linked to.
func (s *Stream) all(to state) {
	s.state = to
	if other := s.card.side[1-sideOf(s.playback)]; s.card.linked && other != nil {
		other.state = to
	}
}

func (s *Stream) queue(n *int) error {
	if s.state == stopped {
		return syscall.EPIPE
	}
	*n = s.hw - s.app
	if s.playback {
		*n = -*n
	}
	return nil
}

// move reads or writes frames.
func (s *Stream) move(t *abi.Transfer) error {
	if err := s.card.fail; err != nil && s.state == started {
		s.card.fail = nil
		s.all(stopped)
		return err
	}
	room := s.hw - s.app
	if s.playback {
		room += s.size
	}
	n := min(int(t.Frames), room)
	if n <= 0 {
		return syscall.EAGAIN
	}
	frame := s.channels * s.bytes()
	b := unsafe.Slice((*byte)(t.Buffer), int(t.Frames)*frame)
	for i := range n {
		from, to := s.at(s.app, 0), b[i*frame:]
		if s.playback {
			from, to = to, from
		}
		copy(to[:frame], from)
		s.app++
	}
	t.Result = n
	return nil
}
