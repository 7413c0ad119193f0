package si321x

import (
	"math"
	"testing"
)

// TestRingSine checks the data sheet's example, which truncates where the
// driver rounds, and values computed from its formula by hand.
func TestRingSine(t *testing.T) {
	for _, tt := range []struct {
		hertz, peak float64
		rco, rngx   uint16
	}{
		{20, 70, 0x7EFD, 0x0177}, // Si3215 data sheet §2.5.1
		{16.67, 45, 0x7F4C, 0x00C9},
		{17, 60, 0x7F45, 0x0112},
		{25, 85, 0x7E6D, 0x023B},
		{33.33, 75, 0x7D34, 0x02A1},
		{50, 89, 0x79BC, 0x04B3},
		{60, 70, 0x7703, 0x0473},
	} {
		rco, rngx := ringSine(tt.hertz, tt.peak)
		if diff(rco, tt.rco) > 1 || diff(rngx, tt.rngx) > 1 {
			t.Errorf("ringSine(%v, %v) = %04X %04X, want %04X %04X", tt.hertz, tt.peak, rco, rngx, tt.rco, tt.rngx)
		}
	}
}

// TestRingSineInverse turns registers back into frequency and voltage.
func TestRingSineInverse(t *testing.T) {
	for f := 15.0; f <= 70; f += 0.5 {
		for v := 30.0; v <= 87; v += 3 {
			rco, rngx := ringSine(f, v)
			c := float64(rco) / 32768
			gotF := math.Acos(c) * 1000 / (2 * math.Pi)
			gotV := float64(rngx) / 32768 * 96 * 4 / math.Sqrt((1-c)/(1+c))
			if math.Abs(gotF/f-1) > 0.01 || math.Abs(gotV/v-1) > 0.01 {
				t.Errorf("%v Hz %v V became %.2f Hz %.1f V, want within 1 %%", f, v, gotF, gotV)
			}
		}
	}
}

// TestRingTrapezoid checks Si3215 data sheet §2.5.2.
func TestRingTrapezoid(t *testing.T) {
	rco, rngx, rngy := ringTrapezoid(20, 71)
	if rngy != 0x00C8 || rngx != 0x5EAA && rngx != 0x5EAB || rco != 0x018C {
		t.Errorf("ringTrapezoid(20, 71) = %04X %04X %04X, want 018C 5EAB 00C8", rco, rngx, rngy)
	}
}

// TestTripTable checks the rows of Si3215 data sheet §2.5.6, what lies between
// them and beyond.
func TestTripTable(t *testing.T) {
	for _, tt := range []struct {
		hertz float64
		nrtp  uint16
		rtdi  byte
	}{
		{16.67, 0x0200, 0x0F},
		{20, 0x0320, 0x0B},
		{30, 0x0380, 0x09},
		{40, 0x0400, 0x07},
		{50, 0x06A8, 0x05},
		{60, 0x0800, 0x05},
		{25, 0x0350, 0x0A},
		{15, 0x0200, 0x0F},
		{70, 0x0800, 0x05},
	} {
		if nrtp, rtdi := tripFor(tt.hertz); nrtp != tt.nrtp || rtdi != tt.rtdi {
			t.Errorf("tripFor(%v) = %04X %02X, want %04X %02X", tt.hertz, nrtp, rtdi, tt.nrtp, tt.rtdi)
		}
	}
	last, _ := tripFor(15)
	for f := 15.0; f < 70; f += 0.1 {
		n, _ := tripFor(f)
		if n < last {
			t.Fatalf("filter at %.1f Hz is slower than below it", f)
		}
		last = n
	}
}

// TestTripThreshold checks that five ringers alone stay below it: their mean
// rectified current is 2/pi of the peak through 1559 ohm.
func TestTripThreshold(t *testing.T) {
	if got := tripThreshold(63.6); got != 0x3600 {
		t.Errorf("tripThreshold(63.6) = %04X, want 3600", got)
	}
	for peak := 40.0; peak <= 87; peak++ {
		mean := peak / 1559 * 2 / math.Pi
		if got := float64(tripThreshold(peak)>>9) * 1.27e-3; got < mean*1.04 {
			t.Errorf("at %v V the threshold is %.1f mA, five ringers draw %.1f mA", peak, got*1e3, mean*1e3)
		}
	}
}

func diff(a, b uint16) int { return max(int(a)-int(b), int(b)-int(a)) }
