package fft

import "math"

const (
	short = 5  // points of the first stage
	long  = 16 // points of the second
)

// gather[16 j + i] is the sample that is point j of the i-th 5-point transform,
// scatter[16 j + k] the bin that is point k of the j-th 16-point transform: the
// prime factor mapping n = 5 i + 16 j, and k by the Chinese remainder theorem.
var gather, scatter = func() (in, out [half]uint8) {
	for k := range half {
		in[k] = uint8((short*(k%long) + long*(k/long)) % half)
		out[k%short*long+k%long] = uint8(k)
	}
	return in, out
}()

// The factors of a 5-point transform: cosine and sine of 72 and 144 degrees.
var cos72, sin72, cos144, sin144 = func() (float32, float32, float32, float32) {
	s1, c1 := math.Sincos(2 * math.Pi / short)
	s2, c2 := math.Sincos(4 * math.Pi / short)
	return float32(c1), float32(s1), float32(c2), float32(s2)
}()

// transform computes the 80-point transform of re + j im into outRe + j outIm.
func transform(re, im, outRe, outIm *[half]float32) {
	var mid [short]row
	fives(re, im, &mid)
	for j := range mid {
		mid[j].transform()
		to := (*[long]uint8)(scatter[j*long:])
		for k, bin := range to {
			outRe[bin] = mid[j].re[k]
			outIm[bin] = mid[j].im[k]
		}
	}
}

// fives does the sixteen 5-point transforms; point j of each goes to row j.
func fives(re, im *[half]float32, out *[short]row) {
	c1, s1, c2, s2 := cos72, sin72, cos144, sin144
	for i := range long {
		n0, n1, n2, n3, n4 := gather[i], gather[i+long], gather[i+2*long], gather[i+3*long], gather[i+4*long]

		ar, ai := re[n1]+re[n4], im[n1]+im[n4]
		br, bi := re[n1]-re[n4], im[n1]-im[n4]
		cr, ci := re[n2]+re[n3], im[n2]+im[n3]
		dr, di := re[n2]-re[n3], im[n2]-im[n3]

		pr, pi := re[n0]+c1*ar+c2*cr, im[n0]+c1*ai+c2*ci
		qr, qi := s1*br+s2*dr, s1*bi+s2*di
		ur, ui := re[n0]+c2*ar+c1*cr, im[n0]+c2*ai+c1*ci
		vr, vi := s2*br-s1*dr, s2*bi-s1*di

		out[0].re[i], out[0].im[i] = re[n0]+ar+cr, im[n0]+ai+ci
		out[1].re[i], out[1].im[i] = pr+qi, pi-qr
		out[2].re[i], out[2].im[i] = ur+vi, ui-vr
		out[3].re[i], out[3].im[i] = ur-vi, ui+vr
		out[4].re[i], out[4].im[i] = pr-qi, pi+qr
	}
}
