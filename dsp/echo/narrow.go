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
	power, total := h.clean, h.total
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
