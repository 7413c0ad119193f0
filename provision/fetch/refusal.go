package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// Reason says in one word why there is no document. The words are what status
// and the report to the server say.
type Reason string

// The reasons.
const (
	BadURL       Reason = "bad-url"
	Plain        Reason = "plain-text"   // http or tftp, which are not allowed
	Unreachable  Reason = "unreachable"  // no address, no connection, broken off
	Untrusted    Reason = "untrusted"    // certificate expired, of another name, or nobody we know vouches
	NeedsUs      Reason = "certificate"  // the server does not take our certificate, or misses it
	Unauthorized Reason = "unauthorized" // 401: user or password
	Forbidden    Reason = "forbidden"    // 403
	NotFound     Reason = "not-found"    // 404
	Gone         Reason = "gone"         // 410: the account has ended
	Busy         Reason = "busy"         // 429, 503
	ServerError  Reason = "server-error" // any other status
	BadRedirect  Reason = "redirect"     // too many, no place, or to plain text
	OtherHost    Reason = "other-host"   // a server that a redirect leads to wants credentials
	TooLarge     Reason = "too-large"    // more than the limit
	Bomb         Reason = "gzip-bomb"    // decompresses to far more than it is
	Truncated    Reason = "truncated"    // ended early, or not what its header says
	Slow         Reason = "slow"         // the time was up
	Interrupted  Reason = "interrupted"  // the caller gave up
)

// Refusal is why a fetch gave no document. Its text holds no credentials.
type Refusal struct {
	Reason     Reason
	URL        string        // without user, password and query
	Status     int           // of HTTP, 0: there was none
	RetryAfter time.Duration // the server's wish, 0: none
	Mutual     bool          // device and server have shown certificates to each other
	Err        error
}

func (r *Refusal) Error() string {
	text := string(r.Reason)
	if r.URL != "" {
		text = r.URL + ": " + text
	}
	if r.Status != 0 {
		text += fmt.Sprintf(" (status %d)", r.Status)
	}
	if r.Err != nil {
		text += ": " + r.Err.Error()
	}
	return text
}

func (r *Refusal) Unwrap() error { return r.Err }

var errSlow = errors.New("the server took too long")

// refusalOf gives an error its reason.
func refusalOf(ctx context.Context, u *url.URL, err error) error {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	r := &Refusal{Reason: reasonOf(ctx, err), URL: safeURL(u), Err: bare(err)}
	if r.Reason == Slow {
		r.Err = errSlow
	}
	return r
}

func reasonOf(ctx context.Context, err error) Reason {
	if ctx.Err() != nil {
		if errors.Is(context.Cause(ctx), errSlow) {
			return Slow
		}
		return Interrupted
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return Untrusted
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" && strings.Contains(op.Err.Error(), "certificate") {
		return NeedsUs // an alert of RFC 8446 §6.2
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return Slow
	}
	return Unreachable
}

// bare leaves out what net/http puts around an error: the method and the URL.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// safeURL is a URL without what may be secret.
func safeURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Shown is a URL without what may be secret in it: user, password and query.
func Shown(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	return safeURL(u)
}
