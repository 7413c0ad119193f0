package alsa

import (
	"path/filepath"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ata-agent/ata-agent/hal/alsa/abi"
)

type system struct{ fds [1]unix.PollFd }

func newSystem() Kernel { return &system{} }

// errSuspended says that the machine slept.
const errSuspended = unix.ESTRPIPE

func (*system) Cards() ([]string, error) { return filepath.Glob("/dev/snd/controlC*") }

func (*system) Open(path string) (int, error) {
	return unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

func (*system) Close(fd int) error { return unix.Close(fd) }

func (*system) Ioctl(fd int, call uintptr, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), call, uintptr(arg))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}

// Link passes its argument by value.
func (*system) Link(fd, other int) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), abi.CallLink, uintptr(other)); errno != 0 {
		return errno
	}
	return nil
}

func (s *system) Wait(fd int, limit time.Duration) (ready bool, err error) {
	end := time.Now().Add(limit)
	for {
		s.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
		left := max(time.Until(end), 0)
		// Rounded up: a wait that is too short would turn into a busy one.
		n, err := unix.Poll(s.fds[:], int((left+time.Millisecond-1)/time.Millisecond))
		switch {
		case err == unix.EINTR: // the runtime's own signals
		case err != nil:
			return false, err
		default:
			return n > 0, nil
		}
	}
}
