package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/sip/digest"
)

// SignatureHeader carries a detached signature of the body: a minisign file in
// base64.
const SignatureHeader = "X-Config-Signature"

// web asks over HTTP, with or without a certificate of our own.
type web struct {
	transport *http.Transport
	client    *http.Client
	shown     sync.Map // hosts that asked for our certificate and got it
}

func newWeb(opts *Opts, own *tls.Certificate) *web {
	t := &http.Transport{
		DialContext:            opts.Dial,
		DisableCompression:     true, // we bound it ourselves
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           1,
		IdleConnTimeout:        30 * time.Second,
		ResponseHeaderTimeout:  opts.Limits.Header,
		TLSHandshakeTimeout:    opts.Limits.Header,
		MaxResponseHeaderBytes: 32 << 10,
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			RootCAs:    opts.Roots,
			Time:       func() time.Time { return latest(time.Now(), opts.Earliest) },
		},
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w := &web{transport: t, client: &http.Client{Transport: t, CheckRedirect: stay}}
	if own != nil {
		t.TLSClientConfig.GetClientCertificate = w.show(own)
	}
	return w
}

// askedHost is the key of the host in the context of a request.
type askedHost struct{}

// show gives our certificate to a server that asks for it and takes the like of it
// (RFC 8446 §4.3.2), and remembers to whom.
func (w *web) show(own *tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(r *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if r.SupportsCertificate(own) != nil {
			return &tls.Certificate{}, nil
		}
		w.shown.Store(r.Context().Value(askedHost{}), true)
		return own, nil
	}
}

// knowsUs reports whether a host was shown our certificate.
func (w *web) knowsUs(host string) bool {
	_, shown := w.shown.Load(host)
	return shown
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// errand is one fetch or report on its way.
type errand struct {
	*Client
	method   string
	body     []byte
	named    *url.URL // what was to be fetched
	at       *url.URL // whom we ask now
	home     *url.URL // whom user and password are for
	shown    *url.URL // whom our certificate is for
	user     string
	password config.Secret
	have     Validator
}

// getHTTP asks, following redirects within bounds.
func (e *errand) getHTTP(ctx context.Context) (*Document, error) {
	for range e.opts.Limits.Redirects + 1 {
		res, err := e.ask(ctx)
		if err != nil {
			return nil, refusalOf(ctx, e.at, err)
		}
		to := redirect(res)
		if !to {
			d, err := e.take(res)
			_ = res.Body.Close()
			if err != nil {
				return nil, refusalOf(ctx, e.at, err)
			}
			return d, nil
		}
		err = e.follow(res)
		_ = res.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	return nil, &Refusal{Reason: BadRedirect, URL: safeURL(e.at), Err: errors.New("too many redirects")}
}

// Report posts a JSON document to the server. It follows no redirect.
func (c *Client) Report(ctx context.Context, rawURL string, body []byte) error {
	u, err := c.parse(rawURL)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Limits.Total, errSlow)
	defer cancel()
	e := &errand{Client: c, method: http.MethodPost, body: body, at: u, home: u, shown: u, user: c.opts.User, password: c.opts.Password}
	res, err := e.ask(ctx)
	if err != nil {
		return refusalOf(ctx, u, err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return &Refusal{Reason: reasonOfStatus(res.StatusCode), URL: safeURL(u), Status: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"))}
	}
	return nil
}

func redirect(res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow goes where a redirect leads: to https alone once it was https.
func (e *errand) follow(res *http.Response) error {
	to, err := res.Location()
	switch {
	case err != nil:
		return &Refusal{Reason: BadRedirect, URL: safeURL(e.at), Status: res.StatusCode, Err: errors.New("no place to go to")}
	case to.User != nil || to.Scheme != "https" && (to.Scheme != "http" || e.at.Scheme == "https"):
		return &Refusal{Reason: BadRedirect, URL: safeURL(e.at), Status: res.StatusCode, Err: errors.New("it leads to " + safeURL(to))}
	}
	if err := e.allow(to); err != nil {
		return err
	}
	e.at = to
	return nil
}

// asks reports whether we ask that server.
func (e *errand) asks(server *url.URL) bool {
	return e.at.Scheme == server.Scheme && e.at.Host == server.Host
}

// ask sends the request, and again with credentials if the server wants them.
func (e *errand) ask(ctx context.Context) (*http.Response, error) {
	res, err := e.send(ctx, "")
	if err != nil || res.StatusCode != http.StatusUnauthorized {
		return res, err
	}
	defer res.Body.Close()
	credentials, err := e.answer(res)
	if err != nil {
		return nil, err
	}
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10) // so that the connection can be used again
	return e.send(ctx, credentials)
}

func (e *errand) send(ctx context.Context, credentials string) (*http.Response, error) {
	ctx = context.WithValue(ctx, askedHost{}, e.at.Host)
	req, err := http.NewRequestWithContext(ctx, e.method, e.at.String(), bytes.NewReader(e.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", e.opts.UserAgent)
	if e.have.ETag != "" {
		req.Header.Set("If-None-Match", e.have.ETag)
	}
	if e.have.Modified != "" {
		req.Header.Set("If-Modified-Since", e.have.Modified)
	}
	if e.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if credentials != "" {
		req.Header.Set("Authorization", credentials)
	}
	if e.asks(e.shown) {
		return e.own.client.Do(req)
	}
	return e.others.client.Do(req)
}

// answer makes credentials for a challenge: digest if it is offered, basic only
// where nobody can listen.
func (e *errand) answer(res *http.Response) (string, error) {
	refuse := func(reason Reason, why string) (string, error) {
		return "", &Refusal{Reason: reason, URL: safeURL(e.at), Status: res.StatusCode, Err: errors.New(why)}
	}
	challenges := res.Header.Values("WWW-Authenticate")
	switch {
	case !e.asks(e.home):
		return refuse(OtherHost, "it is not the server that the password is for, and wants one")
	case e.user == "":
		return refuse(Unauthorized, "the server wants a user and a password, there are none")
	}
	d := digest.Client{User: e.user, Password: e.password.Reveal()}
	if _, value, err := d.Authorize(e.method, e.at.RequestURI(), e.body, challenges, false); err == nil {
		return value, nil
	}
	switch {
	case !offersBasic(challenges):
		return refuse(Unauthorized, "the server asks for a password in no way that we know")
	case e.at.Scheme != "https":
		return refuse(Plain, "the server wants the password in plain text")
	}
	pair := e.user + ":" + e.password.Reveal()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)), nil
}

// take reads the answer that is no redirect.
func (e *errand) take(res *http.Response) (*Document, error) {
	mutual := res.TLS != nil && e.asks(e.shown) && e.own.knowsUs(e.at.Host)
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotModified:
		if e.have == (Validator{}) {
			return nil, &Refusal{Reason: ServerError, URL: safeURL(e.at), Status: res.StatusCode, Err: errors.New("not modified, but nothing is known yet")}
		}
		return &Document{URL: safeURL(e.at), Unchanged: true, Mutual: mutual}, nil
	default:
		return nil, &Refusal{
			Reason: reasonOfStatus(res.StatusCode), URL: safeURL(e.at), Status: res.StatusCode,
			RetryAfter: retryAfter(res.Header.Get("Retry-After")), Mutual: mutual,
		}
	}
	data, err := e.opts.Limits.read(res)
	if err != nil {
		return nil, err
	}
	d := &Document{URL: safeURL(e.at), Data: data, Mutual: mutual}
	if strings.EqualFold(res.Header.Get("Content-Encoding"), "aes128gcm") {
		d.Coding = "aes128gcm"
	}
	d.Validator.ETag, d.Validator.Modified = res.Header.Get("ETag"), res.Header.Get("Last-Modified")
	d.Signature, err = signature(res.Header.Get(SignatureHeader))
	return d, err
}

func signature(value string) ([]byte, error) {
	if value == "" {
		return nil, nil
	}
	sig, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return nil, &Refusal{Reason: Truncated, Err: errors.New(SignatureHeader + " is not base64")}
	}
	return sig, nil
}

func reasonOfStatus(code int) Reason {
	switch code {
	case http.StatusUnauthorized:
		return Unauthorized
	case http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound:
		return NotFound
	case http.StatusGone:
		return Gone
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return Busy
	}
	return ServerError
}

// retryAfter reads the header (RFC 9110 §10.2.3); a date is not worth a clock
// that may be wrong, so only seconds count, up to a day.
func retryAfter(value string) time.Duration {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, 24*time.Hour)
}

// offersBasic reports whether one of the challenges is basic.
func offersBasic(challenges []string) bool {
	for _, c := range challenges {
		scheme, _, _ := strings.Cut(strings.TrimSpace(c), " ")
		if strings.EqualFold(scheme, "basic") {
			return true
		}
	}
	return false
}
