// Package sign checks who wrote a configuration document: a detached minisign
// signature (Ed25519) by one of the keys that the device trusts. A signature
// says nothing about when, or for whom: the generation and the device stand in
// the document itself.
package sign

import (
	"errors"
	"fmt"

	"aead.dev/minisign"
)

// ErrNotSigned says that no key that we trust has signed the document.
var ErrNotSigned = errors.New("sign: not signed by a key that this device trusts")

// maxSignature bounds a signature file: two comments and two lines of base64.
const maxSignature = 4 << 10

// Keys are the public keys of those who may write documents.
type Keys []minisign.PublicKey

// ParseKeys reads public keys, each the line of base64 that minisign prints.
func ParseKeys(lines []string) (Keys, error) {
	keys := make(Keys, len(lines))
	for i, line := range lines {
		if err := keys[i].UnmarshalText([]byte(line)); err != nil {
			return nil, fmt.Errorf("sign: key %d: %w", i+1, err)
		}
	}
	return keys, nil
}

// Verify checks the signature of a document and returns its trusted comment.
func (k Keys) Verify(document, signature []byte) (comment string, err error) {
	if len(signature) == 0 || len(signature) > maxSignature {
		return "", ErrNotSigned
	}
	var s minisign.Signature
	if err := s.UnmarshalText(signature); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	for _, key := range k {
		if key.ID() == s.KeyID && minisign.Verify(key, document, signature) {
			return s.TrustedComment, nil
		}
	}
	return "", ErrNotSigned
}
