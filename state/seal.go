package state

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// keySize is the size of the data key and of keys it is wrapped under, in bytes.
const keySize = chacha20poly1305.KeySize

// sealMagic begins everything that is sealed; its last byte is the version of
// the form: magic, nonce of 24 bytes, XChaCha20-Poly1305 with the magic and the
// name as associated data.
const sealMagic = "ata\x01"

// ErrSealed says that something sealed cannot be opened: it was changed, has
// another name, or was sealed under another key.
var ErrSealed = errors.New("state: sealed by another key, or changed")

// Seal encrypts data under a key of 32 bytes for the place that name tells.
func Seal(key []byte, name string, plain []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("state: seal: %w", err)
	}
	out := make([]byte, len(sealMagic)+aead.NonceSize(), len(sealMagic)+aead.NonceSize()+len(plain)+aead.Overhead())
	nonce := out[copy(out, sealMagic):]
	_, _ = rand.Read(nonce) // never fails
	return aead.Seal(out, nonce, plain, []byte(sealMagic+name)), nil
}

// Unseal returns what Seal was given with the same key and name. Everything
// else is [ErrSealed].
func Unseal(key []byte, name string, sealed []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("state: unseal: %w", err)
	}
	head := len(sealMagic) + aead.NonceSize()
	if len(sealed) < head || string(sealed[:len(sealMagic)]) != sealMagic {
		return nil, ErrSealed
	}
	plain, err := aead.Open(nil, sealed[len(sealMagic):head], sealed[head:], []byte(sealMagic+name))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// mark tells equal data from different. Without the key it tells nothing, also
// not by trying passwords.
func mark(key []byte, data []byte) (string, error) {
	sub, err := hkdf.Key(sha256.New, key, nil, "ata-agent mark", sha256.Size)
	if err != nil {
		return "", fmt.Errorf("state: %w", err)
	}
	m := hmac.New(sha256.New, sub)
	m.Write(data)
	return hex.EncodeToString(m.Sum(nil)), nil
}
