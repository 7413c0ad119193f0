package receiver

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"sync"
	"testing"
)

// TestPacker has several posters pack at once; each gets its own body back.
func TestPacker(t *testing.T) {
	var p Packer
	var running sync.WaitGroup
	for _, letter := range "abcd" {
		running.Go(func() {
			for n := range 20 {
				body := strings.Repeat(string(letter), n*100)
				packed, err := p.Pack([]byte(body))
				if err != nil {
					t.Error(err)
					return
				}
				z, err := gzip.NewReader(bytes.NewReader(packed))
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := io.ReadAll(z); err != nil || string(got) != body {
					t.Errorf("%d bytes of %q came back as %d, %v", len(body), letter, len(got), err)
				}
			}
		})
	}
	running.Wait()
}

// BenchmarkPack shows in B/op that no compressor is made for a body.
func BenchmarkPack(b *testing.B) {
	var p Packer
	body := []byte(strings.Repeat(`{"name":"ata_line_registered","labels":{"line":"2"},"value":1},`, 180))
	for b.Loop() {
		if _, err := p.Pack(body); err != nil {
			b.Fatal(err)
		}
	}
}
