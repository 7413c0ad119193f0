package dtmf

// history is how many hops a group remembers, 48 ms.
const history = 32

// window is how many hops the checks of one instant look at, 9 ms.
const window = 6

// group is what one receiver heard lately. Index h&(history-1) belongs to hop h.
type group struct {
	re, im         [history]float32 // the analytic signal
	power          [history]float32 // its squared magnitude
	turnRe, turnIm [history]float32 // its product with the conjugate of the hop before
}

func (g *group) put(h int64, re, im float32) {
	i, j := h&(history-1), (h-1)&(history-1)
	g.re[i], g.im[i] = re, im
	g.power[i] = re*re + im*im
	g.turnRe[i] = re*g.re[j] + im*g.im[j]
	g.turnIm[i] = im*g.re[j] - re*g.im[j]
}

// sums adds the power and the turns of the last n hops.
func (g *group) sums(h int64, n int64) (power, re, im float32) {
	for k := h - n + 1; k <= h; k++ {
		i := k & (history - 1)
		power += g.power[i]
		re += g.turnRe[i]
		im += g.turnIm[i]
	}
	return power, re, im
}

// longTurn is the sum of the products of hops four apart, and the power that a
// steady tone would give it.
func (g *group) longTurn(h int64, n int64) (power, re, im float32) {
	for k := h - n + 5; k <= h; k++ {
		i, j := k&(history-1), (k-4)&(history-1)
		re += g.re[i]*g.re[j] + g.im[i]*g.im[j]
		im += g.im[i]*g.re[j] - g.re[i]*g.im[j]
		power += (g.power[i] + g.power[j]) / 2
	}
	return power, re, im
}

// steady reports whether the turns belong to one tone and no other sound.
func steady(power, re, im, coherence float32) bool {
	return re*re+im*im >= coherence*coherence*power*power
}
