package quality

import (
	"math"
	"time"
)

// Path is all that the E-model takes into account of a telephone connection
// (ITU-T G.107 table 2), seen from the one who listens. Levels and losses are in
// dB. Start from [DefaultPath]: the zero value is a connection, but a strange
// one.
type Path struct {
	SLR, RLR float64 // send and receive loudness rating
	STMR     float64 // sidetone masking rating
	Ds, Dr   float64 // D-value of the telephone, send and receive side; LSTR is STMR + Dr
	TELR     float64 // talker echo loudness rating
	WEPL     float64 // weighted echo path loss

	T  time.Duration // mean one-way delay of the echo path
	Ta time.Duration // absolute delay without echo
	Tr time.Duration // round-trip delay in the four-wire loop

	QDU    float64 // quantization distortion units
	Codec  Codec
	Ppl    float64 // packets lost, percent
	BurstR float64 // burst ratio: mean run of losses over that of random loss

	Nc     float64 // circuit noise at the 0 dBr point, dBm0p
	Nfor   float64 // noise floor at the receive side, dBmp
	Ps, Pr float64 // room noise at the send and receive side, dB(A)
	A      float64 // advantage factor

	MT time.Duration // mT, the delay that is just noticed
	ST float64       // sT, how sensitive to delay
}

// DefaultPath returns the default values of G.107 table 2, a connection with
// R = 93.2.
func DefaultPath() Path {
	return Path{
		SLR: 8, RLR: 2, STMR: 15, Ds: 3, Dr: 3, TELR: 65, WEPL: 110,
		QDU: 1, Codec: G711, BurstR: 1,
		Nc: -70, Nfor: -64, Ps: 35, Pr: 35,
		MT: 100 * time.Millisecond, ST: 1,
	}
}

// Rating is the transmission rating of a connection and what it is made of:
// R = Ro - Is - Id - IeEff + A (G.107 §7.1).
type Rating struct {
	Ro    float64 // signal to noise
	Is    float64 // what comes with the voice: loudness, sidetone, quantization
	Id    float64 // delay and echo
	IeEff float64 // equipment: codec and loss of packets
	R     float64 // 100 is best; may fall below 0
}

// Rate is the E-model. The result is finite whatever the path: a value that is
// not a number counts as its default, one beyond all sense as the nearest that
// makes sense.
func (p Path) Rate() Rating {
	p = p.bounded()
	no := p.noise()
	r := Rating{Ro: 15 - 1.5*(p.SLR+no)}
	sidetone := p.sidetone()
	r.Is = p.loudness(no) + sidetone + p.quantization(r.Ro)
	r.Id = p.talkerEcho(no, sidetone) + p.listenerEcho(r.Ro) + p.delay()
	r.IeEff = p.Codec.impairment(p.Ppl, p.BurstR)
	r.R = r.Ro - r.Is - r.Id - r.IeEff + p.A
	return r
}

// noise is No, the power sum of all noise at the 0 dBr point (G.107 §7.2).
func (p *Path) noise() float64 {
	send := p.Ps - p.SLR - p.Ds - 100 + 0.004*square(p.Ps-p.SLR-p.RLR-p.Ds-14)
	lstr := p.STMR + p.Dr
	room := p.Pr + 10*math.Log10(1+power((10-lstr)/10))
	receive := p.RLR - 121 + room + 0.008*square(room-35)
	return decibel(power(p.Nc/10) + power(send/10) + power(receive/10) + power((p.Nfor+p.RLR)/10))
}

// loudness is Iolr, the impairment by a voice that is too loud (§7.3).
func (p *Path) loudness(no float64) float64 {
	x := (p.SLR + p.RLR + 0.2*(64+no-p.RLR)) / 8
	return 20 * (math.Pow(1+math.Pow(x, 8), 1./8) - x)
}

// sidetone is Ist, the impairment by one's own voice (§7.3).
func (p *Path) sidetone() float64 {
	s := -decibel(power(-p.STMR/10) + math.Exp(-milliseconds(p.T)/4)*power(-p.TELR/10))
	return 12*root(8, (s-13)/6) - 28*root(35, (s+1)/19.4) - 13*root(13, (s-3)/33) + 29
}

// quantization is Iq (§7.3).
func (p *Path) quantization(ro float64) float64 {
	q := 37 - 15*math.Log10(p.QDU)
	g := 1.07 + 0.258*q + 0.0602*q*q
	y := (ro-100)/15 + 46/8.4 - g/9
	z := 46./30 - g/40
	return 15 * math.Log10(1+power(y)+power(z))
}

// talkerEcho is Idte, by one's own voice that comes back (§7.4). A loud sidetone
// masks the echo, a weak one does not hide itself.
func (p *Path) talkerEcho(no, sidetone float64) float64 {
	t := milliseconds(p.T)
	terv := p.TELR - 40*math.Log10((1+t/10)/(1+t/150)) + 6*math.Exp(-0.3*t*t)
	if p.STMR < 9 {
		terv += sidetone / 2
	}
	re := 80 + 2.5*(terv-14)
	roe := -1.5 * (no - p.RLR)
	half := (roe - re) / 2
	echo := (half + math.Sqrt(half*half+100) - 1) * (1 - math.Exp(-t))
	if p.STMR > 20 {
		return math.Hypot(echo, sidetone)
	}
	return echo
}

// listenerEcho is Idle, by the other's voice that comes twice (§7.4).
func (p *Path) listenerEcho(ro float64) float64 {
	rle := 10.5 * (p.WEPL + 7) * math.Pow(milliseconds(p.Tr)+1, -0.25)
	half := (ro - rle) / 2
	return half + math.Sqrt(half*half+169)
}

// delay is Idd, by waiting for each other (§7.4).
func (p *Path) delay() float64 {
	if p.Ta <= p.MT {
		return 0
	}
	x := math.Log2(float64(p.Ta) / float64(p.MT))
	n := 6 * p.ST
	return 25 * (root(n, x) - 3*root(n, x/3) + 2)
}

// MOS is the mean opinion score of a rating, 1 to 4.5 (G.107 annex B). For
// ratings from 0 to 6.5 the curve of the annex dips to 0.988. A rating that is
// not a number is the worst.
func MOS(r float64) float64 {
	switch {
	case r >= 100:
		return 4.5
	case r > 0:
		return 1 + 0.035*r + r*(r-60)*(100-r)*7e-6
	}
	return 1
}

// bounded is the path with values that can be reckoned with: much wider than
// G.107 table 2, narrow enough for the powers to stay finite and their bases
// positive.
func (p Path) bounded() Path {
	d := DefaultPath()
	for _, v := range [...]struct {
		value              *float64
		least, most, usual float64
	}{
		{&p.SLR, -50, 50, d.SLR},
		{&p.RLR, -50, 50, d.RLR},
		{&p.STMR, 0, 100, d.STMR},
		{&p.Ds, -20, 20, d.Ds},
		{&p.Dr, -20, 20, d.Dr},
		{&p.TELR, 0, 150, d.TELR},
		{&p.WEPL, 0, 200, d.WEPL},
		{&p.QDU, 0.1, 100, d.QDU},
		{&p.Codec.Ie, 0, 95, d.Codec.Ie},
		{&p.Codec.Bpl, 0.1, 100, d.Codec.Bpl},
		{&p.Ppl, 0, 100, d.Ppl},
		{&p.BurstR, 0.1, 100, d.BurstR},
		{&p.Nc, -120, 0, d.Nc},
		{&p.Nfor, -120, 0, d.Nfor},
		{&p.Ps, 0, 120, d.Ps},
		{&p.Pr, 0, 120, d.Pr},
		{&p.A, 0, 20, d.A},
		{&p.ST, 0.1, 10, d.ST},
	} {
		*v.value = bound(*v.value, v.least, v.most, v.usual)
	}
	p.T, p.Ta, p.Tr = boundDelay(p.T), boundDelay(p.Ta), boundDelay(p.Tr)
	if p.MT <= 0 {
		p.MT = d.MT
	}
	return p
}

func bound(v, least, most, usual float64) float64 {
	if math.IsNaN(v) {
		return usual
	}
	return max(least, min(v, most))
}

// longestDelay is more than anybody talks with.
const longestDelay = time.Minute

func boundDelay(d time.Duration) time.Duration { return max(0, min(d, longestDelay)) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func square(x float64) float64             { return x * x }
func power(x float64) float64              { return math.Pow(10, x) }
func decibel(x float64) float64            { return 10 * math.Log10(x) }

// root is the n-th root of 1 + x^n.
func root(n, x float64) float64 { return math.Pow(1+math.Pow(x, n), 1/n) }
