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

// transform replaces the points by their 16-point transform.
func (x *row) transform() {
	var t row
	for c := range 4 {
		ar, ai := x.re[c]+x.re[c+8], x.im[c]+x.im[c+8]
		br, bi := x.re[c]-x.re[c+8], x.im[c]-x.im[c+8]
		cr, ci := x.re[c+4]+x.re[c+12], x.im[c+4]+x.im[c+12]
		dr, di := x.re[c+4]-x.re[c+12], x.im[c+4]-x.im[c+12]

		t.re[c], t.im[c] = ar+cr, ai+ci
		t.re[c+4], t.im[c+4] = turn(br+di, bi-dr, c+4)
		t.re[c+8], t.im[c+8] = turn(ar-cr, ai-ci, c+8)
		t.re[c+12], t.im[c+12] = turn(br-di, bi+dr, c+12)
	}
	for r := range 4 {
		a, b, c, d := 4*r, 4*r+1, 4*r+2, 4*r+3
		ar, ai := t.re[a]+t.re[c], t.im[a]+t.im[c]
		br, bi := t.re[a]-t.re[c], t.im[a]-t.im[c]
		cr, ci := t.re[b]+t.re[d], t.im[b]+t.im[d]
		dr, di := t.re[b]-t.re[d], t.im[b]-t.im[d]

		x.re[r], x.im[r] = ar+cr, ai+ci
		x.re[r+4], x.im[r+4] = br+di, bi-dr
		x.re[r+8], x.im[r+8] = ar-cr, ai-ci
		x.re[r+12], x.im[r+12] = br-di, bi+dr
	}
}

// turn multiplies by twiddle i.
func turn(re, im float32, i int) (float32, float32) {
	c, d := twiddleRe[i], twiddleIm[i]
	return re*c - im*d, re*d + im*c
}
