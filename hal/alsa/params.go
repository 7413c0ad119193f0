package alsa

import (
	"fmt"
	"math"
	"strings"
	"unsafe"
)

// negotiate fixes a stream's format, rate, channels, period and buffer. The
// error says what the device has to offer.
func (s *stream) negotiate(o Opts) error {
	offer := anything()
	if err := s.ioctl(callRefine, unsafe.Pointer(&offer)); err != nil {
		return fmt.Errorf("ask for parameters: %w", err)
	}
	f, ok := choose(formats[o.Coding], offer.masks[paramFormat])
	if !ok {
		return fmt.Errorf("the device has no format %s; it has %s", formats[o.Coding][0].name, describeOffer(&offer))
	}
	s.format = f
	wanted := anything()
	wanted.masks[paramAccess] = only(accessInterleaved)
	wanted.masks[paramFormat] = only(f.number)
	wanted.fix(paramChannels, o.Channels)
	wanted.fix(paramRate, o.Rate)
	wanted.fix(paramPeriodSize, o.Period)
	wanted.fix(paramBufferSize, o.Period*o.Periods)
	if err := s.ioctl(callHardware, unsafe.Pointer(&wanted)); err != nil {
		return fmt.Errorf("set %d channels of %s at %d Hz, %d periods of %d: %w; the device has %s",
			o.Channels, f.name, o.Rate, o.Periods, o.Period, err, describeOffer(&offer))
	}
	return s.thresholds(o)
}

// anything is the parameters of a device that may do everything.
func anything() hwParams {
	p := hwParams{asked: math.MaxUint32}
	for i := range p.masks {
		for j := range p.masks[i] {
			p.masks[i][j] = math.MaxUint32
		}
	}
	for i := range p.intervals {
		p.intervals[i].max = math.MaxUint32
	}
	return p
}

func only(bit int) (m mask) {
	m[bit/32] = 1 << (bit % 32)
	return m
}

func (m mask) has(bit int) bool { return m[bit/32]&(1<<(bit%32)) != 0 }

func (p *hwParams) interval(param int) *interval { return &p.intervals[param-firstInterval] }

func (p *hwParams) fix(param, value int) {
	*p.interval(param) = interval{uint32(value), uint32(value), integer}
}

func choose(candidates []format, offered mask) (format, bool) {
	for _, f := range candidates {
		if offered.has(f.number) {
			return f, true
		}
	}
	return format{}, false
}

func describeOffer(p *hwParams) string {
	var names []string
	for _, f := range []format{{number: formatS8, name: "S8"}, {number: formatU8, name: "U8"}, formats[Linear16][0], formats[MuLaw][0], formats[ALaw][0]} {
		if p.masks[paramFormat].has(f.number) {
			names = append(names, f.name)
		}
	}
	if names == nil {
		names = []string{"no format of 8 or 16 bits"}
	}
	between := func(param int) string {
		i := p.interval(param)
		return fmt.Sprintf("%d..%d", i.min, i.max)
	}
	return fmt.Sprintf("%s, %s channels, %s Hz, periods of %s, buffers of %s", strings.Join(names, "/"),
		between(paramChannels), between(paramRate), between(paramPeriodSize), between(paramBufferSize))
}

// thresholds makes the stream start when it is told to and never stop, and lets
// the kernel play silence where a program was late.
func (s *stream) thresholds(o Opts) error {
	p := swParams{periodStep: 1, align: 1, availMin: uintptr(o.Period), startThreshold: 1, stopThreshold: uintptr(o.Period * o.Periods)}
	if err := s.ioctl(callSoftware, unsafe.Pointer(&p)); err != nil {
		return fmt.Errorf("ask for the boundary: %w", err)
	}
	p.startThreshold, p.stopThreshold = p.boundary, p.boundary
	if s.playback && s.format.silent {
		p.silenceThreshold, p.silenceSize = 0, p.boundary
	}
	if err := s.ioctl(callSoftware, unsafe.Pointer(&p)); err != nil {
		return fmt.Errorf("set thresholds: %w", err)
	}
	return nil
}
