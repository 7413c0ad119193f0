// Package model is a register-level model of the Si321x ProSLIC line-feed chips
// for tests, the virtual board and the emulated machine. The real driver talks
// to it through the same spi.Port and gpio pins it has on a board.
//
// A [Chip] has no goroutine and no clock of its own. [Chip.Frame] is one FSYNC
// frame, 125 µs of everything: one sample each way on the highway, one step of
// the pair, and every tenth frame one turn of the 800 Hz monitor engine that
// also runs hook detection. SPI accesses take chip time too, so that code which
// polls a busy bit gets on although no frame comes.
//
//	 SPI --> registers --> linefeed --> twowire.Drive --> pair
//	             ^                                          |
//	             +---- detectors, monitors <-- twowire.Sense+
//	DR slot --> expand --> gain --> Drive.Voice
//	DX slot <-- compress <-- gain <-- Sense.Voice
//
// What the data sheet leaves open (the data sheet of the Si3215, rev. 0.92, and
// of the Si3210 family) is modelled as the plainest thing that fits and is said
// so where it is done. Not modelled: pulse metering, the FSK engine, GCI mode,
// ground start and the AC effect of the chosen two-wire impedance.
package model
