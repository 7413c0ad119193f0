package fetch

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
)

// read takes a body within the limits.
func (l Limits) read(res *http.Response) ([]byte, error) {
	if res.ContentLength > l.Body {
		return nil, &Refusal{Reason: TooLarge, URL: safeURL(res.Request.URL), Err: errors.New("the server says so")}
	}
	sent := &counted{r: res.Body}
	var body io.Reader = sent
	if strings.EqualFold(res.Header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(sent)
		if err != nil {
			return nil, readError(res, err)
		}
		body = &unpacked{r: z, from: sent, ratio: l.Ratio}
	}
	data, err := io.ReadAll(io.LimitReader(body, l.Body+1))
	switch {
	case err != nil:
		return nil, readError(res, err)
	case int64(len(data)) > l.Body:
		return nil, &Refusal{Reason: TooLarge, URL: safeURL(res.Request.URL), Err: errors.New("more than the limit")}
	}
	return data, nil
}

// readError gives an error of a body its reason.
func readError(res *http.Response, err error) error {
	r := &Refusal{Reason: Truncated, URL: safeURL(res.Request.URL), Err: err}
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	switch {
	case errors.Is(err, errBomb):
		r.Reason = Bomb
	case corrupt, errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
	default:
		return err // the context or the network is to blame
	}
	return r
}

// counted counts what is read through it.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

var errBomb = errors.New("it unpacks to far more than was sent")

// unpackedFree is what may be unpacked whatever the ratio.
const unpackedFree = 64 << 10

// unpacked is a reader of decompressed data that stops when there is too much of
// it for what was sent.
type unpacked struct {
	r     io.Reader
	from  *counted
	ratio int64
	n     int64
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.n += int64(n)
	if u.n > unpackedFree && u.n > u.ratio*u.from.n {
		return 0, errBomb
	}
	return n, err
}
