package push

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/ata-agent/ata-agent/config"
)

// A server that is away is asked less and less often; after each connection but
// the first the device looks for what it missed.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		nudges, tries := 0, []time.Time{}
		down := false
		keep(ctx, &Opts{Logger: slog.New(slog.DiscardHandler)}, func(ctx context.Context, up func(bool)) error {
			tries = append(tries, time.Now())
			if down {
				return errors.New("away")
			}
			up(true)
			up(false)
			sleep(ctx, time.Hour)
			down = len(tries) == 2
			return errors.New("ended")
		}, func() { nudges++ })
		if nudges != 3 { // said twice, missed once
			t.Errorf("%d nudges, want 3", nudges)
		}
		if n := len(tries); n < 8 || n > 20 {
			t.Errorf("%d tries in three hours, one of them without a server", n)
		}
		if last := tries[len(tries)-1].Sub(tries[len(tries)-2]); last < lastRetry/2 || last > lastRetry*3/2 {
			t.Errorf("the last wait was %v, want about %v", last, lastRetry)
		}
	})
}

func TestWebSocket(t *testing.T) {
	said := make(chan string, 1)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said <- r.Header.Get("Authorization")
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		ctx := c.CloseRead(r.Context())
		_ = c.Write(ctx, websocket.MessageText, []byte("look"))
		<-ctx.Done()
	}))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	ctx, cancel := context.WithCancel(t.Context())
	nudged := make(chan struct{}, 1)
	ended := make(chan error, 1)
	o := Opts{URL: strings.Replace(s.URL, "https", "wss", 1), TLS: &tls.Config{RootCAs: roots}, User: "box", Password: config.NewSecret("pw")}
	go func() { ended <- Listen(ctx, o, func() { nudged <- struct{}{} }) }()
	if a := <-said; a != "Basic Ym94OnB3" {
		t.Errorf("Authorization %q", a)
	}
	<-nudged
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestOtherSchemes(t *testing.T) {
	for _, url := range []string{"https://x.test", "", ":\x00secret"} {
		if err := Listen(t.Context(), Opts{URL: url}, func() {}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
