package digest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// params reads a header value back, for comparing.
func params(t *testing.T, value string) map[string]string {
	t.Helper()
	items, err := parse(value)
	if err != nil || len(items) != 1 || items[0].scheme != "Digest" {
		t.Fatalf("parse(%q) = %v, %v", value, items, err)
	}
	m := map[string]string{}
	for _, p := range items[0].params {
		if _, twice := m[p.name]; twice {
			t.Errorf("%s twice in %q", p.name, value)
		}
		m[p.name] = p.value
	}
	return m
}

// TestResponseVectors are the worked examples of the standards. That of RFC
// 7616 §3.9.2 is taken as corrected by erratum 4897.
func TestResponseVectors(t *testing.T) {
	tests := []struct {
		name, alg, user, realm, password string
		in                               answer
		want                             string
	}{
		{
			"RFC 2617 §3.5", "MD5", "Mufasa", "testrealm@host.com", "Circle Of Life",
			answer{nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", nc: "00000001", cnonce: "0a4f113b", qop: "auth", method: "GET", uri: "/dir/index.html"},
			"6629fae49393a05397450978507c4ef1",
		},
		{
			"RFC 7616 §3.9.1 MD5", "MD5", "Mufasa", "http-auth@example.org", "Circle of Life",
			answer{nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop: "auth", method: "GET", uri: "/dir/index.html"},
			"8ca523f5e9506fed4657c9700eebdbec",
		},
		{
			"RFC 7616 §3.9.1 SHA-256", "SHA-256", "Mufasa", "http-auth@example.org", "Circle of Life",
			answer{nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop: "auth", method: "GET", uri: "/dir/index.html"},
			"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
		},
		{
			"RFC 7616 §3.9.2 SHA-512-256", "SHA-512-256", "J\u00e4s\u00f8n Doe", "api@example.org", "Secret, or not?",
			answer{nonce: "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", nc: "00000001", cnonce: "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", qop: "auth", method: "GET", uri: "/doe.json"},
			"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			alg, ok := algorithmOf(tt.alg)
			if !ok {
				t.Fatal("unknown algorithm")
			}
			tt.in.ha1 = alg.ha1(tt.user, tt.realm, tt.password, tt.in.nonce, tt.in.cnonce)
			if got := alg.response(tt.in); got != tt.want {
				t.Errorf("response = %s, want %s", got, tt.want)
			}
		})
	}
}

// TestAuthorize compares with responses computed by another implementation
// (Python's hashlib) for nonce abc123 and the client nonce below.
func TestAuthorize(t *testing.T) {
	const cnonce = "30313233343536373839616263646566" // what Rand below makes
	tests := []struct{ challenge, response string }{
		{`algorithm=MD5, qop="auth"`, "MD5 auth"},
		{`algorithm="MD5",qop="auth-int"`, "MD5 auth-int"},
		{`qop="auth,auth-int",stale=FALSE`, "MD5 auth"},
		{`algorithm=md5-sess, qop="auth"`, "MD5-sess auth"},
		{`algorithm=MD5-sess, qop="auth-int"`, "MD5-sess auth-int"},
		{``, "MD5 none"},
		{`algorithm=SHA-256, qop="auth-int, auth"`, "SHA-256 auth"},
		{`algorithm=SHA-256-sess, qop=auth`, "SHA-256-sess auth"},
		{`algorithm=SHA-256`, "SHA-256 none"},
		{`algorithm=SHA-512-256, qop="auth"`, "SHA-512-256 auth"},
		{`algorithm=SHA-512-256-sess, qop="auth-int"`, "SHA-512-256-sess auth-int"},
		{`algorithm=SHA-512-256, qop="auth-int"`, "SHA-512-256 auth-int"},
	}
	for _, tt := range tests {
		t.Run(tt.challenge, func(t *testing.T) {
			c := Client{User: "ata1", Password: "secret1", Rand: strings.NewReader("0123456789abcdef")}
			challenge := `Digest realm="ata.test", nonce="abc123"`
			if tt.challenge != "" {
				challenge += ", " + tt.challenge
			}
			header, value, err := c.Authorize("REGISTER", "sip:ata.test", []byte("v=0"), []string{challenge}, false)
			if err != nil || header != "Authorization" {
				t.Fatalf("Authorize = %q, %v", header, err)
			}
			p := params(t, value)
			if p["response"] != vectors[tt.response] {
				t.Errorf("%s\nresponse = %s, want %s", value, p["response"], vectors[tt.response])
			}
			if qop := strings.Fields(tt.response)[1]; qop != "none" && (p["qop"] != qop || p["nc"] != "00000001" || p["cnonce"] != cnonce) {
				t.Errorf("qop, nc or cnonce wrong in %s", value)
			} else if qop == "none" && p["qop"]+p["nc"]+p["cnonce"] != "" {
				t.Errorf("qop, nc or cnonce without qop in %s", value)
			}
		})
	}
}

func TestAuthorizeForm(t *testing.T) {
	c := Client{User: `ata"1\`, Password: "x", Rand: bytes.NewReader(make([]byte, 16))}
	_, value, err := c.Authorize("INVITE", "sip:*98%23@h;transport=tcp", nil,
		[]string{`Digest realm="a \"b\", c" , nonce="n==" ,opaque="",algorithm=MD5,qop="auth"`}, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`username="ata\"1\\"`, `realm="a \"b\", c"`, `nonce="n=="`, `uri="sip:*98%23@h;transport=tcp"`,
		`algorithm=MD5`, `opaque=""`, `qop=auth`, `nc=00000001`, `cnonce="` + strings.Repeat("0", 32) + `"`,
	} {
		if !strings.Contains(value, part) {
			t.Errorf("no %s in\n%s", part, value)
		}
	}
}

func TestCannotBeInjected(t *testing.T) {
	c := Client{User: "a\r\nX: y", Password: "x"}
	_, value, err := c.Authorize("INVITE", "sip:h\r\nEvil: 1", nil, []string{"Digest realm=\"r\nr\", nonce=\"n\r\nZ: 1\", opaque=\"\x00\n\""}, false)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(value, "\r\n\x00") {
		t.Errorf("line end in %q", value)
	}
}

func TestUserHash(t *testing.T) {
	c := Client{User: "J\u00e4s\u00f8n Doe", Password: "Secret, or not?"}
	_, value, err := c.Authorize("GET", "/doe.json", nil, []string{`Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="n", charset=UTF-8, userhash=true`}, false)
	if err != nil {
		t.Fatal(err)
	}
	// RFC 7616 §3.9.2, erratum 4897
	if p := params(t, value); p["username"] != "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b" || p["userhash"] != "true" {
		t.Error(value)
	}
}

func TestChoice(t *testing.T) {
	const (
		md5     = `Digest realm="r", nonce="m", algorithm=MD5, qop="auth"`
		sha     = `Digest realm="r", nonce="s", algorithm=SHA-256, qop="auth"`
		unknown = `Digest realm="r", nonce="u", algorithm=AKAv1-MD5, qop="auth"`
		basic   = `Basic realm="r"`
		oddQOP  = `Digest realm="r", nonce="q", qop="token"`
		noNonce = `Digest realm="r", qop="auth"`
		foreign = `Digest realm="elsewhere", nonce="f", qop="auth"`
		broken  = `Digest realm="r`
	)
	tests := []struct {
		name       string
		client     Client
		challenges []string
		want       string // nonce answered, "" = none
	}{
		{"topmost wins, strong first", Client{}, []string{sha, md5}, "s"},
		{"topmost wins, weak first", Client{}, []string{md5, sha}, "m"},
		{"unknown algorithm first", Client{}, []string{unknown, md5}, "m"},
		{"other scheme first", Client{}, []string{basic, sha}, "s"},
		{"unknown qop", Client{}, []string{oddQOP, md5}, "m"},
		{"no nonce", Client{}, []string{noNonce, md5}, "m"},
		{"broken header first", Client{}, []string{broken, md5}, "m"},
		{"two in one header", Client{}, []string{basic + ", " + unknown + ", " + md5}, "m"},
		{"MD5 forbidden", Client{ForbidMD5: true}, []string{md5, sha}, "s"},
		{"MD5 forbidden, nothing else", Client{ForbidMD5: true}, []string{md5}, ""},
		{"pinned realm", Client{Realms: []string{"r"}}, []string{foreign, md5}, "m"},
		{"pinned realm, foreign only", Client{Realms: []string{"r"}}, []string{foreign}, ""},
		{"any realm", Client{}, []string{foreign}, "f"},
		{"nothing", Client{}, nil, ""},
		{"session algorithm needs qop", Client{}, []string{`Digest realm="r", nonce="x", algorithm=MD5-sess`}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, value, err := tt.client.Authorize("REGISTER", "sip:r", nil, tt.challenges, false)
			if tt.want == "" {
				if !errors.Is(err, ErrNoChallenge) {
					t.Fatalf("Authorize = %q, %v, want ErrNoChallenge", value, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := params(t, value)["nonce"]; got != tt.want {
				t.Errorf("answered %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNonceCache(t *testing.T) {
	c := Client{User: "u", Password: "p"}
	if _, _, ok := c.Cached("REGISTER", "sip:r", nil, false); ok {
		t.Fatal("credentials without a challenge")
	}
	answer := func(nonce string, proxy bool) {
		t.Helper()
		if _, _, err := c.Authorize("REGISTER", "sip:r", nil, []string{`Digest realm="r", nonce="` + nonce + `", qop="auth"`}, proxy); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(proxy bool, header, nonce, nc string) {
		t.Helper()
		h, v, ok := c.Cached("INVITE", "sip:x@r", nil, proxy)
		p := params(t, v)
		if !ok || h != header || p["nonce"] != nonce || p["nc"] != nc {
			t.Errorf("Cached = %s: %s, want nonce %s, nc %s", h, v, nonce, nc)
		}
	}
	answer("one", false)
	expect(false, "Authorization", "one", "00000002")
	expect(false, "Authorization", "one", "00000003")
	answer("two", true)
	expect(true, "Proxy-Authorization", "two", "00000002")
	expect(false, "Authorization", "one", "00000004")
	answer("three", false)
	expect(false, "Authorization", "three", "00000002")
	if err := c.Info(`nextnonce="four", qop=auth, rspauth="x"`, false); err != nil {
		t.Fatal(err)
	}
	expect(false, "Authorization", "four", "00000001")
	expect(true, "Proxy-Authorization", "two", "00000003")
	if err := c.Info(`nextnonce="open`, false); err == nil {
		t.Error("Info took a broken header")
	}
	c.Forget()
	if _, _, ok := c.Cached("INVITE", "sip:x@r", nil, true); ok {
		t.Error("Forget left a nonce")
	}
}

func TestCacheIsBounded(t *testing.T) {
	var c Client
	for i := range 1000 {
		if _, _, err := c.Authorize("INVITE", "sip:r", nil, []string{fmt.Sprintf(`Digest realm="%d", nonce="n"`, i)}, true); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.spaces) > maxSpaces {
		t.Errorf("%d realms kept", len(c.spaces))
	}
}

func TestAttempt(t *testing.T) {
	const (
		fresh = `Digest realm="r", nonce="a", qop="auth"`
		stale = `Digest realm="r", nonce="b", qop="auth", stale=TRUE`
		other = `Digest realm="s", nonce="c", qop="auth"`
	)
	type step struct {
		challenge string
		proxy     bool
		allowed   bool
	}
	for name, steps := range map[string][]step{
		"wrong password":            {{fresh, false, true}, {fresh, false, false}},
		"stale once":                {{fresh, false, true}, {stale, false, true}, {stale, false, false}},
		"cached, stale forgotten":   {{fresh, false, true}, {fresh, false, false}},
		"cached, stale, then wrong": {{stale, false, true}, {fresh, false, false}},
		"proxy, then registrar":     {{fresh, true, true}, {fresh, false, true}, {fresh, true, false}},
		"two realms, each once":     {{fresh, true, true}, {other, true, true}, {other, true, false}},
		"stale for ever ends":       {{stale, false, true}, {stale, false, true}, {stale, false, false}},
	} {
		var a Attempt
		for i, s := range steps {
			err := a.Allow([]string{s.challenge}, s.proxy)
			if (err == nil) != s.allowed || err != nil && !errors.Is(err, ErrRejected) {
				t.Errorf("%s, step %d: %v", name, i, err)
			}
		}
	}
}

func FuzzParseChallenges(f *testing.F) {
	f.Add(`Digest realm="a \"b\", c", nonce="n", algorithm=MD5, qop="auth,auth-int", stale=true, Basic realm=x`)
	f.Add(`Negotiate TlRM==`)
	f.Add(`Digest realm = r , nonce=` + "\t" + `"x", , opaque="\`)
	f.Fuzz(func(t *testing.T, value string) {
		list, err := ParseChallenges(value)
		if err != nil && list != nil {
			t.Fatal("result and error")
		}
		c := Client{User: "u", Password: "p"}
		_, out, err := c.Authorize("INVITE", "sip:r", nil, []string{value}, false)
		if err != nil {
			return
		}
		if strings.ContainsAny(out, "\r\n\x00") {
			t.Fatalf("line end in %q", out)
		}
		params(t, out)
	})
}

// vectors were computed with Python's hashlib for user ata1, realm ata.test,
// password secret1, nonce abc123, cnonce as in TestAuthorize, nc 00000001,
// REGISTER sip:ata.test, body v=0.
var vectors = map[string]string{
	"MD5 auth":                  "2e9cb4bbfaa9c63d7e8acbeb67590f7d",
	"MD5 auth-int":              "5c22d0331c7cee6aecc60a2dc336ecfa",
	"MD5-sess auth":             "2014848e6a985f1ee26c296de5970c74",
	"MD5-sess auth-int":         "dd48afefb7750d9db1859889448752c8",
	"MD5 none":                  "b13ddc9111a12f1508d0c1bc1d40c973",
	"SHA-256 auth":              "699aae0b12ebca414bdd3079ea8ccc89c17573cbc847314813e0d988d51bb746",
	"SHA-256 auth-int":          "f7baf876c027d8743735a82d937d6d43cf27986c0df7b9b0ceb8946e8b3cc403",
	"SHA-256-sess auth":         "41a44f270e3733723f8c4037ad10271371802fcbc46437a3d2f7cfc9135f3c01",
	"SHA-256-sess auth-int":     "f4d75c737b36423abfe0293935d1cbafac10ff074f9939146eef02b038a0ee49",
	"SHA-256 none":              "5b07d4d46e677c5178ab51e50f6c6fec80d74b81cd256ef62f3c6244fc39e28b",
	"SHA-512-256 auth":          "faa0446f79a935d13fc2b3a21025ed03be9af70f4c4adb8f9248803d6dc575ff",
	"SHA-512-256 auth-int":      "3c007a3f32aec9994318cd0e17882cdd0b9c65dfba75c6797b0758d289bb70bf",
	"SHA-512-256-sess auth":     "65d1c5dea4b310e8a57d33c2bba6d7163b2a182e515689205fd09a2940dc75e1",
	"SHA-512-256-sess auth-int": "5ecb14cbfa9e1d736615a648c53891ab771fe3737f76185ddc4f3ee6c4c6677f",
	"SHA-512-256 none":          "f374d8d879c89d257f71055434f5fe919dc7fb6666e726780b816ad1599f27c4",
}
