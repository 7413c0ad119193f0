package board

import (
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
)

// module is the family of line modules on GPIO pins.
var module = driver{
	needs: []string{"gpio/shk", "gpio/rm", "gpio/fr"},
	takes: []string{"gpio/pd", "gpio_flags/shk_active_high", "gpio_flags/fr_forward_high", "gpio_flags/on_hook_audio"},
	check: func(*checker, *Line, string) {},
	build: buildModule,
	bound: func(_ *Line, e slic.Electrical) slic.Electrical { return e },
	caps: func(l *Line) slic.Caps {
		return slic.Caps{Reversal: true, OpenLoop: l.GPIO.PD != "", OnHookTransmit: l.Flags.OnHookAudio, RingFrequency: true}
	},
}

var modules = map[string]gpioslic.Kind{"ag1171": gpioslic.Ag1171, "ks0835f": gpioslic.KS0835F}

func buildModule(o *opening) (slic.Line, error) {
	l := o.line
	pins := gpioslic.Pins{
		SHK: o.pin("SHK", l.GPIO.SHK, false),
		RM:  o.pin("RM", l.GPIO.RM, false),
		FR:  o.pin("F/R", l.GPIO.FR, false),
	}
	if l.GPIO.PD != "" {
		pins.PD = o.pin("PD", l.GPIO.PD, false)
	}
	if o.err != nil {
		return nil, o.err
	}
	return gpioslic.New(pins, gpioslic.Opts{
		Name: o.name, Kind: modules[l.SLIC],
		SHKActiveLow: !l.Flags.SHKActiveHigh, FRForwardLow: !l.Flags.FRForwardHigh, OnHookAudio: l.Flags.OnHookAudio,
		Logger: o.log,
	})
}
