// Package model is a telephone with a handset as the board sees it: pins of the
// hook switch, the keypad matrix and the message lamp, and two channels of a
// sound card, one for the handset and one for the loudspeaker. A [User] holds the
// other end.
//
// The hook switch closes to ground while the handset is lifted; its edges carry
// the time of the frame in which they happened. Contacts of keys bounce. Pins that
// the board uses wrongly are noted (see Misuses).
package model
