package sim

import (
	"math"
	"time"

	"github.com/ata-agent/ata-agent/dsp/echo/g168"
)

const (
	noEcho       = "none"
	maxEchoDelay = 100 * time.Millisecond
)

// hybrid is the echo path: what of the network's voice comes back from a
// telephone that is off the hook.
type hybrid struct {
	taps    []float64
	delay   int
	history [2 * echoHistory]float64 // written twice, so that a window is contiguous
	at      int
	quiet   int // steps since the last sample that was not 0
}

// echoHistory holds the longest model behind the longest delay.
const echoHistory = 1024

// configure takes model, loss and delay from the settings. The response is
// scaled by its energy, so ERL is exact for white noise; the Recommendation's
// own scale factors differ from that by -4.3 to +3.7 dB.
func (h *hybrid) configure(s *Settings) {
	model, _ := g168.Lookup(s.Echo)
	path := model.Coefficients
	energy := 0.0
	for _, c := range path {
		energy += c * c
	}
	h.taps = make([]float64, len(path))
	for i, c := range path {
		h.taps[i] = c / math.Sqrt(energy) * math.Pow(10, -s.ERL/20)
	}
	h.delay = int(samples(s.EchoDelay))
}

// step returns the echo of v.
func (h *hybrid) step(v float64) float64 {
	h.quiet++
	if v != 0 {
		h.quiet = 0
	}
	h.at = (h.at + echoHistory - 1) % echoHistory
	h.history[h.at], h.history[h.at+echoHistory] = v, v
	if h.quiet >= h.delay+len(h.taps) {
		return 0
	}
	window := h.history[h.at+h.delay:]
	sum := 0.0
	for i, c := range h.taps {
		sum += c * window[i]
	}
	return sum
}

// coupling says how voice passes between port, wires and handsets, relative to
// a matched pair without loop resistance.
type coupling struct {
	listen  float64 // network voice to the earpiece
	talk    float64 // microphone to the port
	reflect float64 // network voice that comes back to the port without a handset
}

const matchedOhms = 600

// couple computes the coupling of n handsets off the hook; the port and each
// handset are 600 ohm.
func couple(loop float64, n int, f *Faults) coupling {
	switch {
	case f.Open:
		return coupling{reflect: 1}
	case f.Short > 0 && f.Short < matchedOhms/10:
		return coupling{reflect: -1}
	case n == 0:
		return coupling{reflect: 1}
	}
	set := matchedOhms / float64(n)
	load := matchedOhms + loop // what a handset sees of the port
	if n > 1 {
		load = 1 / (1/load + float64(n-1)/matchedOhms)
	}
	return coupling{
		listen: 2 * set / (matchedOhms + loop + set),
		talk:   2 * load / (matchedOhms + load) * matchedOhms / (matchedOhms + loop),
	}
}
