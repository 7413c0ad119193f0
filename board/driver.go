package board

import (
	"slices"

	"github.com/ata-agent/ata-agent/slic"
)

// driver is what the package knows of a kind of line hardware.
type driver struct {
	needs []string // keys of a line that must be set
	takes []string // other keys and sections that have a meaning
	check func(*checker, *Line, string)
	build func(*opening) (slic.Line, error)
	bound func(*Line, slic.Electrical) slic.Electrical // what a line may be asked for
	caps  func(*Line) slic.Caps                        // what a port can do, known from its description
	panel bool                                         // it shows things: slic.Panel
}

// conditional are the keys and sections of a line that not every driver takes.
var conditional = []struct {
	key string
	of  func(*Line) any
}{
	{"spi", func(l *Line) any { return l.SPI }},
	{"dcdc", func(l *Line) any { return l.DCDC }},
	{"ring", func(l *Line) any { return l.Ring }},
	{"feed", func(l *Line) any { return l.Feed }},
	{"codec", func(l *Line) any { return l.Codec }},
	{"handset", func(l *Line) any { return l.Handset }},
	{"gpio/reset", func(l *Line) any { return l.GPIO.Reset }},
	{"gpio/int", func(l *Line) any { return l.GPIO.Int }},
	{"gpio/shk", func(l *Line) any { return l.GPIO.SHK }},
	{"gpio/rm", func(l *Line) any { return l.GPIO.RM }},
	{"gpio/fr", func(l *Line) any { return l.GPIO.FR }},
	{"gpio/pd", func(l *Line) any { return l.GPIO.PD }},
	{"gpio_flags/reset_active_low", func(l *Line) any { return l.Flags.ResetActiveLow }},
	{"gpio_flags/shk_active_high", func(l *Line) any { return l.Flags.SHKActiveHigh }},
	{"gpio_flags/fr_forward_high", func(l *Line) any { return l.Flags.FRForwardHigh }},
	{"gpio_flags/on_hook_audio", func(l *Line) any { return l.Flags.OnHookAudio }},
}

// driverOf returns the driver of a line chip.
func driverOf(name string) (*driver, bool) {
	switch name {
	case "si3210", "si3211", "si3215", "si3216":
		return &proSLIC, true
	case "ag1171", "ks0835f":
		return &module, true
	case "codec":
		return &codecs, true
	case "handset":
		return &handsets, true
	}
	return nil, false
}

func (d *driver) knows(key string) bool {
	return slices.Contains(d.needs, key) || slices.Contains(d.takes, key)
}
