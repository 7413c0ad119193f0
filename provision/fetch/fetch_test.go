package fetch

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/sip/digest"
)

const (
	document = `{"schema":1}`
	password = "correct horse"
)

// authority vouches for the certificates of a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	c := a.issue("authority", time.Now().Add(time.Hour), nil)
	a.cert, a.key = c.Leaf, c.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// issue makes a certificate that ends at a time; without a key of its own the
// authority makes itself.
func (a *authority) issue(name string, end time.Time, change func(*x509.Certificate)) *tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: end.Add(-2 * time.Hour), NotAfter: end, BasicConstraintsValid: true, IsCA: a.key == nil,
	}
	if change != nil {
		change(c)
	}
	parent, signer := a.cert, a.key
	if signer == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// local names the loopback address in a certificate.
func local(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} }

// serve starts a TLS server that the authority vouches for.
func (a *authority) serve(h http.HandlerFunc, change func(*tls.Config)) string {
	s := httptest.NewUnstartedServer(h)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{*a.issue("server", time.Now().Add(time.Hour), local)}}
	if change != nil {
		change(s.TLS)
	}
	s.Config.ErrorLog = nil
	s.StartTLS()
	a.t.Cleanup(s.Close)
	return s.URL + "/ata/001122334455.json"
}

func get(t *testing.T, opts Opts, url string, have Validator) (*Document, error) {
	t.Helper()
	c := New(opts)
	defer c.Close()
	return c.Get(t.Context(), url, have)
}

// refused expects a reason, and a text without the password.
func refused(t *testing.T, err error, want Reason) *Refusal {
	t.Helper()
	r, ok := errors.AsType[*Refusal](err)
	if !ok || r.Reason != want {
		t.Fatalf("error %v, want reason %q", err, want)
	}
	if text := err.Error(); strings.Contains(text, password) || strings.Contains(text, "token=") {
		t.Errorf("secret in %q", text)
	}
	return r
}

func give(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, document) }

func TestUnchanged(t *testing.T) {
	a := newAuthority(t)
	for name, h := range map[string]http.HandlerFunc{
		"etag": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"7"`)
			if r.Header.Get("If-None-Match") == `"7"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			give(w, r)
		},
		"last-modified": func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "x.json", time.Unix(1e9, 0), strings.NewReader(document))
		},
		"neither": give,
	} {
		t.Run(name, func(t *testing.T) {
			opts := Opts{Roots: a.pool()}
			url := a.serve(h, nil)
			first, err := get(t, opts, url, Validator{})
			if err != nil || string(first.Data) != document || first.Unchanged || first.Mutual {
				t.Fatalf("first: %+v, %v", first, err)
			}
			again, err := get(t, opts, url, first.Validator)
			if err != nil || !again.Unchanged || again.Data != nil || again.Validator.Hash != first.Validator.Hash {
				t.Errorf("again: %+v, %v", again, err)
			}
		})
	}
}

func TestNotModifiedOutOfTheBlue(t *testing.T) {
	a := newAuthority(t)
	url := a.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, nil)
	_, err := get(t, Opts{Roots: a.pool()}, url, Validator{})
	refused(t, err, ServerError)
}

// challenge asks for a password in the way given and counts who brought it.
func challenge(header string, brought *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if *brought = r.Header.Get("Authorization"); *brought == "" {
			w.Header().Set("WWW-Authenticate", header)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		give(w, r)
	}
}

func TestPassword(t *testing.T) {
	a := newAuthority(t)
	opts := Opts{Roots: a.pool(), User: "box", Password: config.NewSecret(password)}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("box:"+password))
	for name, tt := range map[string]struct{ header, want string }{
		"basic":                    {`Basic realm="x"`, basic},
		"digest":                   {`Digest realm="x", nonce="n", qop="auth", algorithm=SHA-256`, "Digest "},
		"digest without algorithm": {`Digest realm="pbx.test", nonce="n", qop="auth"`, "Digest "},
	} {
		t.Run(name, func(t *testing.T) {
			var brought string
			if _, err := get(t, opts, a.serve(challenge(tt.header, &brought), nil), Validator{}); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(brought, tt.want) {
				t.Errorf("Authorization %q, want %q", brought, tt.want)
			}
		})
	}
}

// A server that checks what digest says.
func TestDigestIsRight(t *testing.T) {
	a := newAuthority(t)
	asks := digest.NewChallenger(digest.ChallengerOpts{Realm: "x"})
	url := a.serve(func(w http.ResponseWriter, r *http.Request) {
		_, v := asks.Verify(time.Now(), digest.Request{Method: r.Method, URI: r.RequestURI, Values: r.Header.Values("Authorization")},
			func(string) (string, bool) { return password, true })
		if v != digest.Accepted {
			w.Header()["Www-Authenticate"] = asks.Challenge(time.Now(), false)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		give(w, r)
	}, nil)
	opts := Opts{Roots: a.pool(), User: "box", Password: config.NewSecret(password)}
	if _, err := get(t, opts, url+"?token=1&x=%20", Validator{}); err != nil {
		t.Error(err)
	}
	opts.Password = config.NewSecret("wrong")
	_, err := get(t, opts, url+"?token=1", Validator{})
	refused(t, err, Unauthorized)
}

func TestPasswordStaysAtHome(t *testing.T) {
	a := newAuthority(t)
	opts := Opts{Roots: a.pool(), User: "box", Password: config.NewSecret(password)}
	var brought string
	other := a.serve(challenge(`Basic realm="x"`, &brought), nil)
	home := a.serve(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, other, http.StatusFound)
	}, nil)
	_, err := get(t, opts, home, Validator{})
	refused(t, err, OtherHost)
	if brought != "" {
		t.Errorf("the other host got %q", brought)
	}
}

// The certificate of the device is for the server it belongs to alone.
func TestCertificateStaysAtHome(t *testing.T) {
	a := newAuthority(t)
	ask := func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert }
	var shown int
	other := a.serve(func(w http.ResponseWriter, r *http.Request) { shown = len(r.TLS.PeerCertificates); give(w, r) }, ask)
	var atHome int
	home := a.serve(func(w http.ResponseWriter, r *http.Request) {
		atHome = len(r.TLS.PeerCertificates)
		http.Redirect(w, r, other, http.StatusTemporaryRedirect)
	}, ask)
	d, err := get(t, Opts{Roots: a.pool(), Certificate: a.issue("001122334455", time.Now().Add(time.Hour), nil)}, home, Validator{})
	if err != nil || d.Mutual || atHome != 1 || shown != 0 {
		t.Errorf("document %+v, %v; %d certificates at home, %d shown to the other host", d, err, atHome, shown)
	}
}

func TestMutual(t *testing.T) {
	a := newAuthority(t)
	must := func(c *tls.Config) { c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, a.pool() }
	own := a.issue("001122334455", time.Now().Add(time.Hour), func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	d, err := get(t, Opts{Roots: a.pool(), Certificate: own}, a.serve(give, must), Validator{})
	if err != nil || !d.Mutual {
		t.Errorf("%+v, %v", d, err)
	}
	_, err = get(t, Opts{Roots: a.pool()}, a.serve(give, must), Validator{})
	refused(t, err, NeedsUs)
	gone := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }
	_, err = get(t, Opts{Roots: a.pool(), Certificate: own}, a.serve(gone, must), Validator{})
	if r := refused(t, err, Gone); !r.Mutual || r.Status != 410 {
		t.Errorf("%+v", r)
	}
	_, err = get(t, Opts{Roots: a.pool(), Certificate: own}, a.serve(gone, nil), Validator{})
	if r := refused(t, err, Gone); r.Mutual {
		t.Errorf("a server that did not ask who we are: %+v", r)
	}
}

func TestServersNotTrusted(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	expired := func(c *tls.Config) {
		c.Certificates = []tls.Certificate{*a.issue("server", time.Now().Add(-time.Minute), local)}
	}
	otherName := func(c *tls.Config) {
		c.Certificates = []tls.Certificate{*a.issue("other.test", time.Now().Add(time.Hour), nil)}
	}
	old := func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }
	for name, tt := range map[string]struct {
		url  string
		want Reason
	}{
		"unknown authority": {stranger.serve(give, nil), Untrusted},
		"expired":           {a.serve(give, expired), Untrusted},
		"other name":        {a.serve(give, otherName), Untrusted},
		"TLS 1.1":           {a.serve(give, old), Unreachable},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(t, Opts{Roots: a.pool()}, tt.url, Validator{})
			refused(t, err, tt.want)
		})
	}
	t.Run("not valid yet, says a clock that lost its time", func(t *testing.T) {
		later := func(c *tls.Config) {
			c.Certificates = []tls.Certificate{*a.issue("server", time.Now().Add(30*time.Hour), local)}
		}
		url := a.serve(give, later)
		_, err := get(t, Opts{Roots: a.pool()}, url, Validator{})
		refused(t, err, Untrusted)
		a.cert.NotAfter = time.Now().Add(48 * time.Hour)
		roots := x509.NewCertPool()
		long := &authority{t: t}
		c := long.issue("authority", time.Now().Add(48*time.Hour), func(c *x509.Certificate) { c.NotBefore = time.Unix(0, 0) })
		long.cert, long.key = c.Leaf, c.PrivateKey.(*ecdsa.PrivateKey)
		roots.AddCert(long.cert)
		url = long.serve(give, func(c *tls.Config) {
			c.Certificates = []tls.Certificate{*long.issue("server", time.Now().Add(30*time.Hour), local)}
		})
		if _, err := get(t, Opts{Roots: roots, Earliest: time.Now().Add(29 * time.Hour)}, url, Validator{}); err != nil {
			t.Error(err)
		}
	})
}

func TestRedirects(t *testing.T) {
	a := newAuthority(t)
	plain := httptest.NewServer(http.HandlerFunc(give))
	t.Cleanup(plain.Close)
	to := func(place string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", place)
			w.WriteHeader(http.StatusFound)
		}
	}
	loop := a.serve(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, nil)
	for name, url := range map[string]string{
		"to plain text":      a.serve(to(plain.URL), nil),
		"for ever":           loop,
		"nowhere":            a.serve(to(""), nil),
		"to a file":          a.serve(to("file:///etc/passwd"), nil),
		"with a password":    a.serve(to("https://u:token=1@127.0.0.1/"), nil),
		"to another service": a.serve(to("tftp://127.0.0.1/x"), nil),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(t, Opts{Roots: a.pool(), Plain: true}, url, Validator{})
			refused(t, err, BadRedirect)
		})
	}
	t.Run("from plain text to TLS", func(t *testing.T) {
		s := httptest.NewServer(to(a.serve(give, nil)))
		defer s.Close()
		if d, err := get(t, Opts{Roots: a.pool(), Plain: true}, s.URL+"/x", Validator{}); err != nil || string(d.Data) != document {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

func TestPlainText(t *testing.T) {
	var brought string
	s := httptest.NewServer(challenge(`Basic realm="x"`, &brought))
	defer s.Close()
	_, err := get(t, Opts{}, s.URL, Validator{})
	refused(t, err, Plain)
	_, err = get(t, Opts{Plain: true, User: "box", Password: config.NewSecret(password)}, s.URL, Validator{})
	refused(t, err, Plain)
	if brought != "" {
		t.Errorf("the password went in plain text: %q", brought)
	}
}

func TestBadURLs(t *testing.T) {
	for _, url := range []string{"", "x", "https://", "https:opaque", "ftp://h/x", "https://u:correct horse@h/x", "https://u:p@h/?token=1", ":\x00", "https://[::1"} {
		_, err := get(t, Opts{}, url, Validator{})
		refused(t, err, BadURL)
	}
}

func TestStatus(t *testing.T) {
	a := newAuthority(t)
	for code, want := range map[int]Reason{
		401: Unauthorized, 403: Forbidden, 404: NotFound, 410: Gone, 429: Busy, 500: ServerError, 503: Busy, 204: ServerError, 206: ServerError,
	} {
		url := a.serve(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(code)
		}, nil)
		_, err := get(t, Opts{Roots: a.pool()}, url+"?token=1", Validator{})
		if r := refused(t, err, want); r.Status != code || r.Mutual || code == 503 && r.RetryAfter != 90*time.Second {
			t.Errorf("%d: %+v", code, r)
		}
	}
}

// packed is text compressed n times over.
func packed(text []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text)
	_ = z.Close()
	return b.Bytes()
}

func TestBodies(t *testing.T) {
	a := newAuthority(t)
	long := strings.Repeat("a", 100_000)
	noise := make([]byte, 2<<20)
	_, _ = rand.Read(noise)
	for name, tt := range map[string]struct {
		body   []byte
		header map[string]string
		want   Reason
	}{
		"packed":              {packed([]byte(document)), map[string]string{"Content-Encoding": "gzip"}, ""},
		"packed well":         {packed([]byte(long[:60_000])), map[string]string{"Content-Encoding": "gzip"}, ""},
		"bomb":                {packed([]byte(strings.Repeat(long, 5))), map[string]string{"Content-Encoding": "gzip"}, Bomb},
		"large":               {noise, map[string]string{"Content-Length": ""}, TooLarge},
		"says that it is":     {noise, nil, TooLarge},
		"packed, large":       {packed(noise), map[string]string{"Content-Encoding": "gzip"}, TooLarge},
		"not packed":          {[]byte(document), map[string]string{"Content-Encoding": "gzip"}, Truncated},
		"packed, cut":         {packed([]byte(long))[:60], map[string]string{"Content-Encoding": "gzip"}, Truncated},
		"shorter than it is":  {[]byte(document), map[string]string{"Content-Length": "4000"}, Truncated},
		"signature is no one": {[]byte(document), map[string]string{SignatureHeader: "%"}, Truncated},
	} {
		t.Run(name, func(t *testing.T) {
			url := a.serve(func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range tt.header {
					if v != "" {
						w.Header().Set(k, v)
					}
				}
				if _, chunked := tt.header["Content-Length"]; chunked && tt.header["Content-Length"] == "" {
					_ = http.NewResponseController(w).Flush()
				}
				_, _ = w.Write(tt.body)
			}, nil)
			d, err := get(t, Opts{Roots: a.pool()}, url, Validator{})
			if tt.want == "" {
				if err != nil || len(d.Data) == 0 {
					t.Errorf("%+v, %v", d, err)
				}
				return
			}
			refused(t, err, tt.want)
		})
	}
}

func TestSignature(t *testing.T) {
	a := newAuthority(t)
	url := a.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(SignatureHeader, base64.StdEncoding.EncodeToString([]byte("signed")))
		give(w, r)
	}, nil)
	if d, err := get(t, Opts{Roots: a.pool()}, url, Validator{}); err != nil || string(d.Signature) != "signed" {
		t.Errorf("%+v, %v", d, err)
	}
}
