package alsa

import "unsafe"

// The structures of <sound/asound.h>. unsigned long is a uintptr and long an
// int; nothing here contains a time, whose size differs between kernels of 32
// bits.

type mask [8]uint32

type interval struct{ min, max, flags uint32 }

// integer says that an interval has whole numbers only.
const integer = 1 << 2

type hwParams struct {
	flags     uint32
	masks     [3]mask
	_         [5]mask
	intervals [12]interval
	_         [9]interval
	asked     uint32 // parameters that changed, as bits
	changed   uint32
	info      uint32
	msbits    uint32
	rateNum   uint32
	rateDen   uint32
	fifo      uintptr
	_         [64]byte
}

// Parameters: masks from 0, intervals from 8.
const (
	paramAccess = 0
	paramFormat = 1

	firstInterval   = 8
	paramChannels   = 10
	paramRate       = 11
	paramPeriodSize = 13
	paramBufferSize = 17
)

const accessInterleaved = 3

// Formats of samples.
const (
	formatS8    = 0
	formatU8    = 1
	formatS16   = 2 // little endian
	formatMuLaw = 20
	formatALaw  = 21
)

type swParams struct {
	timestamps       int32
	periodStep       uint32
	sleepMin         uint32
	availMin         uintptr
	align            uintptr
	startThreshold   uintptr
	stopThreshold    uintptr
	silenceThreshold uintptr
	silenceSize      uintptr
	boundary         uintptr // where the pointers wrap; the kernel's answer
	protocol         uint32
	timestampType    uint32
	_                [56]byte
}

type transfer struct {
	result int
	buffer unsafe.Pointer
	frames uintptr
}

type cardInfo struct {
	card       int32
	_          int32
	id, driver [16]byte
	name       [32]byte
	longName   [80]byte
	_          [16]byte
	mixer      [80]byte
	components [128]byte
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

var (
	callCardInfo = number(read, unsafe.Sizeof(cardInfo{}), 'U', 0x01)

	callRefine   = number(read|write, unsafe.Sizeof(hwParams{}), 'A', 0x10)
	callHardware = number(read|write, unsafe.Sizeof(hwParams{}), 'A', 0x11)
	callSoftware = number(read|write, unsafe.Sizeof(swParams{}), 'A', 0x13)
	callDelay    = number(read, unsafe.Sizeof(int(0)), 'A', 0x21)
	callPrepare  = number(none, 0, 'A', 0x40)
	callStart    = number(none, 0, 'A', 0x42)
	callDrop     = number(none, 0, 'A', 0x43)
	callForward  = number(write, unsafe.Sizeof(uintptr(0)), 'A', 0x49)
	callWrite    = number(write, unsafe.Sizeof(transfer{}), 'A', 0x50)
	callRead     = number(read, unsafe.Sizeof(transfer{}), 'A', 0x51)
	callLink     = number(write, 4, 'A', 0x60)
)
