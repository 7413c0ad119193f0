// Package si321x drives the Si3210, Si3211, Si3215 and Si3216 ProSLIC, alone or
// with the Si3201 line-feed chip, as a [slic.Line].
//
// One goroutine, [Dev.Run], owns the bus. It powers the chip up, serves its
// interrupts and polls, and does what SetFeed, Configure and Measure ask for:
//
//	SetFeed, Configure --> wanted --wake--> Run <--edges-- INT pin
//	Measure <--------- requests ----------> Run --notify--> the line
//	                                         |
//	                              SPI, two bytes per access
//
// The time of a hook event is that of the falling edge of INT, when the pin is
// a hal.EdgePin; it is later than the contact by the debounce time of
// [Opts.HookDebounce], for both edges alike. While the line is open, and for
// some tens of milliseconds after ringing, an open interval or a reversal, loop
// current says nothing about the hook: no hook event is sent then, and one is
// sent afterwards when the hook has changed.
//
// A phone that answers during ringing trips the chip's own detector; the chip
// stops ringing by itself and Run makes sure of it before it reports OffHook.
// Ringing is not put on the pair again until SetFeed asks for it anew and the
// phone is on hook. The cadence is the caller's: SetFeed with slic.Ringing and
// slic.OnHookTransmit in turn.
//
// # Data sheet
//
// Silicon Laboratories Si3215 rev. 0.92, Si3230 rev. 0.96 (the numbering of the
// Si3210) and Si3210 rev. 1.61. DRn is direct register n, IRn indirect register
// n. What the monitors tell: loop voltage in steps of 1.5 V, loop current in
// steps of 1.25 mA, lead and supply voltages in steps of 0.376 V; gain errors
// up to 10 % for voltages and 20 % for currents, and only 0 to -95.9 V can be
// seen on a lead (Si3215 data sheet §2.1.4). A leakage of 1 mA cannot be
// measured with them, nor a single ringer.
//
// # Line tests
//
// [Dev.TestLine] makes the five tests of TR-104 with these monitors and says what
// they cannot see. Voltages from elsewhere are found on the open, drained pair
// when they are negative or alternate. Resistances are found for certain below
// 15 kΩ between the leads and 8 kΩ to ground, against the 150 kΩ of the standard. A telephone off hook is
// told from a short by the diodes of its polarity guard: the battery is swept
// and the current fitted over the voltage. Ringers are counted without ringing,
// by the charge that their capacitors take when the polarity is turned.
//
// # Power-up
//
// PCLK and FSYNC must run before Run releases RESET and as long as the port is
// in use; the highway's goroutine is started first. The sequence is: reset,
// identification, indirect registers with the thermal filters off, converter
// on and battery checked, a check that the battery does not drain when the
// converter is off, hook checked, calibration (1 to 3 s; skipped when saved
// results are at hand), thermal filters on, everything read back, linefeed.
// A phone that is off hook at that time cannot be calibrated around: the port
// works with the chip's defaults and is calibrated when it has been idle for
// some seconds. After a spontaneous reset the saved results make the port work
// again within about 100 ms. Ports that share one RESET wire disturb each other
// at start and recover by that.
//
// # Errata
//
// The indirect registers are undefined after reset and every one is written.
// DR8 has digital loopback on after reset, which is also how a reset is noticed.
// Bit 2 of DR68 is inverted. Codes 2 and 7 of the impedance register mean other
// networks on the Si3210 than on the Si3215. Ringing with a peak below the
// on-hook voltage misbehaves, so the on-hook voltage is lowered for it. The
// tone and FSK engines run at other rates in the two families and are not used.
// The battery select bit of the Si3211 (high for ringing only) is not confirmed
// on hardware.
package si321x
