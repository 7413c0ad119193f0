package profile

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
)

// Client asks for the files of a persona where a URL names a folder.
type Client struct {
	provision.Client
	Files []string // in this order; the first that is there counts
}

// Get fetches a document. That one is not there leads on to the next, and nothing
// else does: while a server is out of order, what is common to all must not take
// the place of what is the device's own.
func (c *Client) Get(ctx context.Context, rawURL string, have fetch.Validator) (d *fetch.Document, err error) {
	urls := c.urls(rawURL)
	if len(urls) == 0 {
		return c.Client.Get(ctx, rawURL, have)
	}
	// Its other marks are of one of the files alone, and nobody remembers which.
	have = fetch.Validator{Hash: have.Hash}
	for _, u := range urls {
		d, err = c.Client.Get(ctx, u, have)
		if r, ok := errors.AsType[*fetch.Refusal](err); !ok || r.Reason != fetch.NotFound {
			break
		}
	}
	if d != nil && !d.Unchanged {
		d.Validator = fetch.Validator{Hash: d.Validator.Hash}
	}
	return d, err
}

// urls are the places of the files; none where the URL is of a file.
func (c *Client) urls(rawURL string) []string {
	u, err := url.Parse(rawURL)
	if err != nil || u.RawQuery != "" || u.Path != "" && !strings.HasSuffix(u.Path, "/") {
		return nil
	}
	folder := strings.TrimSuffix(rawURL, "/") + "/"
	if u.Scheme == "tftp" && strings.Trim(u.Path, "/") == "" {
		// These adapters ask for /spa112.cfg with the stroke, and servers match it.
		folder += "/"
	}
	var list []string
	for _, name := range c.Files {
		list = append(list, folder+name)
	}
	return list
}
