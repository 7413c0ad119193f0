package receiver

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

// answerLimit bounds what is read of an answer, in bytes.
const answerLimit = 16 << 10

// Poster posts compressed JSON.
type Poster struct {
	client        *http.Client
	packer        *Packer
	authorization config.Secret
}

// NewPoster returns a poster, which shares p with others; authorization is the header's value or empty.
func NewPoster(p *Packer, t *tls.Config, authorization config.Secret) *Poster {
	return &Poster{
		packer:        p,
		authorization: authorization,
		client: &http.Client{
			Transport: &http.Transport{
				TLSClientConfig: t, MaxIdleConns: 1, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
				MaxResponseHeaderBytes: answerLimit, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Post gives a body to a URL and returns the beginning of the answer.
func (p *Poster) Post(ctx context.Context, url, id string, body []byte) ([]byte, error) {
	packed, err := p.packer.Pack(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "ata-agent")
	req.Header.Set("Idempotency-Key", strconv.Quote(id))
	if !p.authorization.IsZero() {
		req.Header.Set("Authorization", p.authorization.Reveal())
	}
	res, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err := judge(res); err != nil {
		return nil, err
	}
	return answer, err
}

// judge makes an error of an answer that is not a success. What may pass is
// tried again: time-outs, too many requests, and faults of the server
// (RFC 9110 §15.5.9, RFC 6585 §4, RFC 9110 §15.6); so is 401 and 403, for keys
// change and the data are worth keeping.
func judge(res *http.Response) error {
	switch c := res.StatusCode; {
	case c >= 200 && c < 300:
		return nil
	case c == http.StatusTooManyRequests, c == http.StatusServiceUnavailable:
		return &Busy{res.Status, retryAfter(res.Header.Get("Retry-After"), time.Now())}
	case c >= 500, c < 400, c == http.StatusRequestTimeout, c == http.StatusUnauthorized, c == http.StatusForbidden, c == http.StatusNotFound:
		return fmt.Errorf("answer %d", c)
	default:
		return &Refused{fmt.Sprintf("answer %d", c)}
	}
}

// retryAfter reads the header (RFC 9110 §10.2.3): seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// Close closes connections that wait for the next batch.
func (p *Poster) Close() error {
	p.client.CloseIdleConnections()
	return nil
}
