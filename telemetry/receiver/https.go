package receiver

import (
	"context"

	"github.com/ata-agent/ata-agent/privacy"
)

// HTTPS posts each batch as a document to one URL, such as the provisioning
// server's.
type HTTPS struct {
	*Poster
	url string
}

// NewHTTPS returns a receiver at a URL.
func NewHTTPS(url string, p *Poster) *HTTPS { return &HTTPS{p, url} }

// Name is "https".
func (h *HTTPS) Name() string { return "https" }

// Wants takes everything.
func (h *HTTPS) Wants(privacy.BatchKind) bool { return true }

// Send posts a batch.
func (h *HTTPS) Send(ctx context.Context, c privacy.Cleared) error {
	body, err := Document(c)
	if err != nil {
		return &Refused{err.Error()}
	}
	_, err = h.Post(ctx, h.url, c.ID(), body)
	return err
}
