package digest

import (
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func passwords(user string) (string, bool) {
	if user == "ata1" {
		return "secret1", true
	}
	return "", false
}

// answerTo lets a client answer a Challenger.
func answerTo(t *testing.T, c *Client, challenges []string, method string, body []byte) string {
	t.Helper()
	_, value, err := c.Authorize(method, "sip:ata.test", body, challenges, false)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestChallengerTakesEveryAlgorithm(t *testing.T) {
	for _, alg := range []string{"MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"} {
		for _, qop := range []string{"auth", "auth-int", "auth,auth-int", "none"} {
			if qop == "none" && strings.HasSuffix(alg, "sess") {
				continue
			}
			s := NewChallenger(ChallengerOpts{Realm: "ata.test", Algorithms: []string{alg}, QOP: qop})
			c := Client{User: "ata1", Password: "secret1"}
			body := []byte("v=0\r\n")
			r := Request{Method: "INVITE", URI: "sip:ata.test", Body: body}
			r.Values = []string{answerTo(t, &c, s.Challenge(start, false), "INVITE", body)}
			if user, v := s.Verify(start, r, passwords); v != Accepted || user != "ata1" {
				t.Errorf("%s %s: %q %v", alg, qop, user, v)
			}
			_, cached, _ := c.Cached("INVITE", "sip:ata.test", body, false)
			r.Values = []string{cached}
			if _, v := s.Verify(start, r, passwords); v != Accepted {
				t.Errorf("%s %s, second use: %v", alg, qop, v)
			}
		}
	}
}

func TestVerdicts(t *testing.T) {
	s := NewChallenger(ChallengerOpts{Realm: "ata.test", Algorithms: []string{SHA256, MD5}, Lifetime: time.Minute})
	other := NewChallenger(ChallengerOpts{Realm: "ata.test"})
	good := Client{User: "ata1", Password: "secret1"}
	bad := Client{User: "ata1", Password: "guess"}
	nobody := Client{User: "nobody"}
	value := func(c *Client) string { return answerTo(t, c, s.Challenge(start, false), "REGISTER", nil) }
	first := value(&good)
	tests := []struct {
		name   string
		values []string
		method string
		uri    string
		after  time.Duration
		want   Verdict
	}{
		{"no credentials", nil, "REGISTER", "", 0, Missing},
		{"other realm", []string{`Digest realm="x", nonce="y"`}, "REGISTER", "", 0, Missing},
		{"not digest", []string{`Basic realm="ata.test"`}, "REGISTER", "", 0, Missing},
		{"broken", []string{`Digest realm="ata.test`}, "REGISTER", "", 0, Missing},
		{"good", []string{`Digest realm="x"`, first}, "REGISTER", "sip:ata.test", 0, Accepted},
		{"replayed", []string{first}, "REGISTER", "sip:ata.test", time.Second, Stale},
		{"late", []string{value(&good)}, "REGISTER", "", time.Minute + 1, Stale},
		{"in time", []string{value(&good)}, "REGISTER", "", time.Minute, Accepted},
		{"nonce of another server", []string{answerTo(t, &good, other.Challenge(start, false), "REGISTER", nil)}, "REGISTER", "", 0, Stale},
		{"wrong password", []string{value(&bad)}, "REGISTER", "", 0, Wrong},
		{"unknown user", []string{value(&nobody)}, "REGISTER", "", 0, Wrong},
		{"other method", []string{value(&good)}, "INVITE", "", 0, Wrong},
		{"other uri", []string{value(&good)}, "REGISTER", "sip:elsewhere", 0, Wrong},
		{"algorithm not offered", []string{strings.Replace(value(&good), "SHA-256", "SHA-512-256", 1)}, "REGISTER", "", 0, Wrong},
		{"qop not offered", []string{strings.Replace(value(&good), "qop=auth", "qop=auth-int", 1)}, "REGISTER", "", 0, Wrong},
	}
	for _, tt := range tests {
		r := Request{Method: tt.method, URI: tt.uri, Values: tt.values}
		if _, v := s.Verify(start.Add(tt.after), r, passwords); v != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, v, tt.want)
		}
	}
}

func TestChallengerForgetsOldNonces(t *testing.T) {
	s := NewChallenger(ChallengerOpts{Realm: "ata.test", Lifetime: time.Minute})
	c := Client{User: "ata1", Password: "secret1"}
	for i := range 300 {
		now := start.Add(time.Duration(i) * time.Second)
		r := Request{Method: "REGISTER", Values: []string{answerTo(t, &c, s.Challenge(now, false), "REGISTER", nil)}}
		if _, v := s.Verify(now, r, passwords); v != Accepted {
			t.Fatal(v)
		}
	}
	if n := len(s.used); n > 61 {
		t.Errorf("%d nonces kept, want at most 61", n)
	}
}

func TestStaleChallenge(t *testing.T) {
	s := NewChallenger(ChallengerOpts{Realm: "r", Algorithms: []string{SHA256, MD5}})
	list := s.Challenge(start, true)
	if len(list) != 2 {
		t.Fatalf("%d challenges", len(list))
	}
	for i, alg := range []string{SHA256, MD5} {
		c, err := ParseChallenges(list[i])
		if err != nil || len(c) != 1 || !c[0].Stale || c[0].Algorithm != alg || c[0].Realm != "r" {
			t.Errorf("%q = %+v, %v", list[i], c, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(`Digest username="ata1", realm="ata.test", nonce="x", uri="sip:ata.test", response="0", qop=auth, nc=1, cnonce="c"`)
	s := NewChallenger(ChallengerOpts{Realm: "ata.test"})
	f.Fuzz(func(t *testing.T, value string) {
		if _, v := s.Verify(start, Request{Method: "REGISTER", Values: []string{value}}, passwords); v == Accepted {
			t.Fatalf("accepted %q", value)
		}
	})
}
