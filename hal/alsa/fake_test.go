//go:build linux

package alsa

import (
	"encoding/binary"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// fakeKernel has one card with one device. Its hardware moves when the program
// waits, a period at a time, and when a test says so. What is captured is the
// number of the frame, times the channels, plus the channel.
type fakeKernel struct {
	id      string
	gone    bool  // the card was pulled out
	noClock bool  // the hardware stands still
	noLink  bool  // the two directions cannot be linked
	fail    error // of the next read or write
	formats mask
	max     uint32 // channels

	opened map[int]string
	next   int
	links  int
	side   map[bool]*fakeStream // by playback
	played []int16              // everything the hardware played
}

type fakeStream struct {
	fd                             int
	format, channels, period, size int
	state                          string
	silence                        bool
	hw, app                        int // frames since the start
	ring                           []byte
}

func newFake() *fakeKernel {
	return &fakeKernel{
		id: "SLIC", formats: only(formatS16), max: 4,
		opened: map[int]string{}, next: 10, side: map[bool]*fakeStream{},
	}
}

func (k *fakeKernel) cards() ([]string, error) {
	if k.gone {
		return nil, nil
	}
	return []string{"/dev/snd/controlC0", "/dev/snd/controlC3"}, nil
}

func (k *fakeKernel) open(path string) (int, error) {
	if k.gone {
		return -1, syscall.ENOENT
	}
	k.next++
	k.opened[k.next] = path
	switch path {
	case "/dev/snd/pcmC3D0c", "/dev/snd/pcmC3D0p", "/dev/snd/pcmC3D1c":
		playback := path[len(path)-1] == 'p'
		if k.side[playback] != nil {
			return -1, syscall.EBUSY
		}
		k.side[playback] = &fakeStream{fd: k.next, state: "open"}
	}
	return k.next, nil
}

func (k *fakeKernel) close(fd int) error {
	if _, ok := k.opened[fd]; !ok {
		return syscall.EBADF
	}
	delete(k.opened, fd)
	for playback, s := range k.side {
		if s.fd == fd {
			delete(k.side, playback)
		}
	}
	return nil
}

func (k *fakeKernel) stream(fd int) (*fakeStream, bool) {
	for playback, s := range k.side {
		if s.fd == fd {
			return s, playback
		}
	}
	return nil, false
}

func (k *fakeKernel) link(fd, other int) error {
	if k.noLink {
		return syscall.ENOSYS
	}
	k.links++
	return nil
}

func (k *fakeKernel) wait(fd int, _ time.Duration) error {
	s, _ := k.stream(fd)
	switch {
	case k.gone:
		return nil // the next call fails
	case k.noClock:
		return errNoClock
	}
	for s.state == "running" && s.hw-s.app < s.period {
		k.advance(s.period)
	}
	return nil
}

// advance moves the hardware of both directions.
func (k *fakeKernel) advance(frames int) {
	for range frames {
		if s := k.side[false]; s != nil && s.state == "running" {
			for c := range s.channels {
				s.put(s.hw, c, sample(s.hw, c, s.channels))
			}
			s.hw++
		}
		if s := k.side[true]; s != nil && s.state == "running" {
			for c := range s.channels {
				k.played = append(k.played, s.get(s.hw, c))
				if s.silence {
					s.put(s.hw, c, 0)
				}
			}
			s.hw++
		}
	}
}

func sample(frame, channel, channels int) int16 { return int16(frame*channels + channel + 1) }

func (s *fakeStream) bytes() int {
	if s.format == formatS16 {
		return 2
	}
	return 1
}

func (s *fakeStream) at(frame, channel int) []byte {
	return s.ring[(frame%s.size*s.channels+channel)*s.bytes():]
}

func (s *fakeStream) put(frame, channel int, v int16) {
	if s.format == formatS16 {
		binary.LittleEndian.PutUint16(s.at(frame, channel), uint16(v))
		return
	}
	s.at(frame, channel)[0] = byte(v)
}

func (s *fakeStream) get(frame, channel int) int16 {
	if s.format == formatS16 {
		return int16(binary.LittleEndian.Uint16(s.at(frame, channel)))
	}
	return int16(s.at(frame, channel)[0])
}

func (k *fakeKernel) ioctl(fd int, call uintptr, arg unsafe.Pointer) error {
	if k.gone {
		return syscall.ENODEV
	}
	if call == callCardInfo {
		return k.card(k.opened[fd], (*cardInfo)(arg))
	}
	s, playback := k.stream(fd)
	if s == nil {
		return syscall.EBADF
	}
	switch call {
	case callRefine:
		p := (*hwParams)(arg)
		p.masks[paramFormat] = k.formats
		*p.interval(paramChannels) = interval{1, k.max, 0}
		*p.interval(paramRate) = interval{8000, 48000, 0}
	case callHardware:
		return k.hardware(s, (*hwParams)(arg))
	case callSoftware:
		p := (*swParams)(arg)
		p.boundary = 1 << 30
		s.silence = p.silenceSize == p.boundary
		if p.stopThreshold != p.boundary {
			s.state = "unfit" // a stream that would stop must not be started
		} else if s.state == "unfit" {
			s.state = "setup"
		}
	case callPrepare:
		return s.prepare()
	case callDrop:
		s.state = "setup"
	case callStart:
		return k.begin(s, playback)
	case callDelay:
		return s.queue((*int)(arg), playback)
	case callForward:
		s.app += int(*(*uintptr)(arg))
	case callRead, callWrite:
		if err := k.fail; err != nil && s.state == "running" {
			k.fail = nil
			s.state = "xrun"
			return err
		}
		return s.copy((*transfer)(arg), playback)
	default:
		return syscall.ENOTTY
	}
	return nil
}

func (k *fakeKernel) card(path string, info *cardInfo) error {
	info.card = int32(path[len(path)-1] - '0')
	id := "HDMI"
	if info.card == 3 {
		id = k.id
	}
	copy(info.id[:], id)
	return nil
}

func (k *fakeKernel) hardware(s *fakeStream, p *hwParams) error {
	for _, f := range []int{formatS8, formatU8, formatS16, formatMuLaw, formatALaw} {
		if p.masks[paramFormat].has(f) && k.formats.has(f) {
			s.format = f
		}
	}
	s.channels = int(p.interval(paramChannels).min)
	s.period = int(p.interval(paramPeriodSize).min)
	s.size = int(p.interval(paramBufferSize).min)
	if p.interval(paramChannels).min > k.max || !p.masks[paramAccess].has(accessInterleaved) {
		return syscall.EINVAL
	}
	s.ring = make([]byte, s.size*s.channels*s.bytes())
	s.state = "setup"
	return nil
}

func (s *fakeStream) prepare() error {
	if s.state == "running" || s.state == "unfit" {
		return syscall.EBUSY
	}
	clear(s.ring)
	s.state, s.hw, s.app = "prepared", 0, 0
	return nil
}

func (k *fakeKernel) begin(s *fakeStream, playback bool) error {
	if s.state != "prepared" {
		return syscall.EBADFD
	}
	if playback && s.app == 0 {
		return syscall.EPIPE
	}
	s.state = "running"
	if k.links > 0 {
		k.side[!playback].state = "running"
	}
	return nil
}

func (s *fakeStream) queue(n *int, playback bool) error {
	if s.state == "xrun" {
		return syscall.EPIPE
	}
	*n = s.hw - s.app
	if playback {
		*n = -*n
	}
	return nil
}

func (s *fakeStream) copy(t *transfer, playback bool) error {
	room := s.hw - s.app
	if playback {
		room += s.size
	}
	n := min(int(t.frames), room)
	if n <= 0 {
		return syscall.EAGAIN
	}
	b := unsafe.Slice((*byte)(t.buffer), int(t.frames)*s.channels*s.bytes())
	for i := range n {
		from, to := s.at(s.app, 0), b[i*s.channels*s.bytes():]
		if playback {
			from, to = to, from
		}
		copy(to[:s.channels*s.bytes()], from)
		s.app++
	}
	t.result = n
	return nil
}

// bench is a highway on a fake card.
func bench(t *testing.T, k *fakeKernel, o Opts) *PCM {
	t.Helper()
	o.Card = "SLIC"
	p, err := open(k, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func blocks(p *PCM) (toPhone, fromPhone [][]int16) {
	for range p.Channels() {
		toPhone = append(toPhone, make([]int16, p.Period()))
		fromPhone = append(fromPhone, make([]int16, p.Period()))
	}
	return toPhone, fromPhone
}
