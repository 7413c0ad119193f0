package digest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// Verdict is what a Challenger thinks of a request.
type Verdict uint8

// Everything but Accepted is to be answered with 401 or 407 and new challenges.
const (
	Missing  Verdict = iota // no credentials for our realm
	Stale                   // nonce too old or count used before: challenge with stale=true
	Wrong                   // user, password, uri or form
	Accepted                // the user is who the credentials say
)

var verdictNames = [...]string{"missing", "stale", "wrong", "accepted"}

func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "Verdict(" + strconv.Itoa(int(v)) + ")"
}

// Challenger asks for credentials and judges them. Its nonces carry their own
// time under a key made at New, so it remembers only how often those that
// were answered rightly have been used.
type Challenger struct {
	opts  ChallengerOpts
	key   [32]byte
	count uint64
	used  map[string]use
}

// ChallengerOpts are the settings of a Challenger.
type ChallengerOpts struct {
	Realm      string
	Algorithms []string      // one challenge each, in this order [MD5]
	QOP        string        // qop offered, "none" for RFC 2069 ["auth"]
	Lifetime   time.Duration // of a nonce [5 min]
}

type use struct {
	nc   uint64
	made time.Time
}

// NewChallenger makes a Challenger for one realm.
func NewChallenger(opts ChallengerOpts) *Challenger {
	if len(opts.Algorithms) == 0 {
		opts.Algorithms = []string{MD5}
	}
	if opts.QOP == "" {
		opts.QOP = auth
	}
	if opts.Lifetime == 0 {
		opts.Lifetime = 5 * time.Minute
	}
	c := &Challenger{opts: opts, used: map[string]use{}}
	_, _ = rand.Read(c.key[:]) // never fails (crypto/rand)
	return c
}

// Challenge gives the values of the WWW-Authenticate or Proxy-Authenticate
// headers, one per algorithm.
func (c *Challenger) Challenge(now time.Time, stale bool) []string {
	c.count++
	nonce := c.mint(now, c.count)
	var values []string
	for _, alg := range c.opts.Algorithms {
		var l list
		l.quoted("realm", c.opts.Realm)
		l.quoted("nonce", nonce)
		l.raw("algorithm", alg)
		if c.opts.QOP != "none" {
			l.quoted("qop", c.opts.QOP)
		}
		if stale {
			l.raw("stale", "TRUE")
		}
		values = append(values, "Digest "+l.String())
	}
	return values
}

// mint makes the nonce number n: time, n and their code.
func (c *Challenger) mint(made time.Time, n uint64) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(made.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, n)
	return base64.RawURLEncoding.EncodeToString(append(b, c.code(b)...))
}

func (c *Challenger) code(b []byte) []byte {
	h := hmac.New(sha256.New, c.key[:])
	h.Write(b)
	return h.Sum(nil)[:16]
}

// made says when a nonce was minted, if it is one of ours.
func (c *Challenger) made(nonce string) (time.Time, bool) {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 32 || !hmac.Equal(b[16:], c.code(b[:16])) {
		return time.Time{}, false
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(b))), true
}

// Request is what a Challenger judges.
type Request struct {
	Method string
	URI    string // the Request-URI as received; empty = not compared
	Body   []byte
	Values []string // of the Authorization or Proxy-Authorization headers
}

// Verify judges the credentials of our realm, if any. password gives the
// password of a user, false if there is no such user.
func (c *Challenger) Verify(now time.Time, r Request, password func(user string) (string, bool)) (user string, v Verdict) {
	for _, value := range r.Values {
		items, err := parse(value)
		if err != nil {
			continue
		}
		for _, it := range items {
			if realm, _ := it.get("realm"); strings.EqualFold(it.scheme, "Digest") && realm == c.opts.Realm {
				return c.judge(now, r, it, password)
			}
		}
	}
	return "", Missing
}

func (c *Challenger) judge(now time.Time, r Request, it item, password func(string) (string, bool)) (string, Verdict) {
	user, _ := it.get("username")
	nonce, _ := it.get("nonce")
	made, ours := c.made(nonce)
	if !ours || now.Sub(made) > c.opts.Lifetime {
		return user, Stale // a server that was restarted knows no nonce, either
	}
	secret, known := password(user)
	want, ok := c.expected(r, it, user, secret)
	got, _ := it.get("response")
	if !ok || !known || subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(got))) != 1 {
		return user, Wrong
	}
	if !c.use(now, nonce, made, it) {
		return user, Stale
	}
	return user, Accepted
}

// expected is the right response, not ok if the credentials do not fit what we
// asked for.
func (c *Challenger) expected(r Request, it item, user, secret string) (string, bool) {
	name, _ := it.get("algorithm")
	alg, ok := algorithmOf(name)
	if !ok || !c.offers(alg) {
		return "", false
	}
	in := answer{method: r.Method, body: r.Body}
	in.nonce, _ = it.get("nonce")
	in.nc, _ = it.get("nc")
	in.cnonce, _ = it.get("cnonce")
	in.qop, _ = it.get("qop")
	in.uri, _ = it.get("uri")
	if r.URI != "" && in.uri != r.URI || !c.allows(in.qop) {
		return "", false
	}
	in.ha1 = alg.ha1(user, c.opts.Realm, secret, in.nonce, in.cnonce)
	return alg.response(in), true
}

func (c *Challenger) offers(alg algorithm) bool {
	for _, name := range c.opts.Algorithms {
		if a, ok := algorithmOf(name); ok && a.name == alg.name && a.sess == alg.sess {
			return true
		}
	}
	return false
}

func (c *Challenger) allows(qop string) bool {
	if c.opts.QOP == "none" {
		return qop == ""
	}
	for q := range strings.SplitSeq(c.opts.QOP, ",") {
		if strings.TrimSpace(q) == qop {
			return true
		}
	}
	return false
}

// use counts a nonce: its count must grow (RFC 7616 §3.3). Without qop there
// is none to check.
func (c *Challenger) use(now time.Time, nonce string, made time.Time, it item) bool {
	if c.opts.QOP == "none" {
		return true
	}
	text, _ := it.get("nc")
	nc, err := strconv.ParseUint(text, 16, 32)
	if err != nil || nc <= c.used[nonce].nc {
		return false
	}
	c.used[nonce] = use{nc: nc, made: made}
	for n, u := range c.used {
		if now.Sub(u.made) > c.opts.Lifetime {
			delete(c.used, n)
		}
	}
	return true
}
