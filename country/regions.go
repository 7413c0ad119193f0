package country

import (
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// region holds what the countries of one school of telephone plant have in
// common. A country of the table overrides it where its sources say more.
type region struct {
	hook      Hook
	impedance slic.Impedance
	callerID  string
	cpc       time.Duration
}

func hook(breakMin, breakMax, interdigit, flashMin, flashMax time.Duration) Hook {
	return Hook{
		PulseBreakMin: breakMin * time.Millisecond,
		PulseBreakMax: breakMax * time.Millisecond,
		InterdigitMin: interdigit * time.Millisecond,
		FlashMin:      flashMin * time.Millisecond,
		FlashMax:      flashMax * time.Millisecond,
	}
}

// regions by the name in the table. The hook windows are those that makers of
// telephone systems publish for each kind of plant:
//
//   - na: the Americas and East Asian networks with North American plant. A
//     flash is a tap of the hook switch. Receivers of the open loop need 500 to
//     600 ms.
//   - tbr: Europe, and the networks Europe built. The R key breaks the loop for
//     about 100 ms (timed break recall, TBR 21), so a dial pulse ends at 66 ms.
//   - fi: Finland reads timed breaks and longer taps alike.
//   - jp: Japan, where dials run at up to 20 pulses a second.
//   - au: Australia, New Zealand and the Pacific. Pulses of 80 to 85 ms and
//     flashes overlap; which of them a break is depends on whether a number is
//     being dialed.
//   - wide: everywhere else. No source gives a recall time, and telephones
//     with an R key of 100 ms and with taps of half a second are both sold, so
//     the window is the wide one of Finland.
var regions = map[string]region{
	"na":   {hook: hook(15, 120, 250, 150, 900), impedance: slic.Z600, callerID: CallerIDBellcore, cpc: 600 * time.Millisecond},
	"tbr":  {hook: hook(15, 66, 250, 70, 130), impedance: slic.Z600, callerID: CallerIDETSI},
	"fi":   {hook: hook(15, 85, 250, 90, 500), impedance: slic.Z270_750, callerID: CallerIDDTMFAC},
	"jp":   {hook: hook(15, 80, 200, 250, 1000), impedance: slic.Z600C1u, callerID: CallerIDNTT},
	"au":   {hook: hook(15, 85, 250, 80, 130), impedance: slic.Z220_820a, callerID: CallerIDBellcore},
	"wide": {hook: hook(15, 85, 250, 90, 500), impedance: slic.Z600, callerID: CallerIDETSI},
}
