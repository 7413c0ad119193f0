package sdes

import (
	"encoding/base64"
	"errors"
	"math/bits"
	"strconv"
	"strings"
)

// Attribute is the value of an a=crypto line.
type Attribute struct {
	Tag   int // 0 to 999999999; an answer repeats that of the offer
	Suite Suite
	Key   Key    // of the packets that the sender of the description sends
	MKI   string // that they carry, octets; "" = none
}

// Why an attribute is not usable. None of these shows what is in it.
var (
	ErrSyntax = errors.New("sdes: not a=crypto")
	ErrSuite  = errors.New("sdes: unknown crypto suite")
	ErrKey    = errors.New("sdes: key is not of the suite")
	ErrKeys   = errors.New("sdes: more than one key")
	ErrParam  = errors.New("sdes: session parameter that must be honoured")
	errTag    = errors.New("sdes: no tag")
	errLife   = errors.New("sdes: lifetime out of range")
	errMKI    = errors.New("sdes: MKI out of range")
)

const (
	maxTag     = 9   // digits, RFC 4568 §9.1
	maxMKI     = 128 // octets, RFC 4568 §6.1
	maxPackets = 48  // 2^48 packets under one key, RFC 3711 §9.2
)

// Parse reads "tag suite inline:key[|lifetime][|MKI:length] [parameter ...]"
// (RFC 4568 §9.1). An attribute that cannot be taken as it is meant is an error:
// the next one may fit.
func Parse(value string) (Attribute, error) {
	f := strings.Fields(value)
	if len(f) < 3 {
		return Attribute{}, ErrSyntax
	}
	tag, err := parseTag(f[0])
	if err != nil {
		return Attribute{}, err
	}
	suite, ok := suiteOf(f[1])
	if !ok {
		return Attribute{}, ErrSuite
	}
	for _, p := range f[3:] {
		if !ignorable(p) {
			return Attribute{}, ErrParam
		}
	}
	a := Attribute{Tag: tag, Suite: suite}
	return a, a.parseKey(f[2])
}

func parseTag(text string) (int, error) {
	if len(text) > maxTag {
		return 0, errTag
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, errTag
	}
	return int(n), nil
}

// ignorable says whether a session parameter need not be honoured: the size of
// the replay window, which is a hint (RFC 4568 §6.3.7), and what says so itself
// by a hyphen (§6.3.8). All others change the packets; those that switch
// protection off (§6.3.2 to §6.3.4) are refused for what they do.
func ignorable(param string) bool {
	name, _, _ := strings.Cut(param, "=")
	return strings.HasPrefix(name, "-") || strings.EqualFold(name, "WSH")
}

// parseKey reads the key parameters.
func (a *Attribute) parseKey(text string) error {
	if strings.Contains(text, ";") {
		return ErrKeys
	}
	const method = "inline:"
	if len(text) < len(method) || !strings.EqualFold(text[:len(method)], method) {
		return ErrSyntax
	}
	parts := strings.Split(text[len(method):], "|")
	octets, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil || len(octets) != a.Suite.keyLength() {
		return ErrKey
	}
	a.Key = Key{string(octets)}
	return a.parseRest(parts[1:])
}

// parseRest reads lifetime and MKI, either of which may be missing.
func (a *Attribute) parseRest(parts []string) error {
	if len(parts) > 2 {
		return ErrSyntax
	}
	for i, p := range parts {
		value, length, isMKI := strings.Cut(p, ":")
		switch {
		case isMKI && i == len(parts)-1:
			return a.parseMKI(value, length)
		case isMKI || i > 0:
			return ErrSyntax
		}
		if !lifetime(p) {
			return errLife
		}
	}
	return nil
}

// lifetime reads a number of packets, as such or as a power of two. We need not
// count: it is for the far end's own packets, and it sends us a new key in time.
func lifetime(text string) bool {
	if power, ok := strings.CutPrefix(text, "2^"); ok {
		n, err := strconv.ParseUint(power, 10, 8)
		return err == nil && n <= maxPackets
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return err == nil && n > 0 && n <= 1<<maxPackets
}

// parseMKI reads a number and how many octets it takes in a packet.
func (a *Attribute) parseMKI(value, length string) error {
	octets, err := strconv.ParseUint(length, 10, 8)
	if err != nil || octets == 0 || octets > maxMKI {
		return errMKI
	}
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || uint64(bits.Len64(n)) > 8*octets {
		return errMKI
	}
	mki := make([]byte, octets)
	for i := len(mki) - 1; i >= 0; i-- {
		mki[i] = byte(n)
		n >>= 8
	}
	a.MKI = string(mki)
	return nil
}

// Marshal is the value of the line, key and all: for session descriptions alone.
// A lifetime is not said, which stands for the longest (RFC 4568 §6.1).
func (a Attribute) Marshal() string {
	return strconv.Itoa(a.Tag) + " " + string(a.Suite) + " inline:" + a.Key.base64() + a.mki()
}

func (a Attribute) mki() string {
	if a.MKI == "" {
		return ""
	}
	n := uint64(0)
	for i := range len(a.MKI) {
		n = n<<8 | uint64(a.MKI[i])
	}
	return "|" + strconv.FormatUint(n, 10) + ":" + strconv.Itoa(len(a.MKI))
}

// First returns the first of the values of a=crypto lines that is usable; why
// says what is wrong with the last one if none is.
func First(values []string) (a Attribute, why error) {
	why = ErrSyntax
	for _, v := range values {
		if a, why = Parse(v); why == nil {
			return a, nil
		}
	}
	return Attribute{}, why
}
