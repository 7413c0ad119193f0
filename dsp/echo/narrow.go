package echo

// narrowBand recognizes a far end that sends nothing but one tone or two, from
// which a filter can learn only about these frequencies and forgets the others.
type narrowBand struct {
	blocks int // in a row
}

const (
	outside     = 0.005 // part of the power that may be beside the tones
	narrowAfter = 3     // blocks
	lobe        = 2     // bins to each side that a tone fills
)

// listen looks at the newest block.
func (n *narrowBand) listen(h *history) bool {
	var power [bins]float32
	total := hann(h, &power)
	rest := total
	for range 2 {
		rest -= takePeak(&power)
	}
	if total > 0 && rest <= outside*total {
		n.blocks++
	} else {
		n.blocks = 0
	}
	return n.blocks >= narrowAfter
}

// hann computes the power spectrum of the newest frame under a Hann window, which
// is three bins of the spectrum without, and its sum.
func hann(h *history, power *[bins]float32) (total float32) {
	s := &h.spectra[h.newest]
	for k := 1; k < bins-1; k++ {
		re := s.Re[k] - 0.5*(s.Re[k-1]+s.Re[k+1])
		im := s.Im[k] - 0.5*(s.Im[k-1]+s.Im[k+1])
		power[k] = re*re + im*im
		total += power[k]
	}
	return total
}

// takePeak removes the strongest tone and returns its power.
func takePeak(power *[bins]float32) (sum float32) {
	peak := 0
	for k := range power {
		if power[k] > power[peak] {
			peak = k
		}
	}
	for k := max(0, peak-lobe); k <= min(bins-1, peak+lobe); k++ {
		sum += power[k]
		power[k] = 0
	}
	return sum
}
