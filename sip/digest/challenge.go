package digest

import (
	"fmt"
	"strings"
)

// Challenge is one challenge of a WWW-Authenticate or Proxy-Authenticate
// header (RFC 7616 §3.3).
type Challenge struct {
	Scheme    string // "Digest", "Basic", … as received
	Realm     string
	Nonce     string
	Opaque    string
	Algorithm string   // as received, empty = not said
	QOP       []string // in lower case; nil = none offered (RFC 2069)
	Stale     bool
	UserHash  bool

	hasOpaque bool
}

// ParseChallenges reads one header value.
func ParseChallenges(value string) ([]Challenge, error) {
	items, err := parse(value)
	if err != nil {
		return nil, fmt.Errorf("digest: parse challenge: %w", err)
	}
	var list []Challenge
	for _, it := range items {
		list = append(list, it.challenge())
	}
	return list, nil
}

func (it item) challenge() Challenge {
	c := Challenge{Scheme: it.scheme}
	c.Realm, _ = it.get("realm")
	c.Nonce, _ = it.get("nonce")
	c.Opaque, c.hasOpaque = it.get("opaque")
	c.Algorithm, _ = it.get("algorithm")
	stale, _ := it.get("stale")
	c.Stale = strings.EqualFold(stale, "true")
	hash, _ := it.get("userhash")
	c.UserHash = strings.EqualFold(hash, "true")
	if qop, ok := it.get("qop"); ok {
		c.QOP = strings.FieldsFunc(strings.ToLower(qop), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	}
	return c
}

// qop is the protection we choose: auth before auth-int, since a body may be
// rewritten on its way. It fails if only others are offered, and for a
// session algorithm without any, which has no client nonce to bind to.
func (c *Challenge) qop(alg algorithm) (string, bool) {
	if len(c.QOP) == 0 {
		return "", !alg.sess
	}
	for _, want := range []string{auth, authInt} {
		for _, q := range c.QOP {
			if q == want {
				return q, true
			}
		}
	}
	return "", false
}
