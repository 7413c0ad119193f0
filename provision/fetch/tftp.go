package fetch

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/pin/tftp/v3"
)

const (
	tftpPort    = "69" // RFC 1350 §4
	tftpTimeout = 3 * time.Second
	tftpRetries = 4
)

// getTFTP reads a file in octet mode (RFC 1350, RFC 2348). ";mode=octet" may end
// the path (RFC 3617).
func (c *Client) getTFTP(ctx context.Context, u *url.URL) (*Document, error) {
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), tftpPort)
	}
	t, err := tftp.NewClient(address)
	if err != nil {
		return nil, err
	}
	t.SetTimeout(tftpTimeout)
	t.SetRetries(tftpRetries)
	path, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), ";mode=")
	body := &bounded{ctx: ctx, limit: c.opts.Limits.Body}
	if err := receive(t, path, body); err != nil {
		return nil, tftpRefusal(u, body, err)
	}
	return &Document{URL: safeURL(u), Data: body.buf.Bytes()}, nil
}

func receive(t *tftp.Client, path string, to *bounded) error {
	w, err := t.Receive(path, "octet")
	if err != nil {
		return err
	}
	_, err = w.WriteTo(to)
	return err
}

func tftpRefusal(u *url.URL, body *bounded, err error) error {
	r := &Refusal{URL: safeURL(u), Err: err}
	switch {
	case body.err != nil && errors.Is(body.err, errTooLarge):
		r.Reason = TooLarge
	case body.err != nil:
		return body.err
	case strings.Contains(err.Error(), "code: 1,"): // file not found, RFC 1350 §5
		r.Reason = NotFound
	default:
		return err
	}
	return r
}

var errTooLarge = errors.New("more than the limit")

// bounded takes what TFTP brings until it is too much or too late.
type bounded struct {
	ctx   context.Context
	buf   bytes.Buffer
	limit int64
	err   error
}

func (b *bounded) Write(p []byte) (int, error) {
	switch {
	case b.ctx.Err() != nil:
		b.err = context.Cause(b.ctx)
	case int64(b.buf.Len()+len(p)) > b.limit:
		b.err = errTooLarge
	default:
		return b.buf.Write(p)
	}
	return 0, b.err
}
