package model

import "testing"

// TestCompanding checks decision values of G.711 tables 1 and 2 in 16-bit units
// and that every code survives expansion and compression.
func TestCompanding(t *testing.T) {
	for code, want := range map[byte]int16{0xFF: 0, 0x7F: 0, 0x80: 32124, 0x00: -32124, 0xEF: 132, 0xFE: 8} {
		if got := expandMu(code); got != want {
			t.Errorf("expandMu(%#02x) = %d, want %d", code, got, want)
		}
	}
	for code, want := range map[byte]int16{0xD5: 8, 0x55: -8, 0xAA: 32256, 0x2A: -32256, 0xC5: 264} {
		if got := expandA(code); got != want {
			t.Errorf("expandA(%#02x) = %d, want %d", code, got, want)
		}
	}
	for i := range 256 {
		code := byte(i)
		if got := compressA(expandA(code)); got != code {
			t.Errorf("compressA(expandA(%#02x)) = %#02x", code, got)
		}
		if got := compressMu(expandMu(code)); got != code && code != 0x7F {
			t.Errorf("compressMu(expandMu(%#02x)) = %#02x", code, got)
		}
	}
}

// TestCompandingNearest checks that the code chosen is within half a step.
func TestCompandingNearest(t *testing.T) {
	for v := -32768; v <= 32767; v++ {
		step := max(16, (v&^(v>>31)|(-v)&(v>>31))/16) // segments double every octave
		if d := int(expandA(compressA(int16(v)))) - v; d > step || d < -step {
			t.Fatalf("A-law of %d is off by %d, step %d", v, d, step)
		}
		if d := int(expandMu(compressMu(int16(v)))) - v; (d > step || d < -step) && v > -32124 && v < 32124 {
			t.Fatalf("mu-law of %d is off by %d, step %d", v, d, step)
		}
	}
}
