package sdes

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
)

// Key is a master key with its salt. It cannot print itself: whoever has it can
// listen. Equal keys are ==; the zero value is none.
type Key struct{ octets string }

// NewKey draws a key for a suite that is one of Suites.
func NewKey(s Suite) Key {
	b := make([]byte, s.keyLength())
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return Key{string(b)}
}

// IsSet says whether there is a key.
func (k Key) IsSet() bool { return k.octets != "" }

// Split returns master key and master salt for a suite, nil if the key is not for
// that suite.
func (k Key) Split(s Suite) (master, salt []byte) {
	if len(k.octets) != s.keyLength() {
		return nil, nil
	}
	n := lengths[s][0]
	return []byte(k.octets[:n]), []byte(k.octets[n:])
}

// base64 is the key as an attribute has it.
func (k Key) base64() string { return base64.StdEncoding.EncodeToString([]byte(k.octets)) }

const hidden = "[hidden]"

// String does not show the key.
func (k Key) String() string {
	if !k.IsSet() {
		return ""
	}
	return hidden
}

// Format does not show the key, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// MarshalText does not show the key.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue does not show the key.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Keys is how the packets of a call are protected; the zero value: not at all.
type Keys struct {
	Suite   Suite
	Send    Key
	Receive Key
	// MKI is what the far end's packets carry to name their key (RFC 3711 §3.1),
	// as octets; mostly nothing.
	MKI string
}
