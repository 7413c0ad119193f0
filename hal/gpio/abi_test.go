package gpio

import (
	"testing"
	"unsafe"
)

// The sizes are those of <linux/gpio.h> on every architecture, and the calls'
// numbers contain them.
func TestLayout(t *testing.T) {
	const read, write = 2, 1
	for _, tt := range []struct {
		name             string
		size, want       uintptr
		call, dir, below uint
	}{
		{"gpiochip_info", unsafe.Sizeof(chipInfo{}), 68, getChipInfo, read, 0x01},
		{"gpio_v2_line_info", unsafe.Sizeof(lineInfo{}), 256, getLineInfo, read | write, 0x05},
		{"gpio_v2_line_request", unsafe.Sizeof(lineRequest{}), 592, getLine, read | write, 0x07},
		{"gpio_v2_line_config", unsafe.Sizeof(lineConfig{}), 272, setConfig, read | write, 0x0D},
		{"gpio_v2_line_values", unsafe.Sizeof(lineValues{}), 16, getValues, read | write, 0x0E},
		{"gpio_v2_line_values", unsafe.Sizeof(lineValues{}), 16, setValues, read | write, 0x0F},
	} {
		if tt.size != tt.want {
			t.Errorf("%s has %d bytes, want %d", tt.name, tt.size, tt.want)
		}
		if want := tt.dir<<30 | uint(tt.want)<<16 | 0xB4<<8 | tt.below; tt.call != want {
			t.Errorf("call with %s is %#x, want %#x", tt.name, tt.call, want)
		}
	}
	for _, tt := range []struct {
		name      string
		got, want uintptr
	}{
		{"request.consumer", unsafe.Offsetof(lineRequest{}.consumer), 256},
		{"request.config", unsafe.Offsetof(lineRequest{}.config), 288},
		{"request.lines", unsafe.Offsetof(lineRequest{}.lines), 560},
		{"request.fd", unsafe.Offsetof(lineRequest{}.fd), 588},
		{"config.attrs", unsafe.Offsetof(lineConfig{}.attrs), 32},
		{"info.flags", unsafe.Offsetof(lineInfo{}.flags), 72},
	} {
		if tt.got != tt.want {
			t.Errorf("%s is at %d, want %d", tt.name, tt.got, tt.want)
		}
	}
}
