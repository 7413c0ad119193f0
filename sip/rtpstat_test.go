package sip

import (
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

var stat = RTPStat{
	Sent: 1500, SentOctets: 240000, Received: 1490, ReceivedOctets: 238400, Lost: 10,
	Jitter: 4600 * time.Microsecond, Latency: 60 * time.Millisecond, Duration: 30 * time.Second, Encoder: "G711u", Decoder: "G711u",
}

const statText = "PS=1500,OS=240000,PR=1490,OR=238400,PL=10,JI=5,LA=60,DU=30,EN=G711u,DE=G711u"

func TestRTPStat(t *testing.T) {
	if got := stat.String(); got != statText {
		t.Errorf("%s, want %s", got, statText)
	}
	rounded := stat
	rounded.Jitter = 5 * time.Millisecond
	for name, tt := range map[string]struct {
		text string
		want RTPStat
		ok   bool
	}{
		"ours":                     {statText, rounded, true},
		"of an AudioCodes gateway": {"PS=207;OS=49680;;PR=314;OR=50240;PL=0;JI=600;LA=40;", RTPStat{Sent: 207, SentOctets: 49680, Received: 314, ReceivedOctets: 50240, Jitter: 600 * time.Millisecond, Latency: 40 * time.Millisecond}, true},
		"with more":                {"MOS=4.0, ps=3", RTPStat{Sent: 3}, true},
		"a long name":              {"EN=0123456789abcdefghij", RTPStat{Encoder: "0123456789abcdef"}, true},
		"nothing known":            {"MOS=4.0", RTPStat{}, false},
		"below nought":             {"PS=3,PL=-1", RTPStat{}, false},
		"too much":                 {"PS=4294967296", RTPStat{}, false},
		"no number":                {"JI=fast", RTPStat{}, false},
		"empty":                    {"", RTPStat{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := parseRTPStat(tt.text); got != tt.want || ok != tt.ok {
				t.Errorf("%+v %v, want %+v %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

// FuzzRTPStat: what is read can be written, and read again the same.
func FuzzRTPStat(f *testing.F) {
	f.Add(statText)
	f.Add("PS=207;OS=49680;;PR=314;JI=600;LA=40;EN=;DE=\x00")
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := parseRTPStat(text)
		if !ok {
			return
		}
		if s.Encoder == "" || s.Decoder == "" { // they go together
			s.Encoder, s.Decoder = "", ""
		}
		if again, ok := parseRTPStat(s.String()); !ok || again != s {
			t.Errorf("%q is %+v, written and read again %+v", text, s, again)
		}
	})
}

// TestRTPStatOfOurBye: BYE tells how the voice fared, and so does its answer, which
// comes when the line thinks the call is over.
func TestRTPStatOfOurBye(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		invite, id := placedCall(w)
		w.ua.Meter(id, func() RTPStat { return stat })
		w.ua.Hangup(id)
		event[Ended](w)
		bye := w.peer.request(sipmsg.BYE)
		if v := headerValue(bye, rtpStat); v != statText {
			t.Errorf("BYE says %q", v)
		}
		w.peer.reply(bye, 200, "", "", "P-RTP-Stat: PS=5,PR=4,PL=1")
		if f := event[Fared](w); f.Call != id || f.Dialog.CallID != invite.CallID().Value() || f.Dialog.FarTag != "tag1" || f.Voice != (RTPStat{Sent: 5, Received: 4, Lost: 1}) {
			t.Errorf("%+v", f)
		}
	})
}

func TestRTPStatOfTheirBye(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, id, _ := answeredCall(w, description())
		w.ua.Meter(id, func() RTPStat { return stat })
		l.send("BYE", "", "X-RTP-Stat: PS=5,PR=4", "X-RTP-Stat: PL=1")
		if f := event[Fared](w); f.Call != id || f.Dialog.CallID != l.callID || f.Dialog.FarTag != l.local || f.Voice != (RTPStat{Sent: 5, Received: 4, Lost: 1}) {
			t.Errorf("%+v", f)
		}
		event[Ended](w)
		if v := headerValue(w.peer.response(200), rtpStat); v != statText {
			t.Errorf("the answer says %q", v)
		}
	})
}

// TestNoRTPStat: whoever is not asked tells nothing, and nonsense is not passed on.
func TestNoRTPStat(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		l, _, _ := answeredCall(w, description())
		l.send("BYE", "", "P-RTP-Stat: PS=a lot")
		event[Ended](w)
		if v := headerValue(w.peer.response(200), rtpStat); v != "" {
			t.Errorf("the answer says %q", v)
		}
		w.noEvent()
	})
}
