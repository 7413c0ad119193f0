package abi

import (
	"testing"
	"unsafe"
)

// wide is true where a long has 64 bits.
const wide = unsafe.Sizeof(uintptr(0)) == 8

// pick returns the figure of the architecture that the test runs on.
func pick(of64, of32 uintptr) uintptr {
	if wide {
		return of64
	}
	return of32
}

// The sizes and offsets were taken from a C compiler's view of <sound/asound.h>
// for arm64, amd64 and arm.
func TestLayout(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, want uintptr
	}{
		{"snd_mask", unsafe.Sizeof(Mask{}), 32},
		{"snd_interval", unsafe.Sizeof(Interval{}), 12},
		{"snd_pcm_hw_params", unsafe.Sizeof(HwParams{}), pick(608, 604)},
		{"hw_params.masks", unsafe.Offsetof(HwParams{}.Masks), 4},
		{"hw_params.intervals", unsafe.Offsetof(HwParams{}.Intervals), 260},
		{"hw_params.rmask", unsafe.Offsetof(HwParams{}.Asked), 512},
		{"hw_params.cmask", unsafe.Offsetof(HwParams{}.Changed), 516},
		{"hw_params.info", unsafe.Offsetof(HwParams{}.Info), 520},
		{"hw_params.rate_den", unsafe.Offsetof(HwParams{}.RateDen), 532},
		{"hw_params.fifo_size", unsafe.Offsetof(HwParams{}.FIFO), 536},
		{"snd_pcm_sw_params", unsafe.Sizeof(SwParams{}), pick(136, 104)},
		{"sw_params.avail_min", unsafe.Offsetof(SwParams{}.AvailMin), pick(16, 12)},
		{"sw_params.start_threshold", unsafe.Offsetof(SwParams{}.StartThreshold), pick(32, 20)},
		{"sw_params.stop_threshold", unsafe.Offsetof(SwParams{}.StopThreshold), pick(40, 24)},
		{"sw_params.silence_threshold", unsafe.Offsetof(SwParams{}.SilenceThreshold), pick(48, 28)},
		{"sw_params.silence_size", unsafe.Offsetof(SwParams{}.SilenceSize), pick(56, 32)},
		{"sw_params.boundary", unsafe.Offsetof(SwParams{}.Boundary), pick(64, 36)},
		{"sw_params.proto", unsafe.Offsetof(SwParams{}.Protocol), pick(72, 40)},
		{"sw_params.tstamp_type", unsafe.Offsetof(SwParams{}.TimestampType), pick(76, 44)},
		{"snd_xferi", unsafe.Sizeof(Transfer{}), pick(24, 12)},
		{"xferi.buf", unsafe.Offsetof(Transfer{}.Buffer), pick(8, 4)},
		{"xferi.frames", unsafe.Offsetof(Transfer{}.Frames), pick(16, 8)},
		{"snd_ctl_card_info", unsafe.Sizeof(CardInfo{}), 376},
		{"CARD_INFO", CallCardInfo, 0x81785501},
		{"HW_REFINE", CallRefine, pick(0xC2604110, 0xC25C4110)},
		{"HW_PARAMS", CallHardware, pick(0xC2604111, 0xC25C4111)},
		{"SW_PARAMS", CallSoftware, pick(0xC0884113, 0xC0684113)},
		{"DELAY", CallDelay, pick(0x80084121, 0x80044121)},
		{"PREPARE", CallPrepare, 0x4140},
		{"START", CallStart, 0x4142},
		{"DROP", CallDrop, 0x4143},
		{"FORWARD", CallForward, pick(0x40084149, 0x40044149)},
		{"WRITEI_FRAMES", CallWrite, pick(0x40184150, 0x400C4150)},
		{"READI_FRAMES", CallRead, pick(0x80184151, 0x800C4151)},
		{"LINK", CallLink, 0x40044160},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %#x, want %#x", tt.name, tt.got, tt.want)
		}
	}
}
