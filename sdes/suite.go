// Package sdes reads and writes the keys of voice in session descriptions:
// a=crypto (RFC 4568) for SRTP (RFC 3711), with AES-GCM (RFC 7714).
package sdes

import "strings"

// Suite is how packets are encrypted and authenticated. Its text is that of the
// attribute.
type Suite string

// The suites we know.
const (
	AESCM80 Suite = "AES_CM_128_HMAC_SHA1_80" // RFC 4568 §6.2.1; everybody has it
	AESCM32 Suite = "AES_CM_128_HMAC_SHA1_32" // RFC 4568 §6.2.2; of its tag only 32 bits travel
	AESGCM  Suite = "AEAD_AES_128_GCM"        // RFC 7714 §14.2
)

// Suites lists them in the order in which we offer them.
var Suites = []Suite{AESCM80, AESGCM, AESCM32}

// lengths are the octets of master key and master salt.
var lengths = map[Suite][2]int{AESCM80: {16, 14}, AESCM32: {16, 14}, AESGCM: {16, 12}}

// keyLength is the octets of key and salt together, 0 for a suite that we do not
// know.
func (s Suite) keyLength() int { return lengths[s][0] + lengths[s][1] }

// suiteOf finds a suite by the text of an attribute, whatever its case.
func suiteOf(text string) (Suite, bool) {
	for _, s := range Suites {
		if strings.EqualFold(text, string(s)) {
			return s, true
		}
	}
	return "", false
}
