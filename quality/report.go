package quality

import "time"

// Conditions are what a Report takes into account besides the packets. The zero
// value of a field is "not known", but for Codec.
type Conditions struct {
	Codec     Codec         // with its concealment
	Packet    time.Duration // voice in a packet
	Jitter    time.Duration // interarrival jitter
	RoundTrip time.Duration // of the network
	// EndSystem is the delay within this end: the packet that is filled while
	// its first sample waits, and the jitter buffer. RemoteEndSystem is that of
	// the far end.
	EndSystem, RemoteEndSystem time.Duration
	// RemoteEchoLoss is by how many dB the far end weakens our voice before it
	// comes back: its RERL (RFC 3611 §4.7.4).
	RemoteEchoLoss float64
}

// Report is what RFC 3611 §4.7 wants to be known of a stream that is heard. The
// zero value says that no packet was expected yet. Rates and densities are
// shares, 0 to 1.
type Report struct {
	Counts

	LossRate, DiscardRate      float64       // of the packets expected
	BurstDensity, GapDensity   float64       // share not played within bursts, within gaps
	BurstDuration, GapDuration time.Duration // mean of a burst, of a gap
	BurstRatio                 float64       // BurstR of G.107: 1 = random loss

	Jitter             time.Duration
	RoundTrip          time.Duration // of the network, 0 = not known
	EndSystem          time.Duration // within this end
	OneWay             time.Duration // from mouth to ear, estimated; without RoundTrip only what this end adds
	R                  float64       // conversational, with delay and echo: 0 to 100
	RLQ                float64       // listening alone, without them
	MOSLQ, MOSCQ       float64       // opinion of who listens, of who converses: 1 to 4.5, 0 = not known
	SpeechDBm0         float64       // level of speech, 0 = not known
	NoiseDBm0          float64       // level between words, 0 = not known
	EchoLoss           float64       // RERL of this end, dB, 0 = not known
	Buffer, BufferMost time.Duration // delay of the jitter buffer now, and the most it may grow to
}

const (
	longestRatio = 8  // BurstR that G.107 table 2 goes up to
	loudness     = 10 // dB, SLR and RLR that RFC 3611 §4.7.4 takes for usual
	leastTELR    = 5  // dB
	mostTELR     = 65 // dB, an echo nobody hears

	mostEndSystem = 2 * time.Second // a far end that claims more is not believed
)

// Report works out what the counts mean under the conditions.
func (c Counts) Report(with Conditions) Report {
	r := Report{
		Counts: c, BurstRatio: 1,
		Jitter: with.Jitter, RoundTrip: with.RoundTrip, EndSystem: with.EndSystem,
		OneWay: with.oneWay(),
	}
	r.rates(with.Packet)
	if c.Expected() == 0 {
		return r
	}
	p := DefaultPath()
	p.Codec, p.Ppl, p.BurstR = with.Codec, 100*(r.LossRate+r.DiscardRate), r.BurstRatio
	r.RLQ = rating(p)
	p.TELR = with.echo()
	p.T, p.Ta, p.Tr = r.OneWay, r.OneWay, 2*r.OneWay
	r.R = rating(p)
	r.MOSLQ, r.MOSCQ = max(1, MOS(r.RLQ)), max(1, MOS(r.R))
	return r
}

func rating(p Path) float64 { return max(0, min(p.Rate().R, 100)) }

// rates are the shares and durations of losses.
func (r *Report) rates(packet time.Duration) {
	c := &r.Counts
	expected := c.Expected()
	r.LossRate = share(c.Lost, expected)
	r.DiscardRate = share(c.Discarded, expected)
	r.BurstDensity = share(c.BurstBad, c.InBursts)
	r.GapDensity = share(c.GapBad, c.InGaps)
	r.BurstDuration = stretch(c.InBursts, c.Bursts, packet)
	r.GapDuration = stretch(c.InGaps, c.Gaps, packet)
	if bad := c.Lost + c.Discarded; bad > 0 {
		// Losses at random come in runs of 1/(1-p) on average.
		ratio := float64(bad) / float64(c.BadRuns) * (1 - share(bad, expected))
		r.BurstRatio = max(1, min(ratio, longestRatio))
	}
}

func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// stretch is how long n packets of several stretches last on average.
func stretch(n, stretches uint64, packet time.Duration) time.Duration {
	return time.Duration(share(n, stretches) * float64(boundDelay(packet)))
}

// oneWay is the delay from mouth to ear: half of the way there and back through
// both ends (RFC 3611 §4.7.3). A far end that does not tell its delay, or an
// absurd one, is taken to be as we are.
func (c *Conditions) oneWay() time.Duration {
	here, there := boundDelay(c.EndSystem), boundDelay(c.RemoteEndSystem)
	if there == 0 || there > mostEndSystem {
		there = here
	}
	return (boundDelay(c.RoundTrip) + here + there) / 2
}

// echo is the TELR that an echo loss at the far end makes (RFC 3611 §4.7.4).
func (c *Conditions) echo() float64 {
	if c.RemoteEchoLoss == 0 {
		return mostTELR
	}
	return bound(c.RemoteEchoLoss+loudness, leastTELR, mostTELR, mostTELR)
}
