package receiver

import (
	"bytes"
	"compress/gzip"
	"sync"
)

// Packer compresses bodies, one at a time for all posters that share it: a
// compressor holds 0.8 MB, and to make a new one for each body would leave that
// much to the collector each time. Its methods may be called from any goroutine.
type Packer struct {
	mu sync.Mutex
	z  *gzip.Writer
}

// Pack returns the compressed body.
func (p *Packer) Pack(body []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out bytes.Buffer
	if p.z == nil {
		p.z = gzip.NewWriter(&out)
	} else {
		p.z.Reset(&out)
	}
	if _, err := p.z.Write(body); err != nil {
		return nil, err
	}
	if err := p.z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
