package crypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Form of the content coding (RFC 8188 §2.1): salt, record size, length of the
// key's name, the name.
const (
	gcmSaltSize   = 16
	gcmHeaderSize = gcmSaltSize + 4 + 1
	gcmTagSize    = 16
	// gcmMinRecord holds a tag, a delimiter and nothing else (RFC 8188 §2).
	gcmMinRecord = gcmTagSize + 2
)

var errGCM = errors.New("crypt: decrypt aes128gcm: the body is damaged")

// AES128GCM decrypts a body of the content coding aes128gcm (RFC 8188) with the
// secret that both ends know. A wrong secret and a changed body give ErrKey.
func AES128GCM(body, secret []byte) ([]byte, error) {
	if len(body) < gcmHeaderSize {
		return nil, errGCM
	}
	salt := body[:gcmSaltSize]
	size := binary.BigEndian.Uint32(body[gcmSaltSize:])
	records := body[gcmHeaderSize:]
	name := int(body[gcmHeaderSize-1])
	if size < gcmMinRecord || len(records) < name {
		return nil, errGCM
	}
	r, err := newRecords(secret, salt)
	if err != nil {
		return nil, err
	}
	return r.open(records[name:], int(min(uint64(size), MaxSize+gcmMinRecord)))
}

// records decrypts the records of a body one after the other.
type records struct {
	aead  cipher.AEAD
	nonce []byte
	next  uint64
}

func newRecords(secret, salt []byte) (*records, error) {
	prk, err := hkdf.Extract(sha256.New, secret, salt)
	if err != nil {
		return nil, fmt.Errorf("crypt: decrypt aes128gcm: %w", err)
	}
	key, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, fmt.Errorf("crypt: decrypt aes128gcm: %w", err)
	}
	nonce, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, fmt.Errorf("crypt: decrypt aes128gcm: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("crypt: decrypt aes128gcm: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("crypt: decrypt aes128gcm: %w", err)
	}
	return &records{aead: aead, nonce: nonce}, nil
}

// open decrypts records of size bytes each; the last may be shorter.
func (r *records) open(data []byte, size int) ([]byte, error) {
	var plain []byte
	for {
		n := min(size, len(data))
		last := n == len(data)
		text, err := r.record(data[:n], last)
		if err != nil {
			return nil, err
		}
		plain = append(plain, text...)
		if last {
			return limited(plain)
		}
		data = data[n:]
	}
}

// record decrypts one record and takes the padding off. The last has another
// delimiter, so that a body cut between records is noticed.
func (r *records) record(data []byte, last bool) ([]byte, error) {
	nonce := bytes.Clone(r.nonce)
	low := nonce[len(nonce)-8:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^r.next)
	r.next++
	text, err := r.aead.Open(nil, nonce, data, nil)
	if err != nil {
		return nil, ErrKey
	}
	text = bytes.TrimRight(text, "\x00")
	delimiter := byte(1)
	if last {
		delimiter = 2
	}
	if len(text) == 0 || text[len(text)-1] != delimiter {
		return nil, errGCM
	}
	return text[:len(text)-1], nil
}
