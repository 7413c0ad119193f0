package privacy

import (
	"strconv"
	"strings"
	"testing"
)

func newScrubber(t testing.TB) *Scrubber {
	t.Helper()
	w := newWorld(t)
	w.scrubber.Know([]string{"hunter2", "s3cret/=+"}, []string{"1001", "kitchen", "Alice Example"})
	return w.scrubber
}

// planted are twenty things that no text may show.
var planted = []string{
	"hunter2", "s3cret/=+", "1001", "Alice Example", "+15551234567", "555-123-9876", "(030) 901820", "0049 30 901820",
	"alice.b@example.net", "192.0.2.77", "2001:db8:1:2:3:4:5:6", "02:00:5e:10:00:01", "b3B1cw==", "dXNlcjpwYXNz", "9f8e7d6c5b",
	"eyJhbGciOi", "490154203237518", "310150123456789", "8988211000000001234", "tok-77aa",
}

func TestPlantedAppearNowhere(t *testing.T) {
	s := newScrubber(t)
	texts := []string{
		"registration of 1001 failed, password hunter2, key s3cret/=+",
		"incoming call from Alice Example <sip:+15551234567@192.0.2.77>;tag=1",
		`INVITE failed server="192.0.2.77:5060" to=555-123-9876 callid=alice.b@example.net`,
		"dialed (030) 901820 then 0049 30 901820",
		"GET https://x:hunter2@prov.example/cfg.xml?mac=02005e100001&token=tok-77aa failed",
		"route via [2001:db8:1:2:3:4:5:6]:5061 for 2001:db8:1:2:3:4:5:6%eth0",
		"mac 02:00:5e:10:00:01 imei 490154203237518 imsi 310150123456789 iccid 8988211000000001234",
		`Authorization: Digest username="1001", response="9f8e7d6c5b", nonce="b3B1cw=="`,
		"Authorization: Basic dXNlcjpwYXNz",
		"Authorization: Bearer eyJhbGciOi",
		`token=tok-77aa password: "hunter2"`,
		"kitchen and 1001, and +15551234567",
	}
	for _, p := range []Permit{{Tracing, Ordinary}, {Diagnostics, 0}} {
		seen := map[string]bool{}
		for _, text := range texts {
			out := s.form(Prose, text, p)
			for _, secret := range planted {
				seen[secret] = seen[secret] || strings.Contains(text, secret)
				if strings.Contains(out, secret) {
					t.Errorf("%q shows %q: %s", text, secret, out)
				}
			}
			if out == "" {
				t.Errorf("nothing is left of %q", text)
			}
		}
		for _, secret := range planted {
			if !seen[secret] {
				t.Errorf("%q was not planted", secret)
			}
		}
	}
}

func TestHarmlessTextStays(t *testing.T) {
	s := newScrubber(t)
	for _, text := range []string{
		"registration state=failed code=503 reason=Service Unavailable",
		"port ready port=Si3215 rev. G on spi0.0",
		"call ended call=17 cause=busy code=486",
		"PCM clock lost, lines are out of service",
		"configuration changed file=/etc/ata-agent/config.json",
	} {
		if got := s.form(Prose, text, Permit{Diagnostics, Ordinary}); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestMessage(t *testing.T) {
	s := newScrubber(t)
	body := "v=0\r\no=1001 1 1 IN IP4 192.0.2.1\r\ns=Alice Example\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n" +
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:s3cret/=+\r\na=rtpmap:0 PCMU/8000\r\n"
	msg := "INVITE sip:+15551234567@example.net;user=phone SIP/2.0\r\n" +
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7\r\n" +
		"From: \"Alice Example\" <sip:1001@example.net>;tag=9\r\nTo: <sip:+15551234567@example.net>\r\n" +
		"Call-ID: abc\r\nCSeq: 1 INVITE\r\nContact: Kitchen <sip:1001@192.0.2.1:5060>\r\n" +
		"Proxy-Authorization: Digest username=\"1001\", response=\"9f8e7d6c5b\"\r\nP-Asserted-Identity: <tel:+15551234567>\r\n" +
		"Content-Type: application/sdp\r\nContent-Length: 999\r\n\r\n" + body
	out := s.form(Message, msg, Permit{Tracing, Ordinary})
	for _, secret := range []string{"hunter2", "s3cret", "1001", "Alice", "Kitchen", "15551234567", "9f8e7d6c5b", "crypto"} {
		if strings.Contains(out, secret) {
			t.Errorf("%q leaves:\n%s", secret, out)
		}
	}
	for _, kept := range []string{"INVITE sip:", "branch=z9hG4bK7", ";tag=9", "Call-ID: abc", "CSeq: 1 INVITE", "a=rtpmap:0 PCMU/8000", "m=audio 4000"} {
		if !strings.Contains(out, kept) {
			t.Errorf("%q is gone:\n%s", kept, out)
		}
	}
	_, left, _ := strings.Cut(out, "\r\n\r\n")
	if !strings.Contains(out, "Content-Length: "+strconv.Itoa(len(left))+"\r\n") {
		t.Errorf("the body has %d bytes:\n%s", len(left), out)
	}
	digits := s.form(Message, "INFO sip:a@b SIP/2.0\r\nContent-Type: application/dtmf-relay\r\nContent-Length: 10\r\n\r\nSignal=5\r\n", Permit{Tracing, Everything})
	if strings.Contains(digits, "Signal") || !strings.Contains(digits, "Content-Length: 0") {
		t.Errorf("digits of a call leave: %s", digits)
	}
	if out := s.form(Message, msg, Permit{Tracing, Everything}); !strings.Contains(out, "sip:+15551234567@example.net;user=phone") {
		t.Errorf("with phone_number permitted the number is gone:\n%s", out)
	}
}

func FuzzScrub(f *testing.F) {
	s := newScrubber(f)
	for _, p := range planted {
		f.Add("before "+p, p)
	}
	f.Add("INVITE sip:hunter2@[::1] SIP/2.0\r\nA: b\r\n\r\nc", "x")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, form := range []Form{Plain, Phone, Party, Address, URL, Prose, Message} {
			text := a + "hunter2" + b
			if out := s.form(form, text, Permit{Tracing, Ordinary}); form == Prose && strings.Contains(out, "hunter2") {
				t.Errorf("form %d of %q shows the password: %q", form, text, out)
			}
		}
	})
}
