package crypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
)

// Form of a file that `openssl enc -aes-256-cbc -k` writes: the mark, a salt,
// and the blocks.
const (
	saltMark   = "Salted__"
	saltSize   = 8
	headerSize = len(saltMark) + saltSize
	keySize    = 32
	// pbkdf2Rounds is the default of `openssl enc -pbkdf2`.
	pbkdf2Rounds = 10000
)

// IsSalted says whether data begin as a file of `openssl enc` does.
func IsSalted(data []byte) bool {
	return len(data) >= headerSize && bytes.HasPrefix(data, []byte(saltMark))
}

// derivations turn passphrase and salt into key and initialization vector. A file
// does not say which was used: OpenSSL before 1.1 took MD5, later ones take
// SHA-256, and PBKDF2 only when asked to.
var derivations = []func(passphrase, salt []byte) []byte{
	func(p, s []byte) []byte { return bytesToKey(md5.New, p, s) },
	func(p, s []byte) []byte { return bytesToKey(sha256.New, p, s) },
	func(p, s []byte) []byte {
		k, err := pbkdf2.Key(sha256.New, string(p), s, pbkdf2Rounds, keySize+aes.BlockSize)
		if err != nil {
			panic(err) // the lengths are constants that are valid
		}
		return k
	},
}

// OpenSSL decrypts a file of `openssl enc -aes-256-cbc -k passphrase`, whichever
// of the three key derivations it was made with. The file must hold XML or gzip:
// a wrong passphrase is known by nothing else. The error is ErrKey, or says that
// the file is damaged.
func OpenSSL(data []byte, passphrase string) ([]byte, error) {
	if !IsSalted(data) {
		return nil, errors.New("crypt: decrypt: no header of openssl enc")
	}
	salt, blocks := data[len(saltMark):headerSize], data[headerSize:]
	if len(blocks) == 0 || len(blocks)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("crypt: decrypt: %d bytes are not whole blocks", len(blocks))
	}
	for _, derive := range derivations {
		k := derive([]byte(passphrase), salt)
		plain, err := CBC(blocks, k[:keySize], k[keySize:])
		if err == nil && looksRight(plain) {
			return plain, nil
		}
	}
	return nil, ErrKey
}

// bytesToKey is OpenSSL's EVP_BytesToKey with one round.
func bytesToKey(newHash func() hash.Hash, passphrase, salt []byte) []byte {
	var stream, last []byte
	for len(stream) < keySize+aes.BlockSize {
		h := newHash()
		h.Write(last)
		h.Write(passphrase)
		h.Write(salt)
		last = h.Sum(nil)
		stream = append(stream, last...)
	}
	return stream[:keySize+aes.BlockSize]
}

// CBC decrypts AES in CBC mode with PKCS #7 padding (RFC 5652 §6.3) under a key
// of 16, 24 or 32 bytes and a vector of 16. Wrong padding gives ErrKey.
func CBC(blocks, key, iv []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("crypt: decrypt: %w", err)
	}
	if len(iv) != aes.BlockSize || len(blocks) == 0 || len(blocks)%aes.BlockSize != 0 {
		return nil, errors.New("crypt: decrypt: not whole blocks, or no vector of 16 bytes")
	}
	plain := make([]byte, len(blocks))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, blocks)
	return unpad(plain)
}

func unpad(plain []byte) ([]byte, error) {
	n := int(plain[len(plain)-1])
	if n == 0 || n > aes.BlockSize {
		return nil, ErrKey
	}
	body, padding := plain[:len(plain)-n], plain[len(plain)-n:]
	if !bytes.Equal(padding, bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, ErrKey
	}
	return body, nil
}
