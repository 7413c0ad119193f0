// Package pitch finds the period of a voice: the lag at which it repeats itself
// best. Concealment and time stretching join voice there.
package pitch

import "math"

// Longest is the most samples Find looks at.
const Longest = 288

// Find compares the last span samples of x with those lag before. It returns the
// lag from low to high, in samples, with the best normalized correlation, and
// how like the two are: 1 is the same, 0 not at all. It searches at half the
// rate first, then around what it found. Span is a multiple of eight, low and
// high are even, and x has span+high samples or more, at most Longest.
func Find(x []int16, span, low, high int) (lag int, likeness float32) {
	var full [Longest]float32
	var half [Longest / 2]float32
	for i, s := range x {
		full[i] = float32(s)
	}
	n := len(x) / 2
	odd := len(x) % 2 // pairs are counted from the end
	for i := range half[:n] {
		half[i] = full[odd+2*i] + full[odd+2*i+1]
	}
	coarse, _ := search(half[:n], span/2, low/2, high/2)
	return search(full[:len(x)], span, max(low, 2*coarse-1), min(high, 2*coarse+1))
}

// search tries each lag from low to high.
func search(x []float32, n, low, high int) (best int, likeness float32) {
	best = low
	end := x[len(x)-n:]
	start := len(x) - n - low
	power := dot(x[start:start+n], x[start:start+n])
	var quality float32
	for lag := low; lag <= high; lag++ {
		cross := dot(end, x[start:start+n])
		if q := cross * cross / (max(power, 0) + 1); cross > 0 && q > quality {
			best, quality = lag, q
		}
		if start--; start >= 0 {
			power += x[start]*x[start] - x[start+n]*x[start+n]
		}
	}
	whole := float64(dot(end, end)) + 1
	return best, float32(math.Sqrt(float64(quality) / whole))
}

// dot is the product of two vectors of the same length, a multiple of four.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	return s0 + s1 + s2 + s3
}
