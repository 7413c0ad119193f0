package echo

import "github.com/ata-agent/ata-agent/dsp/fft"

const (
	block = fft.N / 2
	bins  = fft.Bins
)

// history is what the far end said: spectra of the last blocks, each together
// with the block before it.
type history struct {
	spectra []fft.Spectrum
	power   [][bins]float32
	owned   [][bins]float32 // part of the power that is of the bin's own frequencies, not leaked
	energy  []float32
	frame   [fft.N]float32
	clean   [bins]float32 // power of the newest under a Hann window
	total   float32       // of clean
	newest  int
}

func newHistory(partitions int) history {
	return history{
		spectra: make([]fft.Spectrum, partitions),
		power:   make([][bins]float32, partitions),
		owned:   make([][bins]float32, partitions),
		energy:  make([]float32, partitions),
	}
}

func (h *history) reset() {
	clear(h.spectra)
	clear(h.power)
	clear(h.owned)
	clear(h.energy)
	clear(h.frame[:])
	clear(h.clean[:])
	h.newest = 0
}

// add takes the next block.
func (h *history) add(x *[block]float32, energy float32) {
	copy(h.frame[:block], h.frame[block:])
	copy(h.frame[block:], x[:])
	h.newest--
	if h.newest < 0 {
		h.newest = len(h.spectra) - 1
	}
	h.energy[h.newest] = energy
	s, power := &h.spectra[h.newest], &h.power[h.newest]
	fft.Forward(&h.frame, s)
	for k := range power {
		power[k] = s.Re[k]*s.Re[k] + s.Im[k]*s.Im[k]
	}
	h.total = hann(s, &h.clean)
	own(&h.owned[h.newest], power, &h.clean)
}

// leaky is how much more power than under a Hann window, which hardly leaks, a bin
// may have of its own; 1.5 would be that of noise.
const leaky = 7

// own computes which part of the power of each bin is its own. A frame cut out of a
// voice has the strongest of its harmonics in every bin, some 30 dB weaker: there it
// is no sound of that frequency and tells little about the path at it.
func own(owned, power, clean *[bins]float32) {
	owned[0], owned[bins-1] = 1, 1
	for k := 1; k < bins-1; k++ {
		owned[k] = min(1, leaky*clean[k]/(power[k]+tiny))
	}
}

// hann computes the power spectrum of the frame of s under a Hann window, which
// is three bins of s, and its sum. The first and the last have none.
func hann(s *fft.Spectrum, power *[bins]float32) (total float32) {
	for k := 1; k < bins-1; k++ {
		re := s.Re[k] - 0.5*(s.Re[k-1]+s.Re[k+1])
		im := s.Im[k] - 0.5*(s.Im[k-1]+s.Im[k+1])
		power[k] = re*re + im*im
		total += power[k]
	}
	return total
}

// index returns where the block is that came age blocks ago.
func (h *history) index(age int) int {
	i := h.newest + age
	if i >= len(h.spectra) {
		i -= len(h.spectra)
	}
	return i
}

// loudest returns the energy of the loudest block that can still echo.
func (h *history) loudest() float32 {
	var loudest float32
	for _, e := range h.energy {
		loudest = max(loudest, e)
	}
	return loudest
}

// filter is a model of the echo path: its impulse response in partitions of one
// block, each as a spectrum (partitioned overlap-save).
type filter []fft.Spectrum

// estimate computes the echo of the newest block.
func (f filter) estimate(h *history, echo *[block]float32) {
	var sum fft.Spectrum
	p := 0
	for ; p+1 < len(f); p += 2 {
		accumulateTwo(&sum, &h.spectra[h.index(p)], &f[p], &h.spectra[h.index(p+1)], &f[p+1])
	}
	if p < len(f) {
		accumulate(&sum, &h.spectra[h.index(p)], &f[p])
	}
	var x [fft.N]float32
	fft.Inverse(&sum, &x)
	*echo = [block]float32(x[block:])
}

// accumulate adds x times w to sum.
func accumulate(sum, x, w *fft.Spectrum) {
	for k := range bins {
		a, b, c, d := x.Re[k], x.Im[k], w.Re[k], w.Im[k]
		sum.Re[k] += a*c - b*d
		sum.Im[k] += a*d + b*c
	}
}

// accumulateTwo adds x times w and y times v to sum.
func accumulateTwo(sum, x, w, y, v *fft.Spectrum) {
	for k := range bins {
		a, b, c, d := x.Re[k], x.Im[k], w.Re[k], w.Im[k]
		e, f, g, h := y.Re[k], y.Im[k], v.Re[k], v.Im[k]
		sum.Re[k] += a*c - b*d + (e*g - f*h)
		sum.Im[k] += a*d + b*c + (e*h + f*g)
	}
}

// constrain makes partition p one block long again: what learning puts behind it
// comes from the circular convolution and is no echo.
func (f filter) constrain(p int) {
	var w [fft.N]float32
	fft.Inverse(&f[p], &w)
	clear(w[block:])
	fft.Forward(&w, &f[p])
}
