// Package codec drives lines behind a telephony codec that the kernel has a
// driver for, such as the PEB2466 (SICOFI-4) and the IDT821034, as a [slic.Line].
//
// The codec converts voice, and its channels are those of an ALSA sound card. A
// line circuit between codec and pair feeds and rings; pins of the codec, which
// the kernel shows as a gpiochip, work it:
//
//	Hook  in   the circuit's detector: loop closed, while ringing the ring trip
//	Mode  out  a code that says what the circuit puts on the pair
//
// Which code means what is the circuit's, see [Modes]. Between two codes the pins
// that go low do so first, so the circuit passes through the code that has only
// the common ones.
//
// Such pins are reached over a serial bus: they have no edges and every access
// takes the bus's time. One goroutine, [Dev.Run], reads the detector every few
// milliseconds, and the time of a hook event is that of the first reading of the
// unrest that led to it, so it is late by up to one period. Mode pins are written
// only when the mode changes, and never read.
//
// A detector that holds while ringing is the ring trip: the circuit is told to
// feed and then OffHook is reported. The detector says nothing about the hook
// while the loop is open, and for some tens of milliseconds after ringing and
// after the polarity changed, when the ringers' capacitors charge. The cadence is
// the caller's, frequency and voltage of the ringing are the board's.
//
// # Data sheet
//
// Ringing line circuits of the Am79R79 kind have three mode inputs: disconnect
// 000, ringing 001, active 010, on-hook transmission 011, reversed active 110,
// reversed on-hook transmission 111, and a detector that is low when it detects.
// The kernel's drivers (sound/soc/codecs) give the IDT821034 five pins a channel
// and the PEB2466 seven, without interrupts. Impedance and balance are the
// codec's coefficients, gains its mixer controls.
//
// # Power-up
//
// The mode pins are set to the open loop, or to feeding where the circuit has no
// open loop, before anything else; then the port is Ready. Run leaves them so. A
// circuit does not tell whether it is there: a port whose pins work is Ready.
//
// # Errata
//
// A pin that cannot be read looks like one that is low; only writing finds that a
// bus is dead.
package codec
