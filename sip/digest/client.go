package digest

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

var (
	// ErrNoChallenge says that no challenge can be answered: other schemes,
	// unknown algorithms, realms we do not trust.
	ErrNoChallenge = errors.New("digest: no challenge that can be answered")
	// ErrRejected says that the server has seen our answer and refused it:
	// wrong user or password.
	ErrRejected = errors.New("digest: credentials rejected")
)

// Client answers challenges for one subscriber. It remembers the last nonce of
// each realm and counts its uses, so that later requests need no challenge.
// The zero value has no user and no password.
type Client struct {
	User, Password string
	Realms         []string  // realms that may have an answer; none = any
	ForbidMD5      bool      // RFC 8760 §2.5: no downgrade
	Rand           io.Reader // of client nonces; nil = crypto/rand

	spaces []*space // the latest last
}

// space is a protection space: what we know of one realm.
type space struct {
	proxy  bool
	ch     Challenge
	alg    algorithm
	qop    string
	ha1    string
	cnonce string
	nc     uint32
}

// maxSpaces bounds the memory a far end can make us use.
const maxSpaces = 8

// Authorize answers the first challenge of a 401 (proxy false) or 407 (proxy
// true) that it can, as RFC 8760 §2.4 wants; challenges are the values of the
// WWW-Authenticate or Proxy-Authenticate headers, top first. It returns the
// header to add to the repeated request. uri is the Request-URI exactly as
// sent. An Attempt tells whether answering makes sense.
func (c *Client) Authorize(method, uri string, body []byte, challenges []string, proxy bool) (header, value string, err error) {
	s, err := c.choose(challenges, proxy)
	if err != nil {
		return "", "", err
	}
	if s.cnonce, err = c.nonce(); err != nil {
		return "", "", err
	}
	s.ha1 = s.alg.ha1(c.User, s.ch.Realm, c.Password, s.ch.Nonce, s.cnonce)
	c.forget(s.ch.Realm, proxy)
	c.spaces = append(c.spaces, s)
	if len(c.spaces) > maxSpaces {
		c.spaces = slices.Delete(c.spaces, 0, 1)
	}
	return headerName(proxy), s.credentials(c.User, method, uri, body), nil
}

// Cached gives the header for a request that was not challenged, from the
// nonce used last with a server (proxy false) or a proxy. The far end may
// answer with a new challenge at any time.
func (c *Client) Cached(method, uri string, body []byte, proxy bool) (header, value string, ok bool) {
	s := c.latest(proxy)
	if s == nil {
		return "", "", false
	}
	return headerName(proxy), s.credentials(c.User, method, uri, body), true
}

// Info takes over the next nonce from an Authentication-Info (proxy false) or
// Proxy-Authentication-Info header (RFC 7616 §3.5).
func (c *Client) Info(value string, proxy bool) error {
	items, err := parse("Info " + value)
	if err != nil {
		return fmt.Errorf("digest: parse Authentication-Info: %w", err)
	}
	s := c.latest(proxy)
	if next, ok := items[0].get("nextnonce"); ok && next != "" && s != nil {
		s.ch.Nonce, s.nc = next, 0
	}
	return nil
}

// Forget drops all nonces.
func (c *Client) Forget() { c.spaces = nil }

func headerName(proxy bool) string {
	if proxy {
		return "Proxy-Authorization"
	}
	return "Authorization"
}

func (c *Client) latest(proxy bool) *space {
	for _, s := range slices.Backward(c.spaces) {
		if s.proxy == proxy {
			return s
		}
	}
	return nil
}

func (c *Client) forget(realm string, proxy bool) {
	c.spaces = slices.DeleteFunc(c.spaces, func(s *space) bool {
		return s.proxy == proxy && s.ch.Realm == realm
	})
}

func (c *Client) choose(values []string, proxy bool) (*space, error) {
	for _, v := range values {
		list, err := ParseChallenges(v)
		if err != nil {
			continue // the next header may be sound
		}
		for _, ch := range list {
			if s, ok := c.accept(ch); ok {
				s.proxy = proxy
				return s, nil
			}
		}
	}
	return nil, ErrNoChallenge
}

func (c *Client) accept(ch Challenge) (*space, bool) {
	alg, known := algorithmOf(ch.Algorithm)
	if !known || !strings.EqualFold(ch.Scheme, "Digest") || ch.Nonce == "" {
		return nil, false
	}
	if c.ForbidMD5 && alg.name == MD5 || len(c.Realms) > 0 && !slices.Contains(c.Realms, ch.Realm) {
		return nil, false
	}
	qop, ok := ch.qop(alg)
	return &space{ch: ch, alg: alg, qop: qop}, ok
}

func (c *Client) nonce() (string, error) {
	r := c.Rand
	if r == nil {
		r = rand.Reader
	}
	var b [16]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return "", fmt.Errorf("digest: client nonce: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// credentials builds the header value, RFC 7616 §3.4.
func (s *space) credentials(user, method, uri string, body []byte) string {
	s.nc++
	in := answer{ha1: s.ha1, nonce: s.ch.Nonce, method: method, uri: uri, body: body, qop: s.qop}
	if s.qop != "" {
		in.nc, in.cnonce = fmt.Sprintf("%08x", s.nc), s.cnonce
	}
	if s.ch.UserHash {
		user = s.alg.sum(user, s.ch.Realm)
	}
	var l list
	l.quoted("username", user)
	l.quoted("realm", s.ch.Realm)
	l.quoted("nonce", s.ch.Nonce)
	l.quoted("uri", uri)
	l.quoted("response", s.alg.response(in))
	s.optional(&l, in)
	return "Digest " + l.String()
}

func (s *space) optional(l *list, in answer) {
	if s.ch.Algorithm != "" {
		l.raw("algorithm", spelled(s.alg))
	}
	if s.ch.hasOpaque {
		l.quoted("opaque", s.ch.Opaque)
	}
	if s.qop != "" {
		l.quoted("cnonce", in.cnonce)
		l.raw("qop", s.qop)
		l.raw("nc", in.nc)
	}
	if s.ch.UserHash {
		l.raw("userhash", "true")
	}
}

func spelled(a algorithm) string {
	if a.sess {
		return a.name + "-sess"
	}
	return a.name
}
