package cause

import (
	"time"

	"github.com/ata-agent/ata-agent/quality"
)

// usualSpeech is the level in dBm0 that a connection with the default loudness
// ratings of G.107 has: RFC 3611 §4.7.4 measures in the same terms.
const usualSpeech = -20

// usualTELR is the loudness of the way to a telephone and back (RFC 3611 §4.7.4).
const usualTELR = 10

// mostPoints is what a call has that cannot be used at all.
const mostPoints = 93

// cost is by how many points of R a connection is worse than one in order.
func cost(change func(*quality.Path)) float64 {
	p := quality.DefaultPath()
	p.Codec = quality.G711PLC
	sound := rating(p)
	change(&p)
	return sound - rating(p)
}

func rating(p quality.Path) float64 { return max(0, min(p.Rate().R, 100)) }

// lossCost is that of a share of voice that was not heard.
func lossCost(share, burst float64) float64 {
	return cost(func(p *quality.Path) { p.Ppl, p.BurstR = 100*max(0, min(share, 1)), max(1, min(burst, 8)) })
}

func delayCost(oneWay time.Duration) float64 {
	return cost(func(p *quality.Path) { p.T, p.Ta, p.Tr = oneWay, oneWay, 2*oneWay })
}

// echoCost is that of an echo of the far end's voice that is weaker by loss dB.
func echoCost(loss float64, oneWay time.Duration) float64 {
	return cost(func(p *quality.Path) { p.TELR, p.T = loss+usualTELR, max(oneWay, leastEchoDelay) })
}

// leastEchoDelay is that of packets and buffers alone.
const leastEchoDelay = 50 * time.Millisecond

// levelCost is that of speech of a level.
func levelCost(dBm0 float64) float64 {
	return cost(func(p *quality.Path) { p.SLR += usualSpeech - dBm0 })
}

func noiseCost(dBm0 float64) float64 {
	return cost(func(p *quality.Path) { p.Nc = dBm0 })
}
