// Package digest is digest access authentication for SIP: the side that is
// asked (Client) and the side that asks (Challenger). RFC 3261 §22, RFC 7616,
// RFC 8760, and RFC 2617 and 2069 for old servers. It does no I/O and owns no
// clock; its types are not safe for concurrent use.
package digest

import (
	"crypto/md5" // RFC 3261 §22.4 knows no other; Client.ForbidMD5 turns it off
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"strings"
)

// Names of the algorithms, RFC 7616 §6.1. Each may end in "-sess".
const (
	MD5       = "MD5"
	SHA256    = "SHA-256"
	SHA512256 = "SHA-512-256"
)

// algorithm is a hash function and whether A1 is bound to a session.
type algorithm struct {
	hash func() hash.Hash
	name string // without "-sess", upper case
	sess bool
}

// algorithmOf knows an algorithm by its name in any case; none means MD5
// (RFC 7616 §3.3).
func algorithmOf(name string) (algorithm, bool) {
	name = strings.ToUpper(name)
	base, sess := strings.CutSuffix(name, "-SESS")
	a := algorithm{name: base, sess: sess}
	switch base {
	case "":
		a.hash, a.name = md5.New, MD5
		return a, !sess
	case MD5:
		a.hash = md5.New
	case SHA256:
		a.hash = sha256.New
	case SHA512256:
		a.hash = sha512.New512_256
	default:
		return algorithm{}, false
	}
	return a, true
}

// sum is H() of RFC 7616 §3.3 over parts joined with colons.
func (a algorithm) sum(parts ...string) string {
	h := a.hash()
	h.Write([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(h.Sum(nil))
}

// ha1 is H(A1), RFC 7616 §3.4.2.
func (a algorithm) ha1(user, realm, password, nonce, cnonce string) string {
	h := a.sum(user, realm, password)
	if a.sess {
		h = a.sum(h, nonce, cnonce)
	}
	return h
}

// answer is what is hashed into the response, RFC 7616 §3.4.1.
type answer struct {
	ha1, nonce, nc, cnonce, qop string // without qop, nc and cnonce do not count (RFC 2069)
	method, uri                 string
	body                        []byte // hashed for auth-int only
}

func (a algorithm) response(in answer) string {
	ha2 := a.sum(in.method, in.uri)
	if in.qop == authInt {
		ha2 = a.sum(in.method, in.uri, a.sum(string(in.body)))
	}
	if in.qop == "" {
		return a.sum(in.ha1, in.nonce, ha2)
	}
	return a.sum(in.ha1, in.nonce, in.nc, in.cnonce, in.qop, ha2)
}

// Qualities of protection.
const (
	auth    = "auth"
	authInt = "auth-int"
)
