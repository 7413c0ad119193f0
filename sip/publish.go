package sip

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// Publication is something to be told to a collector of events (RFC 3903).
type Publication struct {
	To          string // URI of the collector
	Event       string // event package
	ContentType string // of Body
	Body        []byte
}

// Published is what became of a publication.
type Published struct {
	Code       int           // status of the final response
	RetryAfter time.Duration // when to come again, 0: it did not say
}

var errSilent = errors.New("server is silent")

// ErrNotSent means that a publication got no answer: there is no server, or it is
// silent.
var ErrNotSent = errors.New("sip: publication not answered")

// Publish sends a publication by the account, through its outbound proxy and to the
// server that it is registered with, and waits for the answer or the end of ctx.
// Challenges are answered. It keeps no state at the collector: nothing is refreshed
// or taken back.
func (u *UA) Publish(ctx context.Context, p Publication) (Published, error) {
	var uri sipmsg.Uri
	if !strings.HasPrefix(p.To, "sip") || u.destination(p.To, &uri) != nil {
		return Published{}, errNumber
	}
	answered := make(chan Published, 1)
	failed := make(chan error, 1)
	u.post(func() {
		u.findServers(func(list []target, err error) {
			if err != nil {
				failed <- err
				return
			}
			u.publishTo(list[0], &uri, &p, answered, failed)
		})
	})
	select {
	case a := <-answered:
		return a, nil
	case err := <-failed:
		return Published{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	case <-ctx.Done():
		return Published{}, fmt.Errorf("%w: %w", ErrNotSent, ctx.Err())
	}
}

// publishTo sends a publication to a server. One of the channels gets its end.
func (u *UA) publishTo(t target, uri *sipmsg.Uri, p *Publication, answered chan<- Published, failed chan<- error) {
	u.stack.connect(t, func(f *flow, err error) {
		if err != nil {
			failed <- err
			return
		}
		seq := uint32(1)
		x := &exchange{u: u, flow: f, trusted: true, nextSeq: func() uint32 { seq++; return seq }}
		x.response = func(res *sipmsg.Response) {
			if res.StatusCode >= 200 {
				answered <- Published{res.StatusCode, seconds(res, "Retry-After")}
			}
		}
		x.fail = func(err error) { failed <- cmp.Or(err, errSilent) }
		x.start(u.newPublish(uri, p))
	})
}

// newPublish builds a PUBLISH (RFC 3903 §4.1).
func (u *UA) newPublish(uri *sipmsg.Uri, p *Publication) *sipmsg.Request {
	req := sipmsg.NewRequest(sipmsg.PUBLISH, *uri.Clone())
	for _, r := range u.initialRoutes() {
		req.AppendHeader(r)
	}
	from := u.fromHeader(token(8))
	from.DisplayName = "" // a collector needs no name
	req.AppendHeader(from)
	req.AppendHeader(&sipmsg.ToHeader{Address: *uri.Clone()})
	appendCommon(req, token(12), 1)
	req.AppendHeader(sipmsg.NewHeader("Event", oneLine(p.Event)))
	req.AppendHeader(sipmsg.NewHeader("Content-Type", oneLine(p.ContentType)))
	req.SetBody(p.Body)
	return req
}
