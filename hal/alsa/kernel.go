package alsa

import (
	"errors"
	"time"
	"unsafe"
)

// kernel is what the package asks of the operating system. Descriptors do not
// block. None of its methods allocates but cards and open.
type kernel interface {
	cards() ([]string, error) // paths of the control devices
	open(path string) (fd int, err error)
	close(fd int) error
	ioctl(fd int, call uintptr, arg unsafe.Pointer) error
	link(fd, other int) error
	// wait returns when fd has samples to read, is broken, or after limit.
	wait(fd int, limit time.Duration) error
}

// errNoClock says that no sample came for much longer than a period.
var errNoClock = errors.New("no samples come")
