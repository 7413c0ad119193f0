package sip

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// RTPStat is how the voice of a call fared at one end, as BYE and its answer tell
// it in the header P-RTP-Stat. No standard describes it; the fields and their order
// are those of Cisco's analog adapters ("Stats In BYE" in the ATA 191
// administration guide: PS, OS, PR, OR, PL, JI, LA, DU, EN, DE). Others call the
// header X-RTP-Stat (Polycom ATA 400) or separate by semicolons (AudioCodes
// Mediant). What is not known is 0.
type RTPStat struct {
	Sent, SentOctets         uint64 // packets and octets of voice
	Received, ReceivedOctets uint64
	Lost                     uint64        // packets that never came there
	Jitter                   time.Duration // in whole milliseconds
	Latency                  time.Duration // of the decoder with its buffer
	Duration                 time.Duration // of the call, in whole seconds
	Encoder, Decoder         string        // such as "G711u"
}

// Names of the header, ours first.
const (
	rtpStat      = "P-RTP-Stat"
	otherRTPStat = "X-RTP-Stat"
)

// String is the value of the header.
func (s RTPStat) String() string {
	text := fmt.Sprintf("PS=%d,OS=%d,PR=%d,OR=%d,PL=%d,JI=%d,LA=%d,DU=%d", s.Sent, s.SentOctets, s.Received, s.ReceivedOctets, s.Lost,
		s.Jitter.Round(time.Millisecond).Milliseconds(), s.Latency.Round(time.Millisecond).Milliseconds(), s.Duration.Round(time.Second)/time.Second)
	if s.Encoder != "" && s.Decoder != "" {
		text += ",EN=" + s.Encoder + ",DE=" + s.Decoder
	}
	return text
}

// mostCodec bounds what is kept of a name that the far end gives a coding.
const mostCodec = 16

// parseRTPStat reads the value of the header; fields it does not know are left
// out. false: it has none that it knows, or one that cannot be.
func parseRTPStat(value string) (s RTPStat, ok bool) {
	for field := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ',' || r == ';' }) {
		name, v, _ := strings.Cut(strings.TrimSpace(field), "=")
		known, fits := s.take(strings.ToUpper(strings.TrimSpace(name)), strings.TrimSpace(v))
		if !fits {
			return RTPStat{}, false
		}
		ok = ok || known
	}
	return s, ok
}

// take takes one field.
func (s *RTPStat) take(name, v string) (known, fits bool) {
	switch name {
	case "EN":
		s.Encoder = codecName(v)
		return true, true
	case "DE":
		s.Decoder = codecName(v)
		return true, true
	case "PS", "OS", "PR", "OR", "PL", "JI", "LA", "DU":
	default:
		return false, true
	}
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil {
		return true, false
	}
	switch name {
	case "PS":
		s.Sent = n
	case "OS":
		s.SentOctets = n
	case "PR":
		s.Received = n
	case "OR":
		s.ReceivedOctets = n
	case "PL":
		s.Lost = n
	case "JI":
		s.Jitter = time.Duration(n) * time.Millisecond
	case "LA":
		s.Latency = time.Duration(n) * time.Millisecond
	case "DU":
		s.Duration = time.Duration(n) * time.Second
	}
	return true, true
}

func codecName(v string) string {
	v = strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f {
			return -1
		}
		return r
	}, v)
	return v[:min(len(v), mostCodec)]
}

// rtpStatOf reads the header of a message, by either name.
func rtpStatOf(msg sipmsg.Message) (RTPStat, bool) {
	for _, name := range []string{rtpStat, otherRTPStat} {
		if v := strings.Join(headerValues(msg, name), ","); v != "" { // commas make one header of several (RFC 3261 §7.3.1)
			return parseRTPStat(v)
		}
	}
	return RTPStat{}, false
}

// Meter has BYE and the answer to it tell how the voice of a call fared. measure is
// called on the UA's goroutine and must not block.
func (u *UA) Meter(id CallID, measure func() RTPStat) {
	u.byID(id, func(c *call) { c.measure = measure })
}

// tellStat adds the header to a BYE or the answer to one, if the line wants it.
func (c *call) tellStat(msg sipmsg.Message) {
	if c.measure != nil {
		msg.AppendHeader(sipmsg.NewHeader(rtpStat, c.measure().String()))
	}
}

// takeStat tells the line how its voice fared at the far end.
func (c *call) takeStat(msg sipmsg.Message) {
	if s, ok := rtpStatOf(msg); ok {
		c.u.notify(Fared{Call: c.id, Dialog: c.known(), Voice: s})
	}
}
