// Package pcm holds the plain stages of a voice path: a gain in steps of half a
// decibel, a high pass against offset and hum, and a meter of level, peak and
// clipping.
//
// Each works in place on blocks of 16-bit samples at 8 kHz and belongs to one
// goroutine. Nothing allocates, and the zero value of each is ready.
package pcm
