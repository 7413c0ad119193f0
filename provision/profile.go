package provision

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision/fetch"
)

// Foreign is another maker's document and what it takes to read it.
type Foreign struct {
	Settings *config.Provision
	Cause    Cause // why we look
	First    *fetch.Document
	// Get brings a further file that one before it names; its signature is
	// checked where signatures are asked for.
	Get func(context.Context, fetch.Request) (*fetch.Document, error)
}

// Profile is a configuration in our own form and what it was made of.
type Profile struct {
	Document []byte
	More     []*fetch.Document // files beyond the first, in the order in which they came
	// Exposed reports whether anybody could listen when a value came, named by
	// JSON pointer.
	Exposed func(path string) bool
}

// read returns a document in our own form.
func (m *Manager) read(ctx context.Context, client Client, url string, d *fetch.Document) (*Profile, error) {
	if ours(d.Data) {
		plain := !strings.HasPrefix(d.URL, "https:")
		return &Profile{Document: d.Data, Exposed: func(string) bool { return plain }}, nil
	}
	if m.opts.Read == nil {
		return nil, reject(Unreadable, errors.New("it is no JSON document"))
	}
	get := func(ctx context.Context, r fetch.Request) (*fetch.Document, error) {
		r.Home = url
		more, err := client.Fetch(ctx, r)
		if err != nil {
			return nil, err
		}
		return more, m.checkSignature(more)
	}
	p, err := m.opts.Read(ctx, Foreign{Settings: m.settings(), Cause: m.cause, First: d, Get: get})
	if _, ok := errors.AsType[*fetch.Refusal](err); err != nil && !ok {
		return nil, reject(Unreadable, fmt.Errorf("as another maker's: %w", err))
	}
	return p, err
}

// validator tells a profile from another. What is of several files is known by
// the content of all.
func (p *Profile) validator(first *fetch.Document) fetch.Validator {
	if len(p.More) == 0 {
		return first.Validator
	}
	h := sha256.New()
	h.Write(first.Validator.Hash[:])
	for _, d := range p.More {
		h.Write(d.Validator.Hash[:])
	}
	return fetch.Validator{Hash: [sha256.Size]byte(h.Sum(nil))}
}

// ours reports whether a document looks like JSON: anything before the first
// brace is white space or a comment.
func ours(data []byte) bool {
	for _, b := range data {
		switch b {
		case ' ', '\t', '\r', '\n':
		case '{', '/':
			return true
		default:
			return false
		}
	}
	return false
}
