package dtmf

// front turns samples into what the receivers hear: half the rate, no dial tone.
type front struct {
	x      [decimatorTaps - 1 + 2*hop]float32 // the decimator's memory, then one hop
	n      int                                // samples of the hop so far
	s1, s2 float32                            // dial-tone filter
}

// silence is the energy of a hop that nobody hears.
const silence = 1e-20

// fill takes samples until a hop is complete and returns the rest.
func (f *front) fill(in []int16) (rest []int16, full bool) {
	at := f.x[decimatorTaps-1+f.n:]
	n := min(len(in), len(at))
	for i, s := range in[:n] {
		at[i] = float32(s)
	}
	f.n += n
	return in[n:], n == len(at)
}

// decimate writes the filtered hop to out. It returns its mean square and that
// of all that came in, up to 4 kHz.
func (f *front) decimate(out *[hop]float32) (energy, whole float32) {
	for _, x := range f.x[decimatorTaps/2 : decimatorTaps/2+2*hop] {
		whole += x * x
	}
	s1, s2 := f.s1, f.s2
	for i := range out {
		x := f.x[2*i : 2*i+decimatorTaps]
		y := x[5]*0.5 + (x[4]+x[6])*halfband[0] + (x[2]+x[8])*halfband[1] + (x[0]+x[10])*halfband[2]
		v := y + s1
		s1 = stop.b1*y - stop.a1*v + s2
		s2 = y - stop.a2*v
		out[i] = v
		energy += v * v
	}
	if energy < silence { // or the filter rings on in denormals, which are slow
		s1, s2 = 0, 0
	}
	f.s1, f.s2 = s1, s2
	copy(f.x[:decimatorTaps-1], f.x[2*hop:])
	f.n = 0
	return energy / hop, whole / (2 * hop)
}
