package gpio

import (
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

type system struct{}

func (system) chips() ([]string, error) { return filepath.Glob("/dev/gpiochip*") }

func (system) open(path string) (int, error) {
	return unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
}

func (system) ioctl(fd int, request uint, arg unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}

func (system) read(fd int, p []byte) (int, error) { return unix.Read(fd, p) }
func (system) close(fd int) error                 { return unix.Close(fd) }

func (system) monotonic() int64 {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // cannot fail with this clock
	return now.Nano()
}
