//go:build !linux

package gpio

import (
	"errors"
	"unsafe"
)

// system has no GPIO.
type system struct{}

func (system) chips() ([]string, error)              { return nil, errors.ErrUnsupported }
func (system) open(string) (int, error)              { return -1, errors.ErrUnsupported }
func (system) ioctl(int, uint, unsafe.Pointer) error { return errors.ErrUnsupported }
func (system) read(int, []byte) (int, error)         { return 0, errors.ErrUnsupported }
func (system) close(int) error                       { return errors.ErrUnsupported }
func (system) monotonic() int64                      { return 0 }
