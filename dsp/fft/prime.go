package fft

import "math"

const (
	short = 5  // points of the first stage
	long  = 16 // points of the second
)

// places are where 80 complex points lie in N floats, each a real part with its
// imaginary part behind it.
type places [half]uint8

// gather[16 j + i] is the place of the sample that is point j of the i-th 5-point
// transform, forwards[16 j + k] that of the bin that is point k of the j-th 16-point
// transform: the prime factor mapping n = 5 i + 16 j, and k by the Chinese remainder
// theorem. Backwards is forwards with the points in the opposite order.
var gather, forwards, backwards = func() (in, out, back places) {
	for k := range half {
		in[k] = uint8(2 * ((short*(k%long) + long*(k/long)) % half))
		to := k%short*long + k%long
		out[to] = uint8(2 * k)
		back[to] = uint8(2 * ((half - k) % half))
	}
	return in, out, back
}()

// The factors of a 5-point transform: cosine and sine of 72 and 144 degrees.
var cos72, sin72, cos144, sin144 = func() (float32, float32, float32, float32) {
	s1, c1 := math.Sincos(2 * math.Pi / short)
	s2, c2 := math.Sincos(4 * math.Pi / short)
	return float32(c1), float32(s1), float32(c2), float32(s2)
}()

// transform computes the 80-point transform of in into out, whose points go to the
// places given.
func transform(in, out *[N]float32, to *places) {
	var mid [short]row
	fives(in, &mid)
	for j := range mid {
		mid[j].transform((*[long]uint8)(to[j*long:]), out)
	}
}

// fives does the sixteen 5-point transforms; point j of each goes to row j.
func fives(in *[N]float32, out *[short]row) {
	c1, s1, c2, s2 := cos72, sin72, cos144, sin144
	for i := range long {
		n0, n1, n2, n3, n4 := gather[i], gather[i+long], gather[i+2*long], gather[i+3*long], gather[i+4*long]
		r0, i0 := in[n0], in[n0+1]
		r1, i1, r4, i4 := in[n1], in[n1+1], in[n4], in[n4+1]
		r2, i2, r3, i3 := in[n2], in[n2+1], in[n3], in[n3+1]

		ar, ai, br, bi := r1+r4, i1+i4, r1-r4, i1-i4
		cr, ci, dr, di := r2+r3, i2+i3, r2-r3, i2-i3

		pr, pi := r0+c1*ar+c2*cr, i0+c1*ai+c2*ci
		qr, qi := s1*br+s2*dr, s1*bi+s2*di
		ur, ui := r0+c2*ar+c1*cr, i0+c2*ai+c1*ci
		vr, vi := s2*br-s1*dr, s2*bi-s1*di

		out[0].re[i], out[0].im[i] = r0+ar+cr, i0+ai+ci
		out[1].re[i], out[1].im[i] = pr+qi, pi-qr
		out[2].re[i], out[2].im[i] = ur+vi, ui-vr
		out[3].re[i], out[3].im[i] = ur-vi, ui+vr
		out[4].re[i], out[4].im[i] = pr-qi, pi+qr
	}
}
