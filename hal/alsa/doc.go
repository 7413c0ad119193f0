// Package alsa is a PCM highway on the kernel's sound devices, by plain ioctls
// on 32 and 64 bits. [PCM] implements hal.PCM.
//
// The chips on a highway live on its clock: line-feed chips derive their supply
// and even their serial port from it, and many SoCs stop the bit clock together
// with the stream. So the streams never stop by themselves. Both run freely from
// the first Exchange on; a program that is late loses samples, which are counted,
// but not the clock.
//
//	capture   ...|####|####|    |    |   read what has come
//	playback  ...|    |    |####|####|   write two periods ahead
//	                  ^ hardware
//
// Both application pointers always move together, by the periods exchanged or
// skipped, so the delay from capture to playback is the same after a disturbance
// as before. Where the hardware's own positions come apart, so that playback is
// too late, it rejoins capture.
//
// When a stream dies nevertheless (suspend, a driver's overrun, a card that is
// gone), Exchange returns hal.ErrClockLost and the next call begins anew: it
// opens the card again by its id if need be.
package alsa
