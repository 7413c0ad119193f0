package profile

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/provision/macro"
)

var device = macro.Device{MAC: net.HardwareAddr{0, 0x0e, 8, 0xaa, 0xbb, 0xcc}, Serial: "CB-1", Product: "board", Software: "1"}

const accounts = "<User_ID_1_>1001</User_ID_1_><Password_1_>s3cret</Password_1_><Proxy_1_>pbx.test</Proxy_1_>"

// sites are files by URL. Those in asked were fetched.
type sites struct {
	files map[string]string
	asked []fetch.Request
}

func flat(text string) string { return "<flat-profile>" + text + "</flat-profile>" }

func (s *sites) Fetch(_ context.Context, r fetch.Request) (*fetch.Document, error) {
	s.asked = append(s.asked, r)
	text, there := s.files[r.URL]
	if !there {
		return nil, &fetch.Refusal{Reason: fetch.NotFound, URL: fetch.Shown(r.URL)}
	}
	d := &fetch.Document{URL: fetch.Shown(r.URL), Asked: r.URL, Data: []byte(text)}
	d.Validator.Hash = sha256.Sum256(d.Data)
	return d, nil
}

func (s *sites) Get(ctx context.Context, url string, have fetch.Validator) (*fetch.Document, error) {
	d, err := s.Fetch(ctx, fetch.Request{URL: url, Have: have})
	if err == nil && d.Validator.Hash == have.Hash {
		d.Unchanged, d.Data = true, nil
	}
	return d, err
}

func (s *sites) Report(context.Context, string, []byte) error { return nil }
func (s *sites) Close()                                       {}

// read reads the profile that begins at a URL.
func (s *sites) read(t *testing.T, url string, p config.Provision) (*provision.Profile, error) {
	t.Helper()
	first, err := s.Get(t.Context(), url, fetch.Validator{})
	if err != nil {
		t.Fatal(err)
	}
	s.asked = nil
	r := &Reader{Device: device, Logger: slog.New(slog.DiscardHandler)}
	return r.Read(t.Context(), provision.Foreign{Settings: &p, Cause: provision.AtBoot, First: first, Get: s.Fetch})
}

// urls are those that were fetched.
func (s *sites) urls() (list []string) {
	for _, r := range s.asked {
		list = append(list, r.URL)
	}
	return list
}

func TestRow(t *testing.T) {
	const first = "tftp://pbx.test/spa112.cfg"
	for _, tt := range []struct {
		name   string
		url    string // [first]
		files  map[string]string
		want   []string     // fetched beyond the first
		reason fetch.Reason // why not
	}{
		{
			name: "B and C, as Wazo has them",
			files: map[string]string{
				first:                                    flat("<Profile_Rule_B>http://pbx.test:8667/Cisco/spa-ata.xml</Profile_Rule_B><Profile_Rule_C>http://pbx.test:8667/Cisco/$MA.xml</Profile_Rule_C>"),
				"http://pbx.test:8667/Cisco/spa-ata.xml": flat("<Reorder_Delay>7</Reorder_Delay>"),
				"http://pbx.test:8667/Cisco/000e08aabbcc.xml": flat(accounts),
			},
			want: []string{"http://pbx.test:8667/Cisco/spa-ata.xml", "http://pbx.test:8667/Cisco/000e08aabbcc.xml"},
		},
		{
			name: "the first file leads on, and that one to itself",
			files: map[string]string{
				first:                                flat("<Profile_Rule>https://prov.test/$MAU.xml</Profile_Rule>"),
				"https://prov.test/000E08AABBCC.xml": flat(accounts + "<Profile_Rule>https://prov.test/$MAU.xml</Profile_Rule>"),
			},
			want: []string{"https://prov.test/000E08AABBCC.xml"},
		},
		{
			name: "a rule that names its own file by another scheme", url: "https://pbx.test/prov/?mac=000e08aabbcc",
			files: map[string]string{"https://pbx.test/prov/?mac=000e08aabbcc": flat(accounts + "<Profile_Rule>[--uid u --pwd p] http://pbx.test/prov/?mac=$MA</Profile_Rule>")},
		},
		{
			name: "the default of the adapter, over https", url: "https://pbx.test/a.xml",
			files: map[string]string{"https://pbx.test/a.xml": flat(accounts + "<Profile_Rule>/spa$PSN.cfg</Profile_Rule>")},
		},
		{
			name: "relative to the first",
			url:  "tftp://pbx.test:1069/spa112.cfg",
			files: map[string]string{
				"tftp://pbx.test:1069/spa112.cfg": flat("<Profile_Rule_B>/common.cfg</Profile_Rule_B><GPP_A>deep</GPP_A><Profile_Rule_C>http:///$A/$PN.xml</Profile_Rule_C>"),
				"tftp://pbx.test:1069/common.cfg": flat(""),
				"http://pbx.test/deep/SPA112.xml": flat(accounts),
			},
			want: []string{"tftp://pbx.test:1069/common.cfg", "http://pbx.test/deep/SPA112.xml"},
		},
		{
			name: "conditions, assignments and what later files say",
			files: map[string]string{
				first:                   flat(`<Profile_Rule_B>("$PN" eq "SPA122")? /no | ($PRVST = 0)? ( GPP_B = "two"; )! /b</Profile_Rule_B><Profile_Rule_C>/c</Profile_Rule_C>`),
				"tftp://pbx.test/b":     flat("<Profile_Rule_C>/c-$B</Profile_Rule_C><Profile_Rule_D># /off</Profile_Rule_D>"),
				"tftp://pbx.test/c-two": flat(""),
			},
			want: []string{"tftp://pbx.test/b", "tftp://pbx.test/c-two"},
		},
		{
			name:  "one that is there already",
			files: map[string]string{first: flat("<Profile_Rule_B>/spa112.cfg</Profile_Rule_B>")},
		},
		{
			name: "in circles",
			files: map[string]string{
				first:               flat("<Profile_Rule>/a</Profile_Rule>"),
				"tftp://pbx.test/a": flat("<Profile_Rule>/spa112.cfg</Profile_Rule>"),
			},
			want: []string{"tftp://pbx.test/a"}, reason: provision.BadRule,
		},
		{
			name: "too far",
			files: map[string]string{
				first: flat("<Profile_Rule>/1</Profile_Rule>"), "tftp://pbx.test/1": flat("<Profile_Rule>/2</Profile_Rule>"),
				"tftp://pbx.test/2": flat("<Profile_Rule>/3</Profile_Rule>"), "tftp://pbx.test/3": flat("<Profile_Rule>/4</Profile_Rule>"),
				"tftp://pbx.test/4": flat("<Profile_Rule>/5</Profile_Rule>"),
			},
			want: []string{"tftp://pbx.test/1", "tftp://pbx.test/2", "tftp://pbx.test/3", "tftp://pbx.test/4"}, reason: provision.BadRule,
		},
		{name: "missing", files: map[string]string{first: flat("<Profile_Rule_B>/b</Profile_Rule_B>")}, want: []string{"tftp://pbx.test/b"}, reason: fetch.NotFound},
		{name: "may be missing", files: map[string]string{first: flat("<Resync_Fails_On_FNF>No</Resync_Fails_On_FNF><Profile_Rule_B>/b</Profile_Rule_B>")}, want: []string{"tftp://pbx.test/b"}},
		{name: "wrong rule", files: map[string]string{first: flat("<Profile_Rule_D>[--key</Profile_Rule_D>")}, reason: provision.BadRule},
		{name: "scheme", files: map[string]string{first: flat("<Profile_Rule_D>ftp://pbx.test/x</Profile_Rule_D>")}, reason: provision.BadRule},
		{name: "post", files: map[string]string{first: flat("<Profile_Rule_D>[--post $A] http://pbx.test/x</Profile_Rule_D>")}, reason: provision.BadRule},
		{name: "unfilled", files: map[string]string{first: flat("<Profile_Rule_D>{$rule}</Profile_Rule_D>")}},
		{name: "report", files: map[string]string{first: flat("<Profile_Rule_D>[--report] http://pbx.test/x</Profile_Rule_D>")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &sites{files: tt.files}
			url := tt.url
			if url == "" {
				url = first
			}
			p, err := s.read(t, url, config.Provision{Persona: "spa112"})
			if got := s.urls(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("fetched %q, want %q", got, tt.want)
			}
			r, _ := errors.AsType[*fetch.Refusal](err)
			switch {
			case tt.reason != "" && (r == nil || r.Reason != tt.reason):
				t.Errorf("%v, want %s", err, tt.reason)
			case tt.reason == "" && err != nil:
				t.Error(err)
			case tt.reason == "" && len(p.More) > len(tt.want):
				t.Errorf("%d files more, want at most %d", len(p.More), len(tt.want))
			}
		})
	}
}

// Everything that is fetched says who named it, so that what came over https
// leads to nothing plain, and a rule's own password goes with it.
func TestWhoNames(t *testing.T) {
	s := &sites{files: map[string]string{
		"https://pbx.test/a":       flat("<GPP_SA>word</GPP_SA><Profile_Rule_B>[--uid me --pwd $SA] https://other.test/$SA/b</Profile_Rule_B>"),
		"https://other.test/$SA/b": flat(""),
	}}
	if _, err := s.read(t, "https://pbx.test/a", config.Provision{}); err != nil {
		t.Fatal(err)
	}
	r := s.asked[0]
	if r.From != "https://pbx.test/a" || r.User != "me" || r.Password.Reveal() != "word" {
		t.Errorf("request %+v", r)
	}
}

// What anybody could listen to is told from what nobody could.
func TestExposed(t *testing.T) {
	const passphrase = "SecretPhrase1234"
	sealed, err := base64.StdEncoding.DecodeString(vectors["openssl-sha256"])
	if err != nil {
		t.Fatal(err)
	}
	key := config.NewSecret(passphrase)
	rules := func(rule string) string { return flat(accounts + "<Profile_Rule_B>" + rule + "</Profile_Rule_B>") }
	second := flat("<User_ID_2_>2</User_ID_2_><Password_2_>two</Password_2_><Proxy_2_>pbx.test</Proxy_2_>")
	for _, tt := range []struct {
		name, first, rule string
		key               config.Secret
		text              string
		want              [2]bool // of the passwords
	}{
		{"all by https", "https://a.test/a", "https://b.test/b", config.Secret{}, second, [2]bool{}},
		{"the second by http", "tftp://a.test/a", "http://b.test/b", config.Secret{}, second, [2]bool{true, true}},
		{"the second by https", "tftp://a.test/a", "https://b.test/b", config.Secret{}, second, [2]bool{true, false}},
	} {
		s := &sites{files: map[string]string{tt.first: rules(tt.rule), tt.rule: tt.text}}
		p, err := s.read(t, tt.first, config.Provision{ProfileKey: tt.key})
		if err != nil {
			t.Fatal(tt.name, err)
		}
		if got := [2]bool{p.Exposed("/lines/0/sip/password"), p.Exposed("/lines/1/sip/password")}; got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if !p.Exposed("/provision/auth/password") {
			t.Errorf("%s: what is from no file is not exposed", tt.name)
		}
	}
	d := &fetch.Document{URL: "http://a.test/a", Data: sealed}
	for _, tt := range []struct {
		own, named config.Secret
		overheard  bool
		exposed    bool
	}{
		{own: key},
		{named: key},
		{named: key, overheard: true, exposed: true},
		{own: key, named: key, overheard: true},
		{own: config.NewSecret("other"), named: key, overheard: true, exposed: true},
	} {
		if p, err := open(d, tt.own, tt.named, tt.overheard); err != nil || p.exposed != tt.exposed {
			t.Errorf("%+v: %+v, %v", tt, p, err)
		}
	}
}

// vectors are files of `openssl enc -aes-256-cbc -k SecretPhrase1234`, of which
// package crypt has more.
var vectors = map[string]string{
	"openssl-md5":    "U2FsdGVkX1+A4SErpPcjK3Olqp3zoeG4H/LRbADBddaZd1P1yk6//O80l8CIOi3b6BZr6jGTgFR2ds2JsKeSH12X5Ij+pGawHDyNREl1Xf6ofz3+3SG7yuIL1ZdvTPPq+4+Rlf+63fLcP2GsNnJRGg==",
	"openssl-sha256": "U2FsdGVkX1/iI8wQuw6bwi3aVxpTXrpNIpMQw/hjrPXVZao1oDsXj1pKepSOhRY9JOFyEZS/Ezj3Md8qBYNWvEevbcRUYw7l8+bP9vuMkDN2kpyeapudRmdtSeolgU1Syc7p+2F88cs5i+eyhRug2A==",
}

// An encrypted file opens with the key of the rule that named it, and with the
// configuration's. A wrong key has its own reason.
func TestKeys(t *testing.T) {
	for name, text := range vectors {
		sealed, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			rule, own string
			ok        bool
		}{
			{"[--key SecretPhrase1234] /b", "", true},
			{`[--key "SecretPhrase1234"] /b`, "other", true},
			{"[--key $SA] /b", "", true},
			{"[--key wrong] /b", "SecretPhrase1234", true},
			{"[--key wrong] /b", "", false},
			{"/b", "wrong", false},
			{"/b", "", false},
		} {
			s := &sites{files: map[string]string{
				"https://a.test/a": flat("<GPP_SA>SecretPhrase1234</GPP_SA><Profile_Rule_B>" + strings.Replace(tt.rule, "/b", "https://a.test/b", 1) + "</Profile_Rule_B>"),
				"https://a.test/b": string(sealed),
			}}
			p, err := s.read(t, "https://a.test/a", config.Provision{ProfileKey: config.NewSecret(tt.own)})
			r, _ := errors.AsType[*fetch.Refusal](err)
			switch {
			case tt.ok && (err != nil || !strings.Contains(string(p.Document), `"user": "1001"`)):
				t.Errorf("%s, %+v: %v", name, tt, err)
			case !tt.ok && (r == nil || r.Reason != provision.WrongKey):
				t.Errorf("%s, %+v: %v, want wrong-key", name, tt, err)
			case err != nil && strings.Contains(err.Error(), "SecretPhrase"):
				t.Errorf("the key is in %v", err)
			}
		}
	}
}

// A body of the content coding aes128gcm is opened; the example is that of
// RFC 8188 §3.1.
func TestContentCoding(t *testing.T) {
	body, err := base64.StdEncoding.DecodeString("I1BsxtFttlv3u/Oo94xnmwAAEAAA+NAVub2qFgBEuQKRapoZu+IxkIva3MEB1PD+ly8Thjg=")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := base64.RawURLEncoding.DecodeString("yqdlZ-tYemfogSmv7Ws5PQ")
	if err != nil {
		t.Fatal(err)
	}
	d := &fetch.Document{URL: "http://a.test/a", Data: body, Coding: "aes128gcm"}
	p, err := open(d, config.NewSecret(string(secret)), config.Secret{}, false)
	if err != nil || string(p.file.Data) != "I am the walrus" || p.exposed {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := open(d, config.NewSecret("no"), config.Secret{}, false); err == nil || !strings.Contains(err.Error(), string(provision.WrongKey)) {
		t.Errorf("%v, want wrong-key", err)
	}
}

func TestNotAProfile(t *testing.T) {
	for text, want := range map[string]string{
		"hello": "neither",
		"<gs_provision><mac>000b82000002</mac></gs_provision>": "another device",
		"\x1f\x8b\x08truncated":                                "decompress",
		flat("<Profile_Rule_B>/b</Profile_Rule_B>"):            "no XML element",
	} {
		s := &sites{files: map[string]string{"tftp://a.test/a": text, "tftp://a.test/b": "hello"}}
		if _, err := s.read(t, "tftp://a.test/a", config.Provision{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: %v, want %q", text, err, want)
		}
	}
}

func FuzzRow(f *testing.F) {
	f.Add("[--key k] /b", "<flat-profile/>", "http://a.test/$MA")
	f.Add(`("$MA" = "x")? /a | ( GPP_A = "1"; User_ID[1] = "2" )! tftp:///b`, flat(accounts), "#")
	f.Fuzz(func(t *testing.T, b, text, move string) {
		s := &sites{files: map[string]string{"tftp://a.test/a": flat("<Profile_Rule_B><![CDATA[" + b + "]]></Profile_Rule_B><Profile_Rule><![CDATA[" + move + "]]></Profile_Rule>")}}
		p := config.Provision{Persona: "spa112"}
		first, err := s.Get(t.Context(), "tftp://a.test/a", fetch.Validator{})
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		get := func(_ context.Context, r fetch.Request) (*fetch.Document, error) {
			asked++
			return &fetch.Document{URL: fetch.Shown(r.URL), Asked: r.URL, Data: []byte(text)}, nil
		}
		r := &Reader{Device: device, Logger: slog.New(slog.DiscardHandler)}
		profile, err := r.Read(t.Context(), provision.Foreign{Settings: &p, First: first, Get: get})
		if asked > maxParts {
			t.Errorf("%d files", asked)
		}
		if err == nil {
			if _, err := config.Parse("f", profile.Document); err != nil {
				t.Errorf("the document is not valid: %v", err)
			}
		}
	})
}
