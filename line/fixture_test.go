package line_test

import (
	"time"

	"github.com/ata-agent/ata-agent/country"
)

const ms = time.Millisecond

// The countries of these tests have the hook timing of their group and round
// figures elsewhere. They are not those of package country, so that a change of
// a table changes no test here.
var countries = map[string]country.Country{
	"us": {
		Ring: []time.Duration{2000 * ms, 4000 * ms},
		Hook: country.Hook{PulseBreakMin: 15 * ms, PulseBreakMax: 120 * ms, InterdigitMin: 250 * ms, FlashMin: 150 * ms, FlashMax: 900 * ms},
		CPC:  500 * ms,
	},
	"eu": {
		Ring: []time.Duration{1000 * ms, 4000 * ms},
		Hook: country.Hook{PulseBreakMin: 15 * ms, PulseBreakMax: 66 * ms, InterdigitMin: 250 * ms, FlashMin: 70 * ms, FlashMax: 130 * ms},
	},
	"fi": {
		Ring: []time.Duration{1000 * ms, 4000 * ms},
		Hook: country.Hook{PulseBreakMin: 15 * ms, PulseBreakMax: 85 * ms, InterdigitMin: 250 * ms, FlashMin: 90 * ms, FlashMax: 500 * ms},
	},
	"jp": {
		Ring: []time.Duration{1000 * ms, 2000 * ms},
		Hook: country.Hook{PulseBreakMin: 15 * ms, PulseBreakMax: 80 * ms, InterdigitMin: 200 * ms, FlashMin: 250 * ms, FlashMax: 1000 * ms},
	},
	"au": {
		Ring: []time.Duration{400 * ms, 200 * ms, 400 * ms, 2000 * ms},
		Hook: country.Hook{PulseBreakMin: 15 * ms, PulseBreakMax: 85 * ms, InterdigitMin: 250 * ms, FlashMin: 80 * ms, FlashMax: 130 * ms},
	},
	"nz": {
		Ring:   []time.Duration{400 * ms, 200 * ms, 400 * ms, 2000 * ms},
		Hook:   country.Hook{PulseBreakMin: 15 * ms, PulseBreakMax: 85 * ms, InterdigitMin: 250 * ms, FlashMin: 80 * ms, FlashMax: 130 * ms},
		Pulses: country.PulsesNewZealand,
	},
}
