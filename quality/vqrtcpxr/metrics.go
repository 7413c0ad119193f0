package vqrtcpxr

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/quality"
)

// Figure names one figure of a stream of voice, by its word in RFC 6035 §4.6.2.
type Figure uint8

// The figures. Times are in milliseconds, shares in percent, levels in dBm0.
const (
	PT    Figure = iota // payload type
	SR                  // samples a second
	FD                  // duration of a frame
	FO                  // octets in a frame
	FPP                 // frames in a packet
	PPS                 // packets a second
	PLC                 // kind of concealment: 3 is standard (RFC 3611 §4.7.6)
	SSUP                // whether pauses may be left out: 0 or 1
	JBA                 // kind of jitter buffer: 3 adapts, 2 does not (RFC 3611 §4.7.6)
	JBR                 // how fast it adapts
	JBN                 // its delay
	JBM                 // the most it may delay now
	JBX                 // the most it may ever delay
	NLR                 // packets lost
	JDR                 // packets that came too late or found no room
	BLD                 // not heard within bursts
	BD                  // mean of a burst
	GLD                 // not heard between bursts
	GD                  // mean of a gap
	GMIN                // packets in a row that end a burst
	RTD                 // round trip
	ESD                 // delay within the end that hears
	SOWD                // from mouth to ear, taken for half of there and back
	IAJ                 // interarrival jitter (RFC 3550)
	SL                  // level of speech
	NL                  // level between words
	RERL                // residual echo return loss, dB
	RLQ                 // rating R of who listens
	RCQ                 // rating R of who converses
	MOSLQ               // opinion of who listens
	MOSCQ               // opinion of who converses

	figures // how many there are
)

// line is a line of metrics with its figures.
type line struct {
	name        string
	first, last Figure
}

// lines are in the order of the grammar.
var lines = []line{
	{"SessionDesc", PT, SSUP},
	{"JitterBuffer", JBA, JBX},
	{"PacketLoss", NLR, JDR},
	{"BurstGapLoss", BLD, GMIN},
	{"Delay", RTD, IAJ},
	{"Signal", SL, RERL},
	{"QualityEst", RLQ, MOSCQ},
}

// form is how a figure is written.
type form struct {
	name        string
	least, most float64 // that the grammar has room for
	decimals    int
}

var forms = [figures]form{
	PT: {"PT", 0, 127, 0}, SR: {"SR", 0, 999999, 0}, FD: {"FD", 0, 9999, 0}, FO: {"FO", 0, 99999, 0},
	FPP: {"FPP", 0, 99, 0}, PPS: {"PPS", 0, 99999, 0}, PLC: {"PLC", 0, 3, 0}, SSUP: {"SSUP", 0, 1, 0},
	JBA: {"JBA", 0, 3, 0}, JBR: {"JBR", 0, 15, 0}, JBN: {"JBN", 0, 65535, 0}, JBM: {"JBM", 0, 65535, 0}, JBX: {"JBX", 0, 65535, 0},
	NLR: {"NLR", 0, 100, 2}, JDR: {"JDR", 0, 100, 2},
	BLD: {"BLD", 0, 100, 2}, BD: {"BD", 0, 99999, 0}, GLD: {"GLD", 0, 100, 2}, GD: {"GD", 0, 99999, 0}, GMIN: {"GMIN", 0, 999, 0},
	RTD: {"RTD", 0, 99999, 0}, ESD: {"ESD", 0, 99999, 0}, SOWD: {"SOWD", 0, 99999, 0}, IAJ: {"IAJ", 0, 99999, 0},
	SL: {"SL", -99, 99, 0}, NL: {"NL", -99, 99, 0}, RERL: {"RERL", 0, 99, 0},
	RLQ: {"RLQ", 0, 99, 0}, RCQ: {"RCQ", 0, 99, 0}, MOSLQ: {"MOSLQ", 1, 4.9, 2}, MOSCQ: {"MOSCQ", 1, 4.9, 2},
}

// String is the word in the text, such as "NLR".
func (f Figure) String() string {
	if f >= figures {
		return fmt.Sprintf("figure %d", uint8(f))
	}
	return forms[f].name
}

// Figures returns all figures in the order of the text.
func Figures() []Figure {
	list := make([]Figure, figures)
	for i := range list {
		list[i] = Figure(i)
	}
	return list
}

// Metrics are the figures of one stream of voice. The zero value knows none.
type Metrics struct {
	Start, Stop time.Time
	Payload     string // name of the coding, such as "PCMU"; empty: not told

	known [figures]bool
	value [figures]float64
}

// Set makes a figure known. One that is no number is not.
func (m *Metrics) Set(f Figure, v float64) {
	if f < figures && !math.IsNaN(v) && !math.IsInf(v, 0) {
		m.known[f], m.value[f] = true, v
	}
}

// Get returns a figure, false if it is not known.
func (m *Metrics) Get(f Figure) (v float64, known bool) {
	if f >= figures {
		return 0, false
	}
	return m.value[f], m.known[f]
}

// setTime makes a time known if it is not nought.
func (m *Metrics) setTime(f Figure, d time.Duration) {
	if d > 0 {
		m.Set(f, float64(d)/float64(time.Millisecond))
	}
}

// setIf makes a figure known that nought stands for not knowing.
func (m *Metrics) setIf(f Figure, v float64) {
	if v != 0 {
		m.Set(f, v)
	}
}

// Take takes what a quality.Report knows. Shares of losses are known of a stream
// of which packets were expected, and of one the far end has an opinion of.
func (m *Metrics) Take(r *quality.Report) {
	if r.Expected() > 0 || r.MOSLQ > 0 || r.MOSCQ > 0 {
		m.losses(r)
	}
	m.setTime(JBN, r.Buffer)
	m.setTime(JBM, r.BufferMost)
	m.setTime(JBX, r.BufferMost)
	m.setTime(RTD, r.RoundTrip)
	m.setTime(ESD, r.EndSystem)
	if r.RoundTrip > 0 {
		m.setTime(SOWD, r.OneWay)
	}
	m.setIf(SL, r.SpeechDBm0)
	m.setIf(NL, r.NoiseDBm0)
	m.setIf(RERL, r.EchoLoss)
	m.setIf(RLQ, r.RLQ)
	if r.MOSCQ > 0 {
		m.Set(RCQ, r.R)
	}
	m.setIf(MOSLQ, r.MOSLQ)
	m.setIf(MOSCQ, r.MOSCQ)
}

func (m *Metrics) losses(r *quality.Report) {
	m.Set(NLR, 100*r.LossRate)
	m.Set(JDR, 100*r.DiscardRate)
	m.Set(BLD, 100*r.BurstDensity)
	m.Set(BD, float64(r.BurstDuration.Milliseconds()))
	m.Set(GLD, 100*r.GapDensity)
	m.Set(GD, float64(r.GapDuration.Milliseconds()))
	if r.Expected() > 0 {
		m.Set(GMIN, quality.Gmin) // the far end's is not told
	}
}

// write writes the lines of which a figure is known.
func (m *Metrics) write(b *strings.Builder) {
	fmt.Fprintf(b, "Timestamps: START=%s STOP=%s\r\n", timestamp(m.Start), timestamp(m.Stop))
	for _, l := range lines {
		separator := l.name + ": "
		for f := l.first; f <= l.last; f++ {
			if m.known[f] {
				b.WriteString(separator + f.String() + "=" + f.format(m.value[f]))
				separator = " "
			}
			if f == PT && m.Payload != "" {
				b.WriteString(separator + "PD=" + token(m.Payload))
				separator = " "
			}
		}
		if separator == " " {
			b.WriteString("\r\n")
		}
	}
}

// format is a value within what the grammar has room for.
func (f Figure) format(v float64) string {
	if f == SSUP {
		return map[bool]string{false: "off", true: "on"}[v != 0]
	}
	is := forms[f]
	text := strconv.FormatFloat(max(is.least, min(v, is.most)), 'f', is.decimals, 64)
	if text == "-0" {
		return "0"
	}
	return text
}
