package fetch

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/config"
)

// A file that another one names is asked for with what is for its server, and
// from https nothing leads to plain text.
func TestNamed(t *testing.T) {
	a := newAuthority(t)
	var brought, shown string
	asks := challenge(`Basic realm="r"`, &brought)
	server := a.serve(func(w http.ResponseWriter, r *http.Request) {
		shown = ""
		if len(r.TLS.PeerCertificates) > 0 {
			shown = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		asks(w, r)
	}, func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert })
	const other = "https://127.0.0.2:1/first"
	opts := Opts{Roots: a.pool(), User: "device", Password: config.NewSecret(password), Certificate: a.issue("device", a.cert.NotAfter, nil), Plain: true}
	for _, tt := range []struct {
		name string
		r    Request
		want Reason
		user string // that was given
	}{
		{"of its own server", Request{URL: server + "/b", From: server, Home: server + "/a"}, "", "device"},
		{"of another's, by its own password", Request{URL: server + "/b", From: other, Home: other, User: "rule", Password: config.NewSecret("p")}, "", "rule"},
		{"of another's", Request{URL: server + "/b", From: other, Home: other}, OtherHost, ""},
		{"to plain text", Request{URL: "http" + strings.TrimPrefix(server, "https"), From: other, Home: other}, BadRedirect, ""},
		{"to TFTP", Request{URL: "tftp://127.0.0.1/b", From: other}, BadRedirect, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			brought, shown = "", ""
			c := New(opts)
			defer c.Close()
			d, err := c.Fetch(t.Context(), tt.r)
			if tt.want != "" {
				refused(t, err, tt.want)
			} else if err != nil || string(d.Data) != document || d.Asked != tt.r.URL {
				t.Errorf("%+v, %v", d, err)
			}
			req := &http.Request{Header: http.Header{"Authorization": {brought}}}
			if user, _, _ := req.BasicAuth(); user != tt.user {
				t.Errorf("the server was told %q, want %q", user, tt.user)
			}
			if own := tt.r.Home == server+"/a"; (shown == "device") != own {
				t.Errorf("the server was shown %q", shown)
			}
		})
	}
}

// A signature may lie beside its document.
func TestDetached(t *testing.T) {
	const text = "untrusted comment: x\nRWQ\n"
	a := newAuthority(t)
	for _, tt := range []struct {
		name, header string
		off          bool
		beside       func(http.ResponseWriter)
		want         string
		reason       Reason
	}{
		{name: "beside", beside: func(w http.ResponseWriter) { _, _ = io.WriteString(w, text) }, want: text},
		{name: "not asked for", off: true, beside: func(w http.ResponseWriter) { _, _ = io.WriteString(w, text) }},
		{name: "in the header", header: "Zm9v", beside: func(w http.ResponseWriter) { t.Error("asked for"); w.WriteHeader(404) }, want: "foo"},
		{name: "none", beside: func(w http.ResponseWriter) { w.WriteHeader(404) }},
		{name: "a page", beside: func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") }},
		{name: "too large", beside: func(w http.ResponseWriter) { _, _ = io.WriteString(w, text+strings.Repeat(" ", maxSignature)) }},
		{name: "out of order", beside: func(w http.ResponseWriter) { w.WriteHeader(503) }, reason: Busy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := a.serve(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.String() {
				case "/moved.json?mac=1":
					http.Redirect(w, r, "/a.json", http.StatusFound)
				case "/moved.json.minisig?mac=1":
					tt.beside(w)
				case "/a.json":
					if tt.header != "" {
						w.Header().Set(SignatureHeader, tt.header)
					}
					give(w, r)
				default:
					t.Errorf("asked for %s", r.URL)
				}
			}, nil)
			server, _, _ := strings.Cut(url, "/ata/")
			d, err := get(t, Opts{Roots: a.pool(), Detached: !tt.off}, server+"/moved.json?mac=1", Validator{})
			if tt.reason != "" {
				refused(t, err, tt.reason)
			} else if err != nil || string(d.Signature) != tt.want || string(d.Data) != document {
				t.Errorf("signature %q, %+v, %v", d.Signature, d, err)
			}
		})
	}
}
