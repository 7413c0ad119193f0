// Package handset drives a telephone that is part of the device, an IP phone, as
// a [slic.Line]: there is no pair of wires, but the line machine sees none of
// that.
//
//	hook switch ── GPIO ──▶ contact.Watcher ▶ OffHook, OnHook
//	keypad ─────── GPIO ──▶ keypad.Run ────▶ Key
//	SetFeed(Ringing) ─────▶ warble ────────▶ Ringer: a channel of the sound card, or PWM
//	Show(Screen) ─────────▶ text ──────────▶ Display, message lamp
//
// Microphone and earpiece are a channel of the sound card like any line's and no
// business of this package; a [Speaker] on another channel is the ringer of a
// telephone with a loudspeaker.
//
// The hook switch means what it means on a line: a short press is a flash. Keys
// arrive as events, not as tones. The ringing is two tones that take turns in the
// rhythm of the country's ringing frequency, as bells do, and its cadence is the
// caller's. Who lifts the handset is not rung, and not again after answering until
// SetFeed asks anew. Reversed, open and on-hook transmission are silence.
//
// A display or a lamp that fails concerns nothing else: it is reported once and
// tried again. A hook switch, keypad or ringer that fails takes the port out of
// service until it works again.
package handset
