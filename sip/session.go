package sip

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/sdes"
	"github.com/ata-agent/ata-agent/sip/sdp"
)

// session is the media of a call as offer and answer make it (RFC 3264). It is
// data: what it decides is sent by the call.
type session struct {
	voice Voice
	rtp   netip.AddrPort // ours; not valid until the line named it
	id    string         // of our o= line
	edits uint64         // version of our o= line

	held       bool  // we put the far end on hold, or offered to
	agreedHeld bool  // held, when the far end last agreed
	data       bool  // the call carries data of a fax or modem, or we offered it to
	agreedData bool  // data, when the far end last agreed
	remoteHold bool  // the far end's last offer put us on hold
	eventPT    uint8 // payload type of telephone-event, kept for the whole call (RFC 3264 §8.3.2)

	keys  map[sdes.Suite]sdes.Key // ours, drawn when first needed
	proto string                  // profile that the far end named last; empty = nothing agreed yet

	local  *sdp.Session // last sent
	remote *sdp.Session // last received that was agreed on
	sent   *sdp.Session // our offer without answer yet
	media  Media        // as agreed; Codec empty = nothing agreed yet
}

var (
	errNoCodec    = errors.New("sip: no acceptable media")
	errBadAnswer  = errors.New("sip: answer does not fit the offer")
	errNoOffer    = errors.New("sip: no offer to answer")
	defaultEvents = uint8(101)
)

func newSession(v Voice, id string) *session {
	if len(v.Codecs) == 0 {
		v.Codecs = []string{"PCMU", "PCMA"}
	}
	if v.PTime == 0 {
		v.PTime = 20 * time.Millisecond
	}
	return &session{voice: v, id: id, eventPT: defaultEvents}
}

// payloadType of the codecs we speak (RFC 3551 §6).
var payloadType = map[string]uint8{"PCMU": 0, "PCMA": 8}

// offer describes what we want now. full offers both ways even if the far end
// held us: it answers a request for an offer, with which servers end a hold.
func (s *session) offer(full bool) *sdp.Session {
	d := sdp.DirectionOf(!s.remoteHold || full, !s.held)
	m := s.audio(d)
	for _, name := range s.voice.Codecs {
		if pt, ok := payloadType[name]; ok {
			m.Codecs = append(m.Codecs, sdp.Codec{PT: pt, Name: name, Rate: 8000, Channels: 1})
		}
	}
	if s.noise() {
		m.Codecs = append(m.Codecs, comfortNoise)
	}
	if s.voice.Events {
		m.Codecs = append(m.Codecs, events(s.eventPT))
	}
	s.offerKeys(&m)
	s.sent = s.describe(s.lines(m))
	return s.sent
}

// again offers what we said last, with the place where we take voice now.
func (s *session) again() *sdp.Session {
	media := slices.Clone(s.local.Media)
	for i := range media {
		if media[i].Kind == "audio" && media[i].Port != 0 {
			media[i].Conn, media[i].Port = s.rtp.Addr(), s.rtp.Port()
			s.offerKeys(&media[i])
		}
	}
	s.sent = s.describe(media)
	return s.sent
}

// comfortNoise is what pauses are sent as (RFC 3389 §4).
var comfortNoise = sdp.Codec{PT: 13, Name: "CN", Rate: 8000, Channels: 1}

// noise says whether we want pauses to be left out. Data bear none.
func (s *session) noise() bool { return s.voice.Noise && !s.data }

func events(pt uint8) sdp.Codec {
	return sdp.Codec{PT: pt, Name: "telephone-event", Rate: 8000, Channels: 1, Fmtp: "0-16"}
}

func (s *session) audio(d sdp.Direction) sdp.Media {
	m := sdp.Media{
		Kind: "audio", Port: s.rtp.Port(), Proto: "RTP/AVP",
		PTime: s.voice.PTime, Direction: d, Conn: s.rtp.Addr(),
	}
	if s.data {
		m.PTime = dataPTime
		m.Attributes = []sdp.Attribute{{Name: "silenceSupp", Value: "off - - - -"}} // RFC 3108 §5.6.3.2
	}
	return m
}

// shortestPTime is the shortest packet that we send or ask for.
const shortestPTime = 10 * time.Millisecond

// dataPTime is the length of packets of data: a lost one costs a modem the less
// the shorter it is, and 20 ms is what every gateway can do.
const dataPTime = 20 * time.Millisecond

// lines puts our audio line among those that offer and answer have had so far:
// their number and order never change (RFC 3264 §8).
func (s *session) lines(audio sdp.Media) []sdp.Media {
	if s.local == nil {
		return []sdp.Media{audio}
	}
	list := slices.Clone(s.local.Media)
	for i := range list {
		if list[i].Kind == "audio" && list[i].Port != 0 {
			list[i] = audio
			return list
		}
	}
	return append(list, audio)
}

// describe makes a description of media lines. Its version grows if it says
// anything new (RFC 3264 §8).
func (s *session) describe(media []sdp.Media) *sdp.Session {
	d := &sdp.Session{Name: "-", Conn: s.rtp.Addr(), Media: media}
	d.Origin = sdp.Origin{ID: s.id, Version: strconv.FormatUint(s.edits, 10)}
	if s.local == nil || string(d.Marshal()) != string(s.local.Marshal()) {
		s.edits++
		d.Origin.Version = strconv.FormatUint(s.edits, 10)
	}
	s.local = d
	return d
}

// spoken is the codec of an audio line that we can speak, without regard to keys.
func spoken(m *sdp.Media, voice Voice) (sdp.Codec, bool) {
	if _, ok := profile(m.Proto); !ok || m.Kind != "audio" || m.Port == 0 || !m.Conn.IsValid() {
		return sdp.Codec{}, false
	}
	for _, c := range m.Codecs {
		if pt, known := payloadType[strings.ToUpper(c.Name)]; known && c.PT == pt && c.Is(c.Name, 8000) && speaks(voice, c.Name) {
			return c, true
		}
	}
	return sdp.Codec{}, false
}

func speaks(v Voice, codec string) bool {
	return slices.ContainsFunc(v.Codecs, func(c string) bool { return strings.EqualFold(c, codec) })
}

// answer answers an offer: as many lines in the same order, one audio line
// taken, all others refused with port 0 (RFC 3264 §6). An error leaves the
// session as it was.
func (s *session) answer(offer *sdp.Session) (*sdp.Session, error) {
	c, err := usable(offer, s.voice)
	if err != nil {
		return nil, err
	}
	theirs := &offer.Media[c.line]
	media := make([]sdp.Media, len(offer.Media))
	for i := range offer.Media {
		media[i] = refused(&offer.Media[i])
	}
	d := theirs.Direction
	if theirs.Held() {
		d = d.And(sdp.SendOnly) // the old way to hold, c=0.0.0.0
	}
	m := s.audio(d.Reverse().And(sdp.DirectionOf(true, !s.held)))
	if theirs.PTime > 0 {
		m.PTime = max(shortestPTime, min(m.PTime, theirs.PTime)) // who wants short packets has a reason
	}
	m.Proto, m.Codecs, m.Crypto = theirs.Proto, []sdp.Codec{c.codec}, nil
	if cn, ok := theirs.Codec("CN", 8000); ok && s.noise() && cn.PT == comfortNoise.PT {
		m.Codecs = append(m.Codecs, comfortNoise)
	}
	if e, ok := theirs.Codec("telephone-event", 8000); ok && s.voice.Events {
		s.eventPT = e.PT
		m.Codecs = append(m.Codecs, events(e.PT))
	}
	keys := s.answerKeys(&m, theirs, &c)
	media[c.line] = m
	s.remoteHold = theirs.Held()
	s.agree(offer, &c, m.Direction, keys)
	return s.describe(media), nil
}

// refused is the answer to a line we do not take.
func refused(m *sdp.Media) sdp.Media {
	r := sdp.Media{Kind: m.Kind, Proto: m.Proto, Formats: slices.Clone(m.Formats)}
	if len(r.Formats) == 0 {
		r.Formats = []string{"0"}
	}
	return r
}

// accept takes the answer to our offer.
func (s *session) accept(answer *sdp.Session) error {
	offer := s.sent
	if offer == nil {
		return errNoOffer
	}
	c, err := usable(answer, s.voice)
	if err != nil {
		return err
	}
	if c.line >= len(offer.Media) || offer.Media[c.line].Kind != "audio" || offer.Media[c.line].Port == 0 {
		return errBadAnswer
	}
	ours := &offer.Media[c.line]
	keys, err := acceptKeys(ours, &answer.Media[c.line], &c)
	if err != nil {
		return err
	}
	s.sent = nil
	s.agree(answer, &c, ours.Direction, keys)
	return nil
}

// agree notes what holds from now on. ours is the direction we named.
func (s *session) agree(remote *sdp.Session, c *choice, ours sdp.Direction, keys sdes.Keys) {
	m := &remote.Media[c.line]
	s.proto = m.Proto
	s.remote, s.agreedHeld, s.agreedData = remote, s.held, s.data
	s.media = Media{
		Remote: m.RTPAddr(), RemoteRTCP: m.RTCPAddr(), Codec: strings.ToUpper(c.codec.Name), PTime: s.sendPTime(m),
		Keys:    keys,
		Send:    ours.Sends() && m.Direction.Receives() && !m.Conn.IsUnspecified(),
		Receive: ours.Receives() && m.Direction.Sends(),
	}
	if cn, ok := m.Codec("CN", 8000); ok && s.noise() {
		s.media.Noise = cn.PT == comfortNoise.PT
	}
	if e, ok := m.Codec("telephone-event", 8000); ok && s.voice.Events {
		s.media.EventSend, s.media.EventReceive = e.PT, s.eventPT
	}
}

// sendPTime is the packet length the far end wants, within what we can do
// (RFC 8866 §6.4).
func (s *session) sendPTime(m *sdp.Media) time.Duration {
	const lo, hi, step = shortestPTime, 60 * time.Millisecond, 10 * time.Millisecond
	p := m.PTime
	if p == 0 {
		p = s.voice.PTime
	}
	if m.MaxPTime >= lo {
		p = min(p, m.MaxPTime)
	}
	return max(lo, min(hi, p/step*step))
}

// withdraw forgets an offer that was not accepted; the session stays as it was
// (RFC 3261 §14.1).
func (s *session) withdraw() { s.sent = nil }

// fallBack wants no more than what the far end agreed to last.
func (s *session) fallBack() { s.held, s.data = s.agreedHeld, s.agreedData }
