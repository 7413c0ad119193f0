package sip

import (
	"errors"
	"strings"

	"github.com/ata-agent/ata-agent/sdes"
	"github.com/ata-agent/ata-agent/sip/sdp"
)

// Secrecy says whether the voice of a line is encrypted (SRTP with the keys in
// the session description, RFC 4568).
type Secrecy uint8

// The degrees of secrecy.
const (
	SecrecyOff      Secrecy = iota // never
	SecrecyOptional                // if the far end can: RTP/AVP with a=crypto (RFC 8643)
	SecrecyRequired                // or there is no call: RTP/SAVP
)

// profile says whether a media line is encrypted by its profile; ok is false for
// one that we cannot answer. A profile with feedback is one without where no
// feedback is agreed on (RFC 4585 §5, RFC 5124 §4).
func profile(proto string) (secret, ok bool) {
	switch strings.ToUpper(proto) {
	case "RTP/AVP", "RTP/AVPF":
		return false, true
	case "RTP/SAVP", "RTP/SAVPF":
		return true, true
	}
	return false, false
}

// choice is a media line that we can speak.
type choice struct {
	line   int
	codec  sdp.Codec
	crypto sdes.Attribute // without key: not encrypted
}

func (c *choice) secret() bool { return c.crypto.Key.IsSet() }

// usable finds the audio line of a description that we can speak: the first that
// is encrypted, else the first. The error says why there is none.
func usable(d *sdp.Session, voice Voice) (choice, error) {
	var plain *choice
	why := errNoCodec
	for i := range d.Media {
		codec, ok := spoken(&d.Media[i], voice)
		if !ok {
			continue
		}
		crypto, err := protection(&d.Media[i], voice.Secrecy)
		c := choice{i, codec, crypto}
		switch {
		case err != nil:
			why = err
		case c.secret():
			return c, nil
		case plain == nil:
			plain = &c
		}
	}
	if plain == nil {
		return choice{}, why
	}
	return *plain, nil
}

var (
	errNotSecret  = errors.New("sip: voice would not be encrypted, which this line requires")
	errSecret     = errors.New("sip: encrypted voice alone is offered, and this line has none")
	errNoKeys     = errors.New("sip: encrypted voice without keys that we can use")
	errDowngraded = errors.New("sip: the answer's keys are not among those offered")
)

// protection is what a media line offers of keys, and whether that will do.
func protection(m *sdp.Media, want Secrecy) (crypto sdes.Attribute, err error) {
	secret, _ := profile(m.Proto)
	if want == SecrecyOff {
		if secret {
			return crypto, errSecret
		}
		return crypto, nil
	}
	crypto, err = sdes.First(m.Crypto)
	switch {
	case err == nil:
		return crypto, nil
	case secret:
		return sdes.Attribute{}, errNoKeys
	case want == SecrecyRequired:
		return sdes.Attribute{}, errNotSecret
	}
	return sdes.Attribute{}, nil
}

// ownKey is our key for a suite. It stays for the call, unless one end moves or
// the far end takes another (forgetKeys).
func (s *session) ownKey(suite sdes.Suite) sdes.Key {
	k := s.keys[suite]
	if !k.IsSet() {
		if s.keys == nil {
			s.keys = map[sdes.Suite]sdes.Key{}
		}
		k = sdes.NewKey(suite)
		s.keys[suite] = k
	}
	return k
}

// forgetKeys has other keys drawn for the next description. A key must not be
// used for a new transport address, where counting begins anew (RFC 4568 §7.1.4).
func (s *session) forgetKeys() { s.keys = nil }

// offerKeys puts into a media line what we offer: the suite in use first.
func (s *session) offerKeys(m *sdp.Media) {
	if s.voice.Secrecy == SecrecyOff {
		return
	}
	if s.voice.Secrecy == SecrecyRequired {
		m.Proto = "RTP/SAVP"
	}
	if secret, _ := profile(s.proto); secret {
		m.Proto = s.proto // it does not change within a call
	}
	suites := sdes.Suites
	if used := s.media.Keys.Suite; used != "" {
		suites = append([]sdes.Suite{used}, without(suites, used)...)
	}
	m.Crypto = nil
	for i, suite := range suites {
		a := sdes.Attribute{Tag: i + 1, Suite: suite, Key: s.ownKey(suite)}
		m.Crypto = append(m.Crypto, a.Marshal())
	}
}

func without(list []sdes.Suite, one sdes.Suite) (rest []sdes.Suite) {
	for _, s := range list {
		if s != one {
			rest = append(rest, s)
		}
	}
	return rest
}

// answerKeys puts our key into the answer to an offered line and returns what
// holds then. A far end that took another key or address gets another of ours.
func (s *session) answerKeys(m, theirs *sdp.Media, c *choice) sdes.Keys {
	if !c.secret() {
		return sdes.Keys{}
	}
	if s.isAnother(theirs, c.crypto.Key) {
		s.forgetKeys()
	}
	own := sdes.Attribute{Tag: c.crypto.Tag, Suite: c.crypto.Suite, Key: s.ownKey(c.crypto.Suite)}
	m.Crypto = []string{own.Marshal()}
	return sdes.Keys{Suite: own.Suite, Send: own.Key, Receive: c.crypto.Key, MKI: c.crypto.MKI}
}

// isAnother says whether a line is not of whom we have talked to: it has another
// key, or another address that is not that of the old way to hold.
func (s *session) isAnother(theirs *sdp.Media, key sdes.Key) bool {
	before := &s.media
	if !before.Keys.Receive.IsSet() {
		return false
	}
	moved := before.Remote != theirs.RTPAddr() && !before.Remote.Addr().IsUnspecified() && !theirs.Conn.IsUnspecified()
	return moved || before.Keys.Receive != key
}

// acceptKeys finds what an answer chose of what we offered (RFC 4568 §5.1.3).
// Keys that were not offered, or cannot be used, are no answer: we do not go on
// without any instead.
func acceptKeys(offer, answer *sdp.Media, c *choice) (sdes.Keys, error) {
	if len(offer.Crypto) == 0 {
		return sdes.Keys{}, nil
	}
	if !c.secret() {
		if len(answer.Crypto) > 0 {
			return sdes.Keys{}, errDowngraded
		}
		return sdes.Keys{}, nil
	}
	for _, text := range offer.Crypto {
		own, err := sdes.Parse(text)
		if err == nil && own.Tag == c.crypto.Tag && own.Suite == c.crypto.Suite {
			return sdes.Keys{Suite: own.Suite, Send: own.Key, Receive: c.crypto.Key, MKI: c.crypto.MKI}, nil
		}
	}
	return sdes.Keys{}, errDowngraded
}
