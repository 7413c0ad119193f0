package push

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
)

const (
	// pingEvery keeps a NAT's mapping and finds a server that went away.
	pingEvery = 50 * time.Second
	pingWait  = 20 * time.Second
	// maxNudge bounds what a server may say, bytes.
	maxNudge = 4 << 10
)

// attendWebSocket holds one connection (RFC 6455). Any message is a nudge.
func attendWebSocket(ctx context.Context, u *url.URL, o *Opts, up func(bool)) error {
	header := http.Header{}
	if o.User != "" {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(o.User+":"+o.Password.Reveal())))
	}
	transport := &http.Transport{TLSClientConfig: o.TLS, DisableKeepAlives: true}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // with the password? nowhere else
	dial, cancel := context.WithTimeout(ctx, pingWait)
	defer cancel()
	c, _, err := websocket.Dial(dial, u.String(), &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport, CheckRedirect: stay}, HTTPHeader: header,
	})
	if err != nil {
		return err
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(maxNudge)
	up(true)
	ctx, end := context.WithCancel(ctx)
	defer end()
	alive := make(chan struct{})
	defer func() { end(); <-alive }()
	go func() { defer close(alive); defer end(); pings(ctx, c) }()
	for {
		if _, _, err := c.Read(ctx); err != nil {
			return err
		}
		up(false)
	}
}

// pings returns when the server no longer answers.
func pings(ctx context.Context, c *websocket.Conn) {
	for {
		sleep(ctx, pingEvery)
		wait, cancel := context.WithTimeout(ctx, pingWait)
		err := c.Ping(wait)
		cancel()
		if err != nil {
			return
		}
	}
}
