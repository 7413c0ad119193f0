//go:build !linux

package alsa

import (
	"errors"
	"time"
	"unsafe"
)

// system has no sound devices.
type system struct{}

func newSystem() kernel { return system{} }

var errSuspended = errors.ErrUnsupported

func (system) cards() ([]string, error)                 { return nil, errors.ErrUnsupported }
func (system) open(string) (int, error)                 { return -1, errors.ErrUnsupported }
func (system) close(int) error                          { return errors.ErrUnsupported }
func (system) ioctl(int, uintptr, unsafe.Pointer) error { return errors.ErrUnsupported }
func (system) link(int, int) error                      { return errors.ErrUnsupported }
func (system) wait(int, time.Duration) error            { return errors.ErrUnsupported }
