package alsa

import (
	"path/filepath"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

type system struct{ fds [1]unix.PollFd }

func newSystem() kernel { return &system{} }

// errSuspended says that the machine slept.
const errSuspended = unix.ESTRPIPE

func (*system) cards() ([]string, error) { return filepath.Glob("/dev/snd/controlC*") }

func (*system) open(path string) (int, error) {
	return unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
}

func (*system) close(fd int) error { return unix.Close(fd) }

func (*system) ioctl(fd int, call uintptr, arg unsafe.Pointer) error {
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

// link passes its argument by value.
func (*system) link(fd, other int) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), callLink, uintptr(other)); errno != 0 {
		return errno
	}
	return nil
}

func (s *system) wait(fd int, limit time.Duration) error {
	end := time.Now().Add(limit)
	for {
		s.fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
		left := max(time.Until(end), 0)
		// Rounded up: a wait that is too short would turn into a busy one.
		n, err := unix.Poll(s.fds[:], int((left+time.Millisecond-1)/time.Millisecond))
		switch {
		case err == unix.EINTR: // the runtime's own signals
		case err != nil:
			return err
		case n == 0:
			return errNoClock
		default:
			return nil
		}
	}
}
