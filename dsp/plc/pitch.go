package plc

// pitch returns the period, in samples, at which the end of the history repeats
// itself best: first searched at half the rate, then around what was found.
func pitch(history *[memory]int16) int {
	var x [memory]float32
	var half [memory / 2]float32
	for i, s := range history {
		x[i] = float32(s)
	}
	for i := range half {
		half[i] = x[2*i] + x[2*i+1]
	}
	coarse := 2 * search(half[:], span/2, minPitch/2, maxPitch/2)
	return search(x[:], span, max(minPitch, coarse-1), min(maxPitch, coarse+1))
}

// search compares the last n samples of x with those lag before and returns the
// lag from low to high that has the best normalized correlation.
func search(x []float32, n, low, high int) (best int) {
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
	return best
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
