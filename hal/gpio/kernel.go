package gpio

import "unsafe"

// kernel is what the package asks of the operating system. Descriptors do not
// block.
type kernel interface {
	chips() ([]string, error) // paths of all chips
	open(path string) (fd int, err error)
	ioctl(fd int, request uint, arg unsafe.Pointer) error
	read(fd int, p []byte) (int, error)
	close(fd int) error
	monotonic() int64 // CLOCK_MONOTONIC in nanoseconds
}
