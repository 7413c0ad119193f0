// Package push keeps a connection to a server that says when there is something
// new to fetch. What it says is a nudge and nothing more: where to fetch, and
// whom to trust, the device knows by itself.
package push

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

// Opts are the settings of a connection.
type Opts struct {
	URL      string // mqtts://host, mqtt://host, wss://host/path, ws://host/path
	Topic    string // of MQTT
	ClientID string // of MQTT: the same after a restart
	User     string
	Password config.Secret
	TLS      *tls.Config // nil: servers that the system trusts
	Logger   *slog.Logger
}

const (
	firstRetry = 5 * time.Second
	lastRetry  = 10 * time.Minute
	// stable is how long a connection has to last for the waits to begin anew.
	stable = time.Minute
)

// Listen calls nudge whenever the server says something, and once after each
// connection but the first, for what was missed meanwhile. It connects again
// until ctx ends. nudge must not block.
func Listen(ctx context.Context, o Opts, nudge func()) error {
	u, err := url.Parse(o.URL)
	if err != nil {
		return errors.New("push: not a URL") // the error of url.Parse holds the text
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var attend func(context.Context, *url.URL, *Opts, func(up bool)) error
	switch u.Scheme {
	case "wss", "ws":
		attend = attendWebSocket
	case "mqtts", "mqtt":
		attend = attendMQTT
	default:
		return fmt.Errorf("push: scheme %q", u.Scheme)
	}
	keep(ctx, &o, func(ctx context.Context, up func(bool)) error { return attend(ctx, u, &o, up) }, nudge)
	return nil
}

// keep attends again and again. A connection tells its beginning with up(true),
// what the server says with up(false).
func keep(ctx context.Context, o *Opts, attend func(context.Context, func(up bool)) error, nudge func()) {
	wait, before := firstRetry, false
	for ctx.Err() == nil {
		began := time.Now()
		err := attend(ctx, func(up bool) {
			if !up || before {
				nudge()
			}
			before = true
		})
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > stable {
			wait = firstRetry
		}
		o.Logger.Debug("push: connection lost", "err", err, "wait", wait)
		sleep(ctx, wait/2+rand.N(wait))
		wait = min(2*wait, lastRetry)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
