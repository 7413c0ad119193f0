package quality

// Codec is what the E-model knows of a codec with its concealment of lost
// packets (ITU-T G.113 appendix I).
type Codec struct {
	Ie  float64 // impairment without loss
	Bpl float64 // robustness against loss
}

// Codecs of G.113 appendix I.
var (
	G711    = Codec{Ie: 0, Bpl: 4.3}  // silence in place of what is lost
	G711PLC = Codec{Ie: 0, Bpl: 25.1} // with concealment of the quality of G.711 appendix I
	G729A   = Codec{Ie: 11, Bpl: 19}  // with voice activity detection
)

// impairment is Ie-eff at a loss of ppl percent (G.107 §7.5).
func (c Codec) impairment(ppl, burstR float64) float64 {
	return c.Ie + (95-c.Ie)*ppl/(ppl/burstR+c.Bpl)
}
