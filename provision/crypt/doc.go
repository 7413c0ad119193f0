// Package crypt opens provisioning files that are compressed or encrypted as
// the servers of other makers' adapters do it: gzip, `openssl enc`, and the
// aes128gcm content coding. It checks who may read a file, not who wrote it: none of
// these forms but aes128gcm notices a change, so trust comes from elsewhere.
package crypt

import (
	"bytes"
	"errors"
)

// Limits of what is opened.
const (
	// MaxSize is the largest file after decompression, in bytes.
	MaxSize = 1 << 20
	// maxRatio is how many times its size a compressed file may grow. Files of
	// this kind shrink five- to fifteenfold.
	maxRatio = 50
	// maxLayers is how many compressions and encryptions may lie around a file.
	maxLayers = 3
)

// ErrKey means that none of the keys opens the file.
var ErrKey = errors.New("crypt: no key opens the file")

// ErrTooLarge means that the file is, or would become, larger than allowed.
var ErrTooLarge = errors.New("crypt: the file is too large")

// Open takes gzip and `openssl enc` off a file, in whatever order they were put
// on, and returns what is inside. A file that has neither is returned as it is.
func Open(data []byte, passphrases ...string) ([]byte, error) {
	plain, _, err := Unseal(data, passphrases...)
	return plain, err
}

// Unseal is Open and says whether the file was encrypted.
func Unseal(data []byte, passphrases ...string) (plain []byte, sealed bool, err error) {
	for range maxLayers {
		switch {
		case IsGzip(data):
			data, err = Gunzip(data)
		case IsSalted(data):
			sealed = true
			data, err = openWith(data, passphrases)
		default:
			data, err = limited(data)
			return data, sealed, err
		}
		if err != nil {
			return nil, sealed, err
		}
	}
	data, err = limited(data)
	return data, sealed, err
}

func limited(data []byte) ([]byte, error) {
	if len(data) > MaxSize {
		return nil, ErrTooLarge
	}
	return data, nil
}

func openWith(data []byte, passphrases []string) ([]byte, error) {
	for _, p := range passphrases {
		if plain, err := OpenSSL(data, p); err == nil {
			return plain, nil
		}
	}
	return nil, ErrKey
}

// looksRight says whether decrypted bytes are a file of the kinds that are
// encrypted: gzip or XML. Padding alone is right by chance once in 256 times.
func looksRight(plain []byte) bool {
	text := bytes.TrimLeft(bytes.TrimPrefix(plain, []byte("\xef\xbb\xbf")), " \t\r\n")
	return IsGzip(plain) || bytes.HasPrefix(text, []byte("<"))
}
