package sip

import (
	"strings"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// TestCarryData offers what data need and takes it back.
func TestCarryData(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		_, id := placedCall(w)
		w.ua.CarryData(id, true)
		re := w.peer.request(sipmsg.INVITE)
		offer := parseSDP(t, string(re.Body())).Media[0]
		if v, ok := offer.Attribute("silenceSupp"); !ok || v != "off - - - -" || offer.PTime != dataPTime {
			t.Errorf("offer %+v", offer)
		}
		w.peer.reply(re, 200, "", description("a=ptime:10"))
		w.peer.request(sipmsg.ACK)
		if m := event[Changed](w).Media; m.PTime != 10*time.Millisecond {
			t.Errorf("media %+v", m)
		}
		w.ua.CarryData(id, false)
		re = w.peer.request(sipmsg.INVITE)
		if strings.Contains(string(re.Body()), "silenceSupp") {
			t.Errorf("offer after the data:\n%s", re.Body())
		}
		w.peer.reply(re, 488, "", "")
		w.peer.request(sipmsg.ACK)
		w.noEvent() // refused: it stays as it was, and is not tried again
		w.peer.nothing()
	})
}

// Comfort noise is agreed on where both want it and no data are carried.
func TestComfortNoise(t *testing.T) {
	for _, tt := range []struct {
		name               string
		ours, data, theirs bool
		want               bool
	}{
		{"both", true, false, true, true},
		{"not ours", false, false, true, false},
		{"not theirs", true, false, false, false},
		{"data", true, true, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			line := "m=audio 30000 RTP/AVP 0"
			if tt.theirs {
				line += " 13"
			}
			theirs := sessionOf("c=IN IP4 10.0.0.1", line)
			s := newSession(Voice{Noise: tt.ours}, "1")
			s.rtp, s.data = rtpAddr, tt.data
			answer, err := s.answer(parseSDP(t, theirs))
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := answer.Media[0].Codec("CN", 8000); ok != tt.want || s.media.Noise != tt.want {
				t.Errorf("answered %v, agreed on %v, want %v", ok, s.media.Noise, tt.want)
			}
			offer := s.offer(false)
			if _, ok := offer.Media[0].Codec("CN", 8000); ok != (tt.ours && !tt.data) {
				t.Errorf("offered: %v", ok)
			}
			if err := s.accept(parseSDP(t, theirs)); err != nil {
				t.Fatal(err)
			}
			if s.media.Noise != tt.want {
				t.Errorf("agreed on %v, want %v", s.media.Noise, tt.want)
			}
		})
	}
}
