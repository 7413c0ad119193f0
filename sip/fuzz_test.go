package sip

import (
	"testing"

	"github.com/ata-agent/ata-agent/sip/sdp"
)

// Whatever is offered, the answer has the same lines and one of them at most
// is taken.
func FuzzOffer(f *testing.F) {
	f.Add([]byte(description()))
	f.Add([]byte(description("m=image 30002 udptl t38", "a=T38FaxVersion:0", "m=audio 0 RTP/SAVP 0")))
	f.Add([]byte(sessionOf("c=IN IP6 ::1", "m=audio 30000 RTP/AVPF 8 96", "a=inactive", "a=ptime:0", "a=maxptime:5")))
	const key = "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
	f.Add([]byte(sessionOf("c=IN IP4 10.0.0.1", "m=audio 30000 RTP/SAVP 0", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "+key+"|2^20|1:4", "a=crypto:2 X "+key)))
	f.Fuzz(func(t *testing.T, body []byte) {
		offer, err := sdp.Parse(body)
		if err != nil {
			return
		}
		for _, mode := range []Secrecy{SecrecyOff, SecrecyOptional, SecrecyRequired} {
			fuzzAnswer(t, offer, mode)
		}
	})
}

// fuzzAnswer answers an offer, and has an offer of ours answered by it.
func fuzzAnswer(t *testing.T, offer *sdp.Session, mode Secrecy) {
	ours := newSession(Voice{Events: true, Secrecy: mode}, "1")
	ours.rtp = rtpAddr
	ours.offer(true)
	if err := ours.accept(offer); err == nil && mode == SecrecyRequired && !ours.media.Keys.Receive.IsSet() {
		t.Error("took an answer without keys")
	}
	s := newSession(Voice{Events: true, Secrecy: mode}, "1")
	s.rtp = rtpAddr
	answer, err := s.answer(offer)
	if err != nil {
		return
	}
	if s.media.Keys.Send.IsSet() != s.media.Keys.Receive.IsSet() || s.media.Keys.Send.IsSet() && mode == SecrecyOff || !s.media.Keys.Send.IsSet() && mode == SecrecyRequired {
		t.Errorf("mode %d, keys %v", mode, s.media.Keys)
	}
	taken := 0
	for _, m := range answer.Media {
		if m.Port != 0 {
			taken++
		}
	}
	if len(answer.Media) != len(offer.Media) || taken != 1 {
		t.Errorf("%d lines for %d, %d taken", len(answer.Media), len(offer.Media), taken)
	}
	if m := s.media; m.PTime < 10e6 || m.PTime > 60e6 || payloadType[m.Codec] != 0 && m.Codec != "PCMA" {
		t.Errorf("media %+v", m)
	}
	if back, err := sdp.Parse(answer.Marshal()); err != nil || len(back.Media) != len(answer.Media) {
		t.Errorf("answer cannot be read: %v\n%s", err, answer.Marshal())
	}
}

func FuzzInfo(f *testing.F) {
	f.Add("application/dtmf-relay", []byte("Signal=5\r\nDuration=160\r\n"))
	f.Add("application/dtmf", []byte("11"))
	f.Add("message-summary", []byte("Messages-Waiting: yes\r\nVoice-Message: 1/2 (0/0)\r\n"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		if d, ok := digitOf(kind, body); ok {
			if again, ok := key(string(rune(d.Key))); !ok || again != d.Key || d.Duration <= 0 {
				t.Errorf("%q: %+v", body, d)
			}
		}
		_, _ = summary(body)
	})
}
