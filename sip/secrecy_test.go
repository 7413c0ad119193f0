package sip

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sdes"
	"github.com/ata-agent/ata-agent/sip/sdp"
)

// cryptoLine is an a=crypto line with a key of its own.
func cryptoLine(tag int, s sdes.Suite) string {
	return "a=crypto:" + sdes.Attribute{Tag: tag, Suite: s, Key: sdes.NewKey(s)}.Marshal()
}

func secretSession(mode Secrecy) *session {
	s := newSession(Voice{Secrecy: mode}, "1")
	s.rtp = rtpAddr
	return s
}

// What is answered to each kind of offer.
func TestAnswersWithKeys(t *testing.T) {
	const avp, savp = "m=audio 30000 RTP/AVP 0", "m=audio 30000 RTP/SAVP 0"
	unknown, unsafe := "a=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:x", cryptoLine(1, sdes.AESCM80)+" UNENCRYPTED_SRTP"
	cm80, gcm := cryptoLine(4, sdes.AESCM80), cryptoLine(5, sdes.AESGCM)
	for _, tt := range []struct {
		name  string
		mode  Secrecy
		offer []string // media lines and attributes
		err   error
		want  string // profile, tag and suite of each line that is taken
	}{
		{"off, plain", SecrecyOff, []string{avp}, nil, "RTP/AVP"},
		{"off, keys", SecrecyOff, []string{avp, cm80}, nil, "RTP/AVP"},
		{"off, encrypted", SecrecyOff, []string{savp, cm80}, errSecret, ""},
		{"off, either", SecrecyOff, []string{savp, cm80, avp}, nil, "RTP/AVP"},
		{"optional, plain", SecrecyOptional, []string{avp}, nil, "RTP/AVP"},
		{"optional, keys", SecrecyOptional, []string{avp, cm80}, nil, "RTP/AVP 4 AES_CM_128_HMAC_SHA1_80"},
		{"optional, encrypted", SecrecyOptional, []string{savp, cm80}, nil, "RTP/SAVP 4 AES_CM_128_HMAC_SHA1_80"},
		{"optional, with feedback", SecrecyOptional, []string{"m=audio 30000 RTP/SAVPF 0", cm80}, nil, "RTP/SAVPF 4 AES_CM_128_HMAC_SHA1_80"},
		{"optional, either", SecrecyOptional, []string{avp, savp, gcm}, nil, "RTP/SAVP 5 AEAD_AES_128_GCM"},
		{"optional, unknown keys", SecrecyOptional, []string{avp, unknown}, nil, "RTP/AVP"},
		{"optional, encrypted with unknown keys", SecrecyOptional, []string{savp, unknown}, errNoKeys, ""},
		{"optional, encrypted without keys", SecrecyOptional, []string{savp}, errNoKeys, ""},
		{"optional, encrypted by DTLS", SecrecyOptional, []string{"m=audio 30000 UDP/TLS/RTP/SAVP 0", cm80}, errNoCodec, ""},
		{"required, plain", SecrecyRequired, []string{avp}, errNotSecret, ""},
		{"required, unknown keys", SecrecyRequired, []string{avp, unknown}, errNotSecret, ""},
		{"required, keys", SecrecyRequired, []string{avp, gcm}, nil, "RTP/AVP 5 AEAD_AES_128_GCM"},
		{"required, encrypted", SecrecyRequired, []string{savp, gcm}, nil, "RTP/SAVP 5 AEAD_AES_128_GCM"},
		{"the offerer's order", SecrecyRequired, []string{savp, unknown, gcm, cm80}, nil, "RTP/SAVP 5 AEAD_AES_128_GCM"},
		{"protection that is switched off", SecrecyRequired, []string{savp, unsafe}, errNoKeys, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := secretSession(tt.mode)
			answer, err := s.answer(parseSDP(t, sessionOf("c=IN IP4 10.0.0.1", tt.offer[0], tt.offer[1:]...)))
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			if got := taken(t, answer); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			if k := s.media.Keys; k.Send.IsSet() != strings.Contains(tt.want, "128") || k.Send.IsSet() && k.Send == k.Receive {
				t.Errorf("keys %v", k)
			}
		})
	}
}

// taken names profile and keys of the lines with a port.
func taken(t *testing.T, d *sdp.Session) string {
	t.Helper()
	var all []string
	for _, m := range d.Media {
		if m.Port == 0 {
			if len(m.Crypto) > 0 {
				t.Errorf("keys in a line that is refused: %d", len(m.Crypto))
			}
			continue
		}
		text := m.Proto
		for _, c := range m.Crypto {
			a, err := sdes.Parse(c)
			if err != nil {
				t.Errorf("%v", err)
			}
			text += fmt.Sprintf(" %d %s", a.Tag, a.Suite)
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

const allSuites = " 1 AES_CM_128_HMAC_SHA1_80 2 AEAD_AES_128_GCM 3 AES_CM_128_HMAC_SHA1_32"

// What is offered, and which answers to it hold.
func TestOffersWithKeys(t *testing.T) {
	const avp, savp = "m=audio 30000 RTP/AVP 0", "m=audio 30000 RTP/SAVP 0"
	for _, tt := range []struct {
		name   string
		mode   Secrecy
		offer  string
		answer []string
		err    error
		suite  sdes.Suite
	}{
		{"off", SecrecyOff, "RTP/AVP", []string{avp}, nil, ""},
		{"off, keys come", SecrecyOff, "RTP/AVP", []string{avp, cryptoLine(1, sdes.AESCM80)}, nil, ""},
		{"optional, without", SecrecyOptional, "RTP/AVP" + allSuites, []string{avp}, nil, ""},
		{"optional, taken", SecrecyOptional, "RTP/AVP" + allSuites, []string{avp, cryptoLine(2, sdes.AESGCM)}, nil, sdes.AESGCM},
		{"optional, taken as encrypted", SecrecyOptional, "RTP/AVP" + allSuites, []string{savp, cryptoLine(3, sdes.AESCM32)}, nil, sdes.AESCM32},
		{"optional, another tag", SecrecyOptional, "RTP/AVP" + allSuites, []string{avp, cryptoLine(1, sdes.AESGCM)}, errDowngraded, ""},
		{"optional, not offered", SecrecyOptional, "RTP/AVP" + allSuites, []string{avp, cryptoLine(7, sdes.AESGCM)}, errDowngraded, ""},
		{"optional, broken keys", SecrecyOptional, "RTP/AVP" + allSuites, []string{avp, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"}, errDowngraded, ""},
		{"optional, encrypted without keys", SecrecyOptional, "RTP/AVP" + allSuites, []string{savp}, errNoKeys, ""},
		{"required, taken", SecrecyRequired, "RTP/SAVP" + allSuites, []string{savp, cryptoLine(1, sdes.AESCM80)}, nil, sdes.AESCM80},
		{"required, taken as plain", SecrecyRequired, "RTP/SAVP" + allSuites, []string{avp, cryptoLine(1, sdes.AESCM80)}, nil, sdes.AESCM80},
		{"required, without", SecrecyRequired, "RTP/SAVP" + allSuites, []string{avp}, errNotSecret, ""},
		{"required, without keys", SecrecyRequired, "RTP/SAVP" + allSuites, []string{savp}, errNoKeys, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := secretSession(tt.mode)
			if got := taken(t, s.offer(true)); got != tt.offer {
				t.Errorf("offer %s, want %s", got, tt.offer)
			}
			err := s.accept(parseSDP(t, sessionOf("c=IN IP4 10.0.0.1", tt.answer[0], tt.answer[1:]...)))
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err == nil && (s.media.Keys.Suite != tt.suite || s.media.Keys.Send.IsSet() != (tt.suite != "")) {
				t.Errorf("keys %v, want %s", s.media.Keys, tt.suite)
			}
		})
	}
}

// The keys stay over hold and resume from either side, and what is said with them:
// the description does not change. A far end with another key or place gets another
// key, and so does one that we talk to from another address.
func TestKeysStay(t *testing.T) {
	a, b := secretSession(SecrecyOptional), secretSession(SecrecyRequired)
	b.rtp = netip.MustParseAddrPort("10.0.0.1:30000")
	agree := func(from, to *session, held bool) {
		t.Helper()
		from.held = held
		answer, err := to.answer(parseSDP(t, string(from.offer(false).Marshal())))
		if err == nil {
			err = from.accept(parseSDP(t, string(answer.Marshal())))
		}
		if err != nil {
			t.Fatal(err)
		}
		if a.media.Keys.Send != b.media.Keys.Receive || b.media.Keys.Send != a.media.Keys.Receive || !a.media.Keys.Send.IsSet() {
			t.Fatal("the ends have different keys")
		}
	}
	agree(a, b, false)
	first := a.media.Keys
	for _, held := range []bool{true, false} {
		agree(a, b, held)
		agree(b, a, held)
		if a.media.Keys != first {
			t.Error("other keys after a hold")
		}
	}
	said := a.offer(false).Origin.Version
	a.withdraw()
	if again := a.again().Origin.Version; again != said {
		t.Errorf("the description has version %s after %s", again, said)
	}
	a.withdraw()

	b.forgetKeys() // as if another telephone were there now
	agree(b, a, false)
	if a.media.Keys.Receive == first.Receive || a.media.Keys.Send == first.Send {
		t.Error("the same keys for another far end")
	}
	second := a.media.Keys
	b.rtp = netip.MustParseAddrPort("10.0.0.1:30002")
	agree(b, a, false)
	if a.media.Keys.Receive != second.Receive || a.media.Keys.Send == second.Send {
		t.Error("not another key for another place alone")
	}
	third := a.media.Keys
	a.rtp = netip.MustParseAddrPort("10.0.0.3:40000")
	a.forgetKeys()
	if _, err := b.answer(parseSDP(t, string(a.again().Marshal()))); err != nil || b.media.Keys.Receive == third.Send {
		t.Errorf("the same key from another address (%v)", err)
	}
}

// requiring makes a UA whose voice is encrypted or not at all, and keeps its log.
func requiring(log *bytes.Buffer) func(*Account, *Voice, *Opts) {
	return func(_ *Account, v *Voice, o *Opts) {
		v.Secrecy = SecrecyRequired
		o.Logger = slog.New(slog.NewTextHandler(log, nil))
	}
}

func TestRequiredSecrecy(t *testing.T) {
	var log bytes.Buffer
	inWorld(t, requiring(&log), func(w *world) {
		l := w.peer.leg("ata1")
		l.send("INVITE", description())
		res := w.peer.response(488)
		if !strings.HasPrefix(headerValue(res, "Warning"), "305 ") {
			t.Errorf("Warning: %s", headerValue(res, "Warning"))
		}
		w.noEvent()
		if !strings.Contains(log.String(), "voice would not be encrypted, which this line requires") {
			t.Errorf("the log does not say why:\n%s", log.String())
		}
		w.peer.drain()

		w.ua.Invite("200", rtpAddr)
		invite := w.peer.request(sipmsg.INVITE)
		if got := taken(t, parseSDP(t, string(invite.Body()))); got != "RTP/SAVP"+allSuites {
			t.Errorf("offer %s", got)
		}
		w.peer.reply(invite, 200, "a", description())
		if e := event[Ended](w); e.Code != 488 {
			t.Errorf("ended %+v", e)
		}
		w.peer.request(sipmsg.ACK)
		w.peer.reply(w.peer.request(sipmsg.BYE), 200, "", "")

		// Help comes first.
		w.ua.InviteUrgently("112", rtpAddr)
		invite = w.peer.request(sipmsg.INVITE)
		if got := taken(t, parseSDP(t, string(invite.Body()))); got != "RTP/AVP"+allSuites {
			t.Errorf("emergency offer %s", got)
		}
		w.peer.reply(invite, 200, "b", description())
		if a := event[Answered](w); a.Media.Keys.Send.IsSet() {
			t.Errorf("answered %+v", a.Media)
		}
	})
}

// A call that is encrypted does not become plain by a re-INVITE where that is
// required, and goes on as it was. Nothing of it is in the log.
func TestNotDowngraded(t *testing.T) {
	var log bytes.Buffer
	inWorld(t, func(a *Account, v *Voice, o *Opts) {
		requiring(&log)(a, v, o)
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}, func(w *world) {
		key := cryptoLine(1, sdes.AESCM80)
		l, id, m := answeredCall(w, sessionOf("c=IN IP4 10.0.0.1", "m=audio 30000 RTP/SAVP 0", key))
		if m.Keys.Suite != sdes.AESCM80 {
			t.Errorf("agreed on %+v", m)
		}
		l.send("INVITE", description())
		w.peer.response(488)
		w.noEvent()
		w.ua.Hold(id, true)
		hold := w.peer.request(sipmsg.INVITE)
		d := parseSDP(t, string(hold.Body()))
		if got := taken(t, d); got != "RTP/SAVP"+allSuites {
			t.Errorf("hold %s", got)
		}
		if a, err := sdes.First(d.Media[0].Crypto); err != nil || a.Key != m.Keys.Send {
			t.Error("another key to hold")
		}
		if text := log.String() + fmt.Sprintf("%+v %#v", m, m); strings.Contains(text, "inline:") || strings.Contains(text, strings.Fields(key)[2][7:20]) {
			t.Errorf("the log shows keys:\n%s", text)
		}
	})
}
