package sip

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

const publishTimeout = 40 * time.Second

// publish sends a publication; its end comes through the channel.
func (w *world) publish(p Publication) <-chan published {
	end := make(chan published, 1)
	go func() {
		ctx, cancel := context.WithTimeout(w.t.Context(), publishTimeout)
		defer cancel()
		got, err := w.ua.Publish(ctx, p)
		end <- published{got, err}
	}()
	synctest.Wait()
	return end
}

type published struct {
	Published
	err error
}

var publication = Publication{To: "sip:collector@quality.test", Event: "vq-rtcpxr", ContentType: "application/vq-rtcpxr", Body: []byte("VQSessionReport: CallTerm\r\n")}

// TestPublish: the request is that of RFC 3903, a challenge is answered with the
// same body, and the server's word comes back.
func TestPublish(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		end := w.publish(publication)
		first := w.peer.request(sipmsg.PUBLISH)
		w.peer.reply(first, 401, "", "", `WWW-Authenticate: Digest realm="quality.test", nonce="n1", qop="auth"`)
		second := w.peer.request(sipmsg.PUBLISH)
		for _, req := range []*sipmsg.Request{first, second} {
			if got := req.Recipient.String(); got != "sip:collector@quality.test" {
				t.Errorf("request URI %s", got)
			}
			if from := req.From(); from.Address.User != "ata1" || from.DisplayName != "" {
				t.Errorf("From %s", from.Value())
			}
			if headerValue(req, "Event") != "vq-rtcpxr" || contentType(req) != "application/vq-rtcpxr" || string(req.Body()) != string(publication.Body) {
				t.Errorf("got\n%s", req)
			}
		}
		if first.CallID().Value() != second.CallID().Value() || second.CSeq().SeqNo != first.CSeq().SeqNo+1 {
			t.Errorf("CSeq %v and %v", first.CSeq().Value(), second.CSeq().Value())
		}
		if v := headerValue(second, "Authorization"); !strings.Contains(v, `uri="sip:collector@quality.test"`) {
			t.Errorf("Authorization %q", v)
		}
		w.peer.reply(second, 200, "b", "", "SIP-ETag: x", "Expires: 60")
		if got := <-end; got.err != nil || got.Code != 200 {
			t.Errorf("%+v", got)
		}
		w.peer.nothing()
	})
}

func TestPublishRefused(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		end := w.publish(publication)
		w.peer.reply(w.peer.request(sipmsg.PUBLISH), 503, "", "", "Retry-After: 90")
		if got := <-end; got.err != nil || got.Code != 503 || got.RetryAfter != 90*time.Second {
			t.Errorf("%+v", got)
		}
	})
}

// TestPublishToNobody: a silent server costs 32 s (RFC 3261 §17.1.2.2), and a call
// made meanwhile does not notice.
func TestPublishToNobody(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		began := time.Now()
		end := w.publish(publication)
		w.peer.request(sipmsg.PUBLISH)
		_, id := placedCall(w)
		w.ua.Hangup(id)
		event[Ended](w)
		got := <-end
		if took := time.Since(began); !errors.Is(got.err, ErrNotSent) || took < timer64-time.Second || took > timer64+time.Second {
			t.Errorf("%+v after %v", got, took)
		}
	})
}

func TestPublishNowhere(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for _, to := range []string{"", "collector", "http://quality.test", "sip:", "sip:a@b c", "sip:a@b\r\nX: y"} {
			p := publication
			p.To = to
			if got := <-w.publish(p); got.err == nil {
				t.Errorf("published to %q", to)
			}
		}
		w.peer.nothing()
	})
}

// TestPublishAtTheEnd: a UA that ends leaves nobody waiting longer than they
// wanted.
func TestPublishAtTheEnd(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		end := w.publish(publication)
		w.end()
		if got := <-end; !errors.Is(got.err, ErrNotSent) {
			t.Errorf("%+v", got)
		}
		if got := <-w.publish(publication); !errors.Is(got.err, ErrNotSent) {
			t.Errorf("%+v", got)
		}
	})
}
