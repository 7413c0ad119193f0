package alsa

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
		{"snd_mask", unsafe.Sizeof(mask{}), 32},
		{"snd_interval", unsafe.Sizeof(interval{}), 12},
		{"snd_pcm_hw_params", unsafe.Sizeof(hwParams{}), pick(608, 604)},
		{"hw_params.masks", unsafe.Offsetof(hwParams{}.masks), 4},
		{"hw_params.intervals", unsafe.Offsetof(hwParams{}.intervals), 260},
		{"hw_params.rmask", unsafe.Offsetof(hwParams{}.asked), 512},
		{"hw_params.cmask", unsafe.Offsetof(hwParams{}.changed), 516},
		{"hw_params.info", unsafe.Offsetof(hwParams{}.info), 520},
		{"hw_params.rate_den", unsafe.Offsetof(hwParams{}.rateDen), 532},
		{"hw_params.fifo_size", unsafe.Offsetof(hwParams{}.fifo), 536},
		{"snd_pcm_sw_params", unsafe.Sizeof(swParams{}), pick(136, 104)},
		{"sw_params.avail_min", unsafe.Offsetof(swParams{}.availMin), pick(16, 12)},
		{"sw_params.start_threshold", unsafe.Offsetof(swParams{}.startThreshold), pick(32, 20)},
		{"sw_params.stop_threshold", unsafe.Offsetof(swParams{}.stopThreshold), pick(40, 24)},
		{"sw_params.silence_threshold", unsafe.Offsetof(swParams{}.silenceThreshold), pick(48, 28)},
		{"sw_params.silence_size", unsafe.Offsetof(swParams{}.silenceSize), pick(56, 32)},
		{"sw_params.boundary", unsafe.Offsetof(swParams{}.boundary), pick(64, 36)},
		{"sw_params.proto", unsafe.Offsetof(swParams{}.protocol), pick(72, 40)},
		{"sw_params.tstamp_type", unsafe.Offsetof(swParams{}.timestampType), pick(76, 44)},
		{"snd_xferi", unsafe.Sizeof(transfer{}), pick(24, 12)},
		{"xferi.buf", unsafe.Offsetof(transfer{}.buffer), pick(8, 4)},
		{"xferi.frames", unsafe.Offsetof(transfer{}.frames), pick(16, 8)},
		{"snd_ctl_card_info", unsafe.Sizeof(cardInfo{}), 376},
		{"CARD_INFO", callCardInfo, 0x81785501},
		{"HW_REFINE", callRefine, pick(0xC2604110, 0xC25C4110)},
		{"HW_PARAMS", callHardware, pick(0xC2604111, 0xC25C4111)},
		{"SW_PARAMS", callSoftware, pick(0xC0884113, 0xC0684113)},
		{"DELAY", callDelay, pick(0x80084121, 0x80044121)},
		{"PREPARE", callPrepare, 0x4140},
		{"START", callStart, 0x4142},
		{"DROP", callDrop, 0x4143},
		{"FORWARD", callForward, pick(0x40084149, 0x40044149)},
		{"WRITEI_FRAMES", callWrite, pick(0x40184150, 0x400C4150)},
		{"READI_FRAMES", callRead, pick(0x80184151, 0x800C4151)},
		{"LINK", callLink, 0x40044160},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is %#x, want %#x", tt.name, tt.got, tt.want)
		}
	}
}
