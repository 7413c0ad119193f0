package crypt

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// minRoom is what even the smallest compressed file may grow to.
const minRoom = 64 << 10

// IsGzip says whether data begin as a gzip file does (RFC 1952 §2.3.1).
func IsGzip(data []byte) bool { return bytes.HasPrefix(data, []byte{0x1f, 0x8b}) }

// Gunzip decompresses a file. One that grows beyond MaxSize, or out of all
// proportion to its size, gives ErrTooLarge.
func Gunzip(data []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("crypt: decompress: %w", err)
	}
	limit := min(MaxSize, max(minRoom, maxRatio*len(data)))
	plain, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("crypt: decompress: %w", err)
	}
	if len(plain) > limit {
		return nil, ErrTooLarge
	}
	return plain, nil
}
