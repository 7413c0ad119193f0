// Package abi is the binary interface of the kernel's sound devices: numbers of
// ioctls and layouts of what they point to, as <sound/asound.h> has them. An
// unsigned long is a uintptr and a long an int. Nothing here contains a time,
// whose size differs between kernels of 32 bits.
package abi

import (
	"math"
	"unsafe"
)

// Mask is a set of values of a parameter (struct snd_mask).
type Mask [8]uint32

// Only returns the set of one value.
func Only(value int) (m Mask) {
	m[value/32] = 1 << (value % 32)
	return m
}

// Has says whether a value is in the set.
func (m Mask) Has(value int) bool { return m[value/32]&(1<<(value%32)) != 0 }

// Interval is a range of a parameter (struct snd_interval).
type Interval struct{ Min, Max, Flags uint32 }

// Integer is the flag of an Interval that has whole numbers only.
const Integer = 1 << 2

// HwParams are what a device can do, or is to do (struct snd_pcm_hw_params).
type HwParams struct {
	Flags     uint32
	Masks     [3]Mask
	_         [5]Mask
	Intervals [12]Interval
	_         [9]Interval
	Asked     uint32 // parameters that changed, as bits
	Changed   uint32
	Info      uint32
	MSBits    uint32
	RateNum   uint32
	RateDen   uint32
	FIFO      uintptr
	_         [64]byte
}

// Anything returns the parameters of a device that may do everything.
func Anything() HwParams {
	p := HwParams{Asked: math.MaxUint32}
	for i := range p.Masks {
		for j := range p.Masks[i] {
			p.Masks[i][j] = math.MaxUint32
		}
	}
	for i := range p.Intervals {
		p.Intervals[i].Max = math.MaxUint32
	}
	return p
}

// Interval returns the range of one of the parameters from ParamChannels on.
func (p *HwParams) Interval(param int) *Interval { return &p.Intervals[param-firstInterval] }

// Fix leaves a parameter one value.
func (p *HwParams) Fix(param, value int) {
	*p.Interval(param) = Interval{uint32(value), uint32(value), Integer}
}

// Parameters: masks from 0, intervals from 8.
const (
	ParamAccess = 0
	ParamFormat = 1

	firstInterval   = 8
	ParamChannels   = 10
	ParamRate       = 11
	ParamPeriodSize = 13
	ParamBufferSize = 17
)

// AccessInterleaved is the access of READI and WRITEI.
const AccessInterleaved = 3

// Formats of samples.
const (
	FormatS8    = 0
	FormatU8    = 1
	FormatS16   = 2 // little endian
	FormatMuLaw = 20
	FormatALaw  = 21
)

// SwParams say when a stream starts and stops (struct snd_pcm_sw_params).
type SwParams struct {
	Timestamps       int32
	PeriodStep       uint32
	SleepMin         uint32
	AvailMin         uintptr
	Align            uintptr
	StartThreshold   uintptr
	StopThreshold    uintptr
	SilenceThreshold uintptr
	SilenceSize      uintptr
	Boundary         uintptr // where the pointers wrap; the kernel's answer
	Protocol         uint32
	TimestampType    uint32
	_                [56]byte
}

// Transfer is frames to be read or written (struct snd_xferi).
type Transfer struct {
	Result int // frames moved
	Buffer unsafe.Pointer
	Frames uintptr
}

// CardInfo describes a card (struct snd_ctl_card_info). Texts end with a zero.
type CardInfo struct {
	Card       int32
	_          int32
	ID, Driver [16]byte
	Name       [32]byte
	LongName   [80]byte
	_          [16]byte
	Mixer      [80]byte
	Components [128]byte
}

// Directions of an ioctl's argument.
const (
	none  = 0
	write = 1
	read  = 2
)

func number(direction, size uintptr, kind byte, below uintptr) uintptr {
	return direction<<30 | size<<16 | uintptr(kind)<<8 | below
}

// Numbers of ioctls: CallCardInfo is that of a control device, the others are of
// streams. CallLink passes its argument by value.
var (
	CallCardInfo = number(read, unsafe.Sizeof(CardInfo{}), 'U', 0x01)

	CallRefine   = number(read|write, unsafe.Sizeof(HwParams{}), 'A', 0x10)
	CallHardware = number(read|write, unsafe.Sizeof(HwParams{}), 'A', 0x11)
	CallSoftware = number(read|write, unsafe.Sizeof(SwParams{}), 'A', 0x13)
	CallDelay    = number(read, unsafe.Sizeof(int(0)), 'A', 0x21)
	CallPrepare  = number(none, 0, 'A', 0x40)
	CallStart    = number(none, 0, 'A', 0x42)
	CallDrop     = number(none, 0, 'A', 0x43)
	CallForward  = number(write, unsafe.Sizeof(uintptr(0)), 'A', 0x49)
	CallWrite    = number(write, unsafe.Sizeof(Transfer{}), 'A', 0x50)
	CallRead     = number(read, unsafe.Sizeof(Transfer{}), 'A', 0x51)
	CallLink     = number(write, 4, 'A', 0x60)
)
