// Package model is a sound card as a program sees it through the kernel: control
// and stream devices, ioctls, rings whose hardware side moves by itself. It
// implements alsa.Kernel, so that the real hal/alsa runs on it.
//
// The hardware moves when the program waits, a period at a time, or by itself
// while [Card.Run] joins it to a highway. What goes wrong with real cards goes
// wrong at a word: they are pulled out and come back under another number, a
// driver stops a stream, a program is late.
package model
