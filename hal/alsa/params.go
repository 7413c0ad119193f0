package alsa

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/ata-agent/ata-agent/hal/alsa/abi"
)

// negotiate fixes a stream's format, rate, channels, period and buffer. The
// error says what the device has to offer.
func (s *stream) negotiate(o Opts) error {
	offer := abi.Anything()
	if err := s.ioctl(abi.CallRefine, unsafe.Pointer(&offer)); err != nil {
		return fmt.Errorf("ask for parameters: %w", err)
	}
	f, ok := choose(formats[o.Coding], offer.Masks[abi.ParamFormat])
	if !ok {
		return fmt.Errorf("the device has no format %s; it has %s", formats[o.Coding][0].name, describeOffer(&offer))
	}
	s.format = f
	wanted := abi.Anything()
	wanted.Masks[abi.ParamAccess] = abi.Only(abi.AccessInterleaved)
	wanted.Masks[abi.ParamFormat] = abi.Only(f.number)
	wanted.Fix(abi.ParamChannels, o.Channels)
	wanted.Fix(abi.ParamRate, o.Rate)
	wanted.Fix(abi.ParamPeriodSize, o.Period)
	wanted.Fix(abi.ParamBufferSize, o.Period*o.Periods)
	if err := s.ioctl(abi.CallHardware, unsafe.Pointer(&wanted)); err != nil {
		return fmt.Errorf("set %d channels of %s at %d Hz, %d periods of %d: %w; the device has %s",
			o.Channels, f.name, o.Rate, o.Periods, o.Period, err, describeOffer(&offer))
	}
	return s.thresholds(o)
}

func choose(candidates []format, offered abi.Mask) (format, bool) {
	for _, f := range candidates {
		if offered.Has(f.number) {
			return f, true
		}
	}
	return format{}, false
}

func describeOffer(p *abi.HwParams) string {
	var names []string
	for _, f := range []format{{number: abi.FormatS8, name: "S8"}, {number: abi.FormatU8, name: "U8"}, formats[Linear16][0], formats[MuLaw][0], formats[ALaw][0]} {
		if p.Masks[abi.ParamFormat].Has(f.number) {
			names = append(names, f.name)
		}
	}
	if names == nil {
		names = []string{"no format of 8 or 16 bits"}
	}
	between := func(param int) string {
		i := p.Interval(param)
		return fmt.Sprintf("%d..%d", i.Min, i.Max)
	}
	return fmt.Sprintf("%s, %s channels, %s Hz, periods of %s, buffers of %s", strings.Join(names, "/"),
		between(abi.ParamChannels), between(abi.ParamRate), between(abi.ParamPeriodSize), between(abi.ParamBufferSize))
}

// thresholds makes the stream start when it is told to and never stop, and lets
// the kernel play silence where a program was late.
func (s *stream) thresholds(o Opts) error {
	p := abi.SwParams{PeriodStep: 1, Align: 1, AvailMin: uintptr(o.Period), StartThreshold: 1, StopThreshold: uintptr(o.Period * o.Periods)}
	if err := s.ioctl(abi.CallSoftware, unsafe.Pointer(&p)); err != nil {
		return fmt.Errorf("ask for the Boundary: %w", err)
	}
	p.StartThreshold, p.StopThreshold = p.Boundary, p.Boundary
	if s.playback && s.format.silent {
		p.SilenceThreshold, p.SilenceSize = 0, p.Boundary
	}
	if err := s.ioctl(abi.CallSoftware, unsafe.Pointer(&p)); err != nil {
		return fmt.Errorf("set thresholds: %w", err)
	}
	return nil
}
