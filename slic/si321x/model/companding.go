package model

import "math/bits"

// The chip's own compander, ITU-T G.711 tables 1 and 2 in 16-bit units. It is
// separate from package dsp/g711 so that the two check each other.

// expandMu returns the value of a µ-law code. G.711 table 2.
func expandMu(code byte) int16 {
	code = ^code
	segment, step := code>>4&7, int(code&0x0F)
	v := ((step<<1+33)<<segment - 33) << 2
	if code&0x80 != 0 {
		v = -v
	}
	return int16(v)
}

// compressMu returns the code nearest to v.
func compressMu(v int16) byte {
	sign, m := byte(0), int(v)
	if m < 0 {
		sign, m = 0x80, -m
	}
	m = min(m>>2, 8158) + 33
	segment := bits.Len(uint(m)) - 6
	step := m >> (segment + 1) & 0x0F
	return ^(sign | byte(segment<<4) | byte(step))
}

// expandA returns the value of an A-law code, in which a set top bit is
// positive and every second bit is inverted. G.711 table 1.
func expandA(code byte) int16 {
	code ^= 0x55
	segment, v := code>>4&7, int(code&0x0F)<<1+1
	if segment > 0 {
		v = (v + 32) << (segment - 1)
	}
	v <<= 3
	if code&0x80 == 0 {
		v = -v
	}
	return int16(v)
}

// compressA returns the code nearest to v.
func compressA(v int16) byte {
	sign, m := byte(0x80), int(v)
	if m < 0 {
		sign, m = 0, -m-1
	}
	m >>= 4
	segment := max(0, bits.Len(uint(m))-4)
	step := m
	if segment > 1 {
		step = m >> (segment - 1)
	}
	return (sign | byte(segment<<4) | byte(step&0x0F)) ^ 0x55
}
