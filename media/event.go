package media

import (
	"encoding/binary"
	"strings"
)

// Events of RFC 4733 §3.2: the sixteen keys in this order, then hook flash.
const (
	eventKeys  = "0123456789*#ABCD"
	eventFlash = 16
)

const (
	eventSize      = 4      // octets of payload
	eventVolume    = 10     // -dBm0, what a telephone's keypad sends
	eventQuiet     = 55     // weaker events are not played (RFC 4733 §2.3.3)
	eventSegment   = 0xFFFF // longest duration one packet can tell
	eventRepeats   = 3      // the end is said so often (RFC 4733 §2.5.1.4)
	eventEnd       = 0x80
	eventVolumeBit = 0x3F
)

// eventOf returns the event of a key.
func eventOf(key byte) (code uint8, ok bool) {
	i := strings.IndexByte(eventKeys, key)
	return uint8(i), i >= 0
}

// eventPacket is an RTP packet of a telephone event.
type eventPacket struct {
	Timestamp uint32 // when the event, or this segment of it, began
	Marker    bool   // first packet of the event
	Payload   [eventSize]byte
}

// telephoneEvent is the payload of RFC 4733 §2.3.
type telephoneEvent struct {
	Code     uint8
	End      bool
	Volume   uint8 // -dBm0
	Duration uint16
}

func (e telephoneEvent) marshal() (b [eventSize]byte) {
	b[0] = e.Code
	b[1] = e.Volume & eventVolumeBit
	if e.End {
		b[1] |= eventEnd
	}
	binary.BigEndian.PutUint16(b[2:], e.Duration)
	return b
}

// parseEvent reads the first event of a payload; a sender may append older
// ones, which have been told before.
func parseEvent(b []byte) (e telephoneEvent, ok bool) {
	if len(b) < eventSize {
		return e, false
	}
	return telephoneEvent{
		Code:     b[0],
		End:      b[1]&eventEnd != 0,
		Volume:   b[1] & eventVolumeBit,
		Duration: binary.BigEndian.Uint16(b[2:]),
	}, true
}

// eventSender makes the packets of one event after the other (RFC 4733
// §2.5.1). It knows no clock: whoever paces the voice asks for a packet at the
// end of each interval and gets one while there is something to say.
//
//	idle ──start──▶ active ──stop──▶ ending ──3 packets──▶ idle
type eventSender struct {
	code     uint8
	active   bool   // the key is down
	repeats  int    // end packets left to send
	marker   bool   // the next packet is the first
	begin    uint32 // timestamp of the event, then of its segment
	duration uint32 // last told, of this segment
	segments uint32 // told before this segment
}

// busy says that the event holds back the voice.
func (s *eventSender) busy() bool { return s.active || s.repeats > 0 }

// start begins an event at timestamp ts. The one before it must be over; what
// is left of its repetitions is dropped.
func (s *eventSender) start(code uint8, ts uint32) {
	*s = eventSender{code: code, active: true, marker: true, begin: ts}
}

// stop ends the event, which lasted duration samples in all.
func (s *eventSender) stop(duration uint32) {
	if !s.active {
		return
	}
	s.active, s.repeats = false, eventRepeats
	if rest := int64(duration) - int64(s.segments); rest > int64(s.duration) {
		s.duration = uint32(rest)
	}
	s.duration = max(s.duration, 1)
}

// packet returns what to send at timestamp now.
func (s *eventSender) packet(now uint32) (p eventPacket, ok bool) {
	switch {
	case s.active:
		s.duration = max(s.duration, now-s.begin, 1)
	case s.repeats == 0:
		return p, false
	}
	if s.duration > eventSegment {
		return s.split(), true
	}
	if !s.active {
		s.repeats--
	}
	return s.tell(uint16(s.duration), !s.active), true
}

// split closes a segment of a long event; the next one begins where it ended.
func (s *eventSender) split() eventPacket {
	p := s.tell(eventSegment, false)
	s.begin += eventSegment
	s.segments += eventSegment
	s.duration -= eventSegment
	return p
}

func (s *eventSender) tell(duration uint16, end bool) eventPacket {
	e := telephoneEvent{Code: s.code, End: end, Volume: eventVolume, Duration: duration}
	p := eventPacket{Timestamp: s.begin, Marker: s.marker, Payload: e.marshal()}
	s.marker = false
	return p
}
