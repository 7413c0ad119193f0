package fft

import "math"

// row is 16 complex points.
type row struct {
	re, im [long]float32
}

// twiddle[4 r + c] is e^(-j 2 pi r c/16), between the two radix-4 stages.
var twiddleRe, twiddleIm = func() (re, im [long]float32) {
	for i := range long {
		sin, cos := math.Sincos(2 * math.Pi * float64(i/4*(i%4)) / long)
		re[i], im[i] = float32(cos), float32(-sin)
	}
	return re, im
}()

// transform puts the 16-point transform of x to some places of out.
func (x *row) transform(to *[long]uint8, out *[N]float32) {
	var t row
	x.quarters(&t)
	for r := range 4 {
		q := (*[4]float32)(t.re[4*r:])
		p := (*[4]float32)(t.im[4*r:])
		ar, ai, br, bi := q[0]+q[2], p[0]+p[2], q[0]-q[2], p[0]-p[2]
		cr, ci, dr, di := q[1]+q[3], p[1]+p[3], q[1]-q[3], p[1]-p[3]

		k0, k1, k2, k3 := to[r], to[r+4], to[r+8], to[r+12]
		out[k0], out[k0+1] = ar+cr, ai+ci
		out[k1], out[k1+1] = br+di, bi-dr
		out[k2], out[k2+1] = ar-cr, ai-ci
		out[k3], out[k3+1] = br-di, bi+dr
	}
}

// quarters is the first radix-4 stage, turned for the second.
func (x *row) quarters(t *row) {
	for c := range 4 {
		ar, ai, br, bi := x.re[c]+x.re[c+8], x.im[c]+x.im[c+8], x.re[c]-x.re[c+8], x.im[c]-x.im[c+8]
		cr, ci, dr, di := x.re[c+4]+x.re[c+12], x.im[c+4]+x.im[c+12], x.re[c+4]-x.re[c+12], x.im[c+4]-x.im[c+12]

		t.re[c], t.im[c] = ar+cr, ai+ci
		if c == 0 { // these are not turned
			t.re[4], t.im[4] = br+di, bi-dr
			t.re[8], t.im[8] = ar-cr, ai-ci
			t.re[12], t.im[12] = br-di, bi+dr
			continue
		}
		t.re[c+4], t.im[c+4] = turn(br+di, bi-dr, c+4)
		t.re[c+8], t.im[c+8] = turn(ar-cr, ai-ci, c+8)
		t.re[c+12], t.im[c+12] = turn(br-di, bi+dr, c+12)
	}
}

// turn multiplies by twiddle i.
func turn(re, im float32, i int) (float32, float32) {
	c, d := twiddleRe[i], twiddleIm[i]
	return re*c - im*d, re*d + im*c
}
