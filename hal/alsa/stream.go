package alsa

import (
	"fmt"
	"unsafe"

	"github.com/ata-agent/ata-agent/hal/alsa/abi"
)

// stream is one direction of a device. Its arguments to the kernel live in it, so
// that no call allocates.
type stream struct {
	kernel   Kernel
	fd       int
	playback bool
	format   format

	transfer abi.Transfer
	delay    int
	skip     uintptr
}

// openStream opens one direction of a device and sets its parameters. It does
// not start it.
func openStream(k Kernel, card int, o Opts, playback bool) (*stream, error) {
	path := fmt.Sprintf("/dev/snd/pcmC%dD%dc", card, o.Capture)
	if playback {
		path = fmt.Sprintf("/dev/snd/pcmC%dD%dp", card, o.Device)
	}
	fd, err := k.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	s := &stream{kernel: k, fd: fd, playback: playback}
	if err := s.negotiate(o); err != nil {
		_ = k.Close(fd) // the first error is the one that tells
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (s *stream) ioctl(call uintptr, arg unsafe.Pointer) error {
	return s.kernel.Ioctl(s.fd, call, arg)
}

func (s *stream) prepare() error { return s.ioctl(abi.CallPrepare, nil) }
func (s *stream) start() error   { return s.ioctl(abi.CallStart, nil) }
func (s *stream) drop() error    { return s.ioctl(abi.CallDrop, nil) }
func (s *stream) close() error   { return s.kernel.Close(s.fd) }

// queued is the number of frames between the application's pointer and the
// hardware's: those to be read, or those to be played. It is more than the
// buffer when reading is late, negative when writing is.
func (s *stream) queued() (int, error) {
	err := s.ioctl(abi.CallDelay, unsafe.Pointer(&s.delay))
	return s.delay, err
}

// forward skips n frames.
func (s *stream) forward(n int) error {
	s.skip = uintptr(n)
	return s.ioctl(abi.CallForward, unsafe.Pointer(&s.skip))
}

// move reads or writes as many of the frames in b as are ready.
func (s *stream) move(b []byte, frames int) (int, error) {
	s.transfer = abi.Transfer{Buffer: unsafe.Pointer(unsafe.SliceData(b)), Frames: uintptr(frames)}
	call := abi.CallRead
	if s.playback {
		call = abi.CallWrite
	}
	err := s.ioctl(call, unsafe.Pointer(&s.transfer))
	return s.transfer.Result, err
}
