//go:build !linux

package alsa

import (
	"errors"
	"time"
	"unsafe"
)

// system has no sound devices.
type system struct{}

func newSystem() Kernel { return system{} }

var errSuspended = errors.ErrUnsupported

func (system) Cards() ([]string, error)                 { return nil, errors.ErrUnsupported }
func (system) Open(string) (int, error)                 { return -1, errors.ErrUnsupported }
func (system) Close(int) error                          { return errors.ErrUnsupported }
func (system) Ioctl(int, uintptr, unsafe.Pointer) error { return errors.ErrUnsupported }
func (system) Link(int, int) error                      { return errors.ErrUnsupported }
func (system) Wait(int, time.Duration) (bool, error)    { return false, errors.ErrUnsupported }
