package alsa

import (
	"errors"
	"time"
	"unsafe"
)

// Kernel is what the package asks of the operating system: that of the program,
// or a model of one. Descriptors do not block. None of its methods allocates but
// Cards and Open.
type Kernel interface {
	Cards() ([]string, error) // paths of the control devices
	Open(path string) (fd int, err error)
	Close(fd int) error
	Ioctl(fd int, call uintptr, arg unsafe.Pointer) error
	Link(fd, other int) error // starts and stops two streams as one
	// Wait returns true when fd has samples to read or is broken, false after
	// limit.
	Wait(fd int, limit time.Duration) (ready bool, err error)
}

// errNoClock says that no sample came for much longer than a period.
var errNoClock = errors.New("no samples come")
