// Package gpioslic drives the small line modules that are worked by a few pins,
// the Silvertel Ag1171 and the KS0835F with their clones (K50835F, QCX601), as a
// [slic.Line].
//
// A module makes battery, ringing voltage and the two-to-four-wire conversion by
// itself from one supply of 3.3 to 5 V. Four pins work it:
//
//	SHK  out  the loop is closed: hook, dial pulses, ring trip
//	RM   in   ringing voltage on the pair
//	F/R  in   polarity; toggled at the ringing frequency it makes the ringing
//	PD   in   low takes the feed off the pair; must never be driven high
//
// One goroutine, [Dev.Run], owns the pins. It toggles F/R on a grid of absolute
// times and filters SHK; the time of a hook event is that of the first edge of
// SHK that led to it, when the pin is a hal.EdgePin. Outputs are never read.
//
// The first rise of SHK during ringing ends the ringing: F/R goes forward at
// once and RM goes low half a period later. The answer is reported when SHK is
// still high some milliseconds after that; otherwise it was a disturbance and
// the ringing goes on. A phone that has answered is not rung again until SetFeed
// asks for it anew and the phone is on hook. The cadence is the caller's.
//
// While PD is low, and for some tens of milliseconds after ringing, after a
// reversal and after PD was released, SHK says nothing about the hook: no hook
// event is sent then, and one is sent afterwards when the hook has changed.
//
// # Data sheet
//
// Silvertel Ag1171 data sheet V1.0, December 2006; KS0835F data sheet v1.4. The
// modules feed 48 V on hook and a constant current off hook (Ag1171 30 mA,
// KS0835F 23 to 31 mA), ring with about 60 and 45 V rms and carry a ringer load
// of 3 REN. The two-wire impedance is 600 ohm. Nothing can be set but the
// ringing frequency, nothing can be measured, and an overload is not reported.
// A telephone on hook hears audio only when a resistor of 20 kohm between TIP and
// RING draws a bias current ([Opts.OnHookAudio]); it costs 35 mA of the supply.
//
// # Power-up
//
// PD is pulled low first, so that the pair is open while the other outputs are
// set: RM low, F/R forward. The port is Ready then, and SetFeed releases PD. SHK
// is not believed until [Opts.WakeTime] later. When Run ends it leaves RM low,
// F/R forward and PD low. A module does not tell whether it is there: a port
// whose pins work is Ready.
//
// # Errata
//
// The KS0835F sheet contradicts itself on the polarity of F/R; boards differ and
// [Opts.FRForwardLow] says how. SHK passes on every bounce of the hook switch and
// rises about 100 ms late while the phone is ringing. Some of the ringing voltage
// comes through to the audio output. A ringing that stops with F/R reversed, or
// with RM falling in the middle of a swing, leaves a click on the line, and RM
// left high with F/R at rest puts the ringing voltage on the pair as DC: hence
// the order in which ringing ends. How long a module needs after PD was released
// is not in the sheets.
package gpioslic
