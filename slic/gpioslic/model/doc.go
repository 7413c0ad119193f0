// Package model is a pin-level model of the Ag1171 and KS0835F line modules for
// tests, the virtual board and the emulated machine. The real driver works it
// through the same gpio pins that it has on a board.
//
// A [Module] has no goroutine and no clock of its own. [Module.Frame] is 125 µs
// of everything: one sample each way for the codec that is wired to VR and VX,
// one step of the pair, one step of the loop detector.
//
//	RM, F/R, PD --> feed --> twowire.Drive --> pair
//	                                            |
//	SHK <-- chatter <-- delay <-- detector <-- twowire.Sense
//	DR slot --> VR --> Drive.Voice
//	DX slot <-- VX <-- Sense.Voice, a leak of VR, some of the ringing
//
// The pins also watch the driver: what would harm a module or be heard on the
// line is kept as a [Misuse].
//
// The data sheets tell voltages, currents and meanings of pins. How the module
// works inside is modelled as the plainest thing that fits: the ringing is a
// square that follows F/R with limited slope, so that its rms voltage is that of
// the sheet; ring trip is the mean current, which takes about 100 ms; SHK follows
// the loop 2 to 10 ms late and chatters at each change.
package model
