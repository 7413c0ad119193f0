// Package fetch gets a document from a provisioning server: HTTPS with user and
// password or a device certificate; HTTP and TFTP only where they are allowed.
// It trusts nothing that it reads: size, time, compression and redirects are
// bounded, and credentials go to the server they were given for and nowhere
// else.
package fetch

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

// Opts are the settings of a Client. The zero value asks HTTPS servers that the
// system trusts, without credentials.
type Opts struct {
	UserAgent string

	// User and Password answer a challenge of the server that the URL names:
	// digest (RFC 7616), or basic (RFC 7617) over TLS alone.
	User     string
	Password config.Secret

	// Certificate says who this device is (RFC 8446 §4.4.2). It is shown to the
	// server that the URL names and not to one that a redirect leads to.
	Certificate *tls.Certificate
	Roots       *x509.CertPool // who may vouch for a server; nil: the system's

	// Plain allows http and tftp. Without it only https is asked.
	Plain bool

	// Earliest is a time that has certainly passed, such as that of the last
	// start. A board without a clock starts in 1970 and would find no
	// certificate valid yet.
	Earliest time.Time

	// Detached asks for the file URL.minisig beside a document that came without
	// a signature.
	Detached bool

	Limits Limits

	// Dial opens connections; nil: the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Limits bound what a server may make the device do. Zero fields take the
// default.
type Limits struct {
	Body      int64         // document, as sent and after decompression, bytes [1 MiB]
	Ratio     int64         // decompressed to compressed size [50]
	Total     time.Duration // whole fetch, redirects and challenges included [60 s]
	Header    time.Duration // until the header of an answer [15 s]
	Redirects int           // in a row [5]
}

func (l Limits) withDefaults() Limits {
	def := Limits{1 << 20, 50, time.Minute, 15 * time.Second, 5}
	if l.Body == 0 {
		l.Body = def.Body
	}
	if l.Ratio == 0 {
		l.Ratio = def.Ratio
	}
	if l.Total == 0 {
		l.Total = def.Total
	}
	if l.Header == 0 {
		l.Header = def.Header
	}
	if l.Redirects == 0 {
		l.Redirects = def.Redirects
	}
	return l
}

// Validator says which document is known already. The zero value knows none.
type Validator struct {
	ETag     string            `json:"etag,omitempty"`
	Modified string            `json:"modified,omitempty"` // Last-Modified as received
	Hash     [sha256.Size]byte `json:"hash"`               // of the document
}

// Document is what a server gave.
type Document struct {
	URL       string // where it came from in the end, without credentials
	Asked     string // what was asked for, query and all: not to be shown
	Data      []byte // nil if Unchanged
	Unchanged bool   // the document is the one the Validator names
	Validator Validator
	// Signature is the value of X-Config-Signature, decoded, or the file beside
	// the document (Opts.Detached); nil: there was none.
	Signature []byte
	// Coding is aes128gcm where Data are still encrypted (RFC 8188), else empty.
	Coding string
	// Mutual says that device and server have shown certificates to each other.
	Mutual bool
}

// Client fetches documents. It is safe for concurrent use.
type Client struct {
	opts   Opts
	own    *web // for the server that a URL names
	others *web // for where a redirect leads
}

// New makes a client. It starts nothing.
func New(opts Opts) *Client {
	opts.Limits = opts.Limits.withDefaults()
	if opts.Dial == nil {
		opts.Dial = new(net.Dialer).DialContext
	}
	c := &Client{opts: opts}
	c.own, c.others = newWeb(&c.opts, c.opts.Certificate), newWeb(&c.opts, nil)
	return c
}

// Close drops idle connections.
func (c *Client) Close() {
	c.own.transport.CloseIdleConnections()
	c.others.transport.CloseIdleConnections()
}

// Request says what to fetch where a file that was fetched names another.
type Request struct {
	URL  string
	Have Validator // the document known from there
	// From is the URL of the file that names this one: what came over https leads
	// to nothing plain. Empty: a person or the network named it.
	From string
	// Home is the URL whose server the user, the password and the certificate of
	// Opts are for. Empty: that of URL.
	Home string
	// User and Password are for the server of URL alone and take the place of those
	// of Opts. Empty: none are given along.
	User     string
	Password config.Secret
}

// Get fetches the document at a URL. have is the document known from there. An
// error is a *Refusal, which says in one word why.
func (c *Client) Get(ctx context.Context, rawURL string, have Validator) (*Document, error) {
	return c.Fetch(ctx, Request{URL: rawURL, Have: have})
}

// Fetch is Get for a document that another one names.
func (c *Client) Fetch(ctx context.Context, r Request) (*Document, error) {
	e, err := c.errand(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Limits.Total, errSlow)
	defer cancel()
	d, err := e.get(ctx)
	if err != nil {
		return nil, err
	}
	d.Asked = r.URL
	d.finish(r.Have)
	if c.opts.Detached && d.Signature == nil && !d.Unchanged {
		d.Signature, err = e.beside().signature(ctx)
	}
	return d, err
}

// errand is what a request comes to.
func (c *Client) errand(r Request) (*errand, error) {
	u, err := c.parse(r.URL)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(r.From, "https:") && u.Scheme != "https" {
		return nil, &Refusal{Reason: BadRedirect, URL: safeURL(u), Err: errors.New("a file that came over https leads to plain text")}
	}
	e := &errand{Client: c, method: http.MethodGet, named: u, at: u, home: u, shown: u, user: c.opts.User, password: c.opts.Password, have: r.Have}
	if r.Home != "" {
		if e.shown, err = url.Parse(r.Home); err != nil {
			return nil, &Refusal{Reason: BadURL, Err: errors.New("not a URL")}
		}
		e.home = e.shown
	}
	if r.User != "" {
		e.home, e.user, e.password = u, r.User, r.Password
	}
	return e, nil
}

// get asks in the way that the URL names.
func (e *errand) get(ctx context.Context) (d *Document, err error) {
	if e.at.Scheme == "tftp" {
		d, err = e.getTFTP(ctx, e.at)
	} else {
		d, err = e.getHTTP(ctx)
	}
	if err != nil {
		return nil, refusalOf(ctx, e.at, err)
	}
	return d, nil
}

// parse reads a URL and refuses a scheme that is not allowed.
func (c *Client) parse(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		// the error of url.Parse holds the text, which may hold a password
		return nil, &Refusal{Reason: BadURL, Err: errors.New("not a URL")}
	}
	switch {
	case u.Host == "" || u.Opaque != "":
		return nil, &Refusal{Reason: BadURL, URL: safeURL(u), Err: errors.New("a server is missing")}
	case u.User != nil:
		return nil, &Refusal{Reason: BadURL, URL: safeURL(u), Err: errors.New("user and password do not belong into a URL")}
	}
	return u, c.allow(u)
}

// allow refuses a scheme that is not https, or plain where plain is allowed.
func (c *Client) allow(u *url.URL) error {
	switch u.Scheme {
	case "https":
		return nil
	case "http", "tftp":
		if c.opts.Plain {
			return nil
		}
		return &Refusal{Reason: Plain, URL: safeURL(u), Err: errors.New(u.Scheme + " is not allowed")}
	}
	return &Refusal{Reason: BadURL, URL: safeURL(u), Err: errors.New("scheme is not https")}
}

// finish compares the document with the known one: many servers give neither
// ETag nor Last-Modified.
func (d *Document) finish(have Validator) {
	if d.Unchanged {
		d.Validator = have
		return
	}
	d.Validator.Hash = sha256.Sum256(d.Data)
	if d.Validator.Hash == have.Hash {
		d.Unchanged, d.Data = true, nil
	}
}
