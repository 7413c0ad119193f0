package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/state"
)

// socketName is the control socket in the state folder.
const socketName = state.SocketFile

// listenControl opens the control socket for the user alone. A socket that a
// crashed agent left is replaced, one in use is not.
func listenControl(dir string) (net.Listener, error) {
	path := filepath.Join(dir, socketName)
	if err := notInUse(dir); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// notInUse fails if an agent runs with this state folder.
func notInUse(dir string) error {
	path := filepath.Join(dir, socketName)
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return nil //nolint:nilerr // nobody answers
	}
	c.Close()
	return fmt.Errorf("an agent is running already on %s", path)
}

// serveControl answers requests until ctx ends.
func serveControl(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		closeServer(ctx, s)
	})
	err := s.Serve(l)
	if !stop() {
		<-closed
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// closeServer lets answers on their way go out. Requests that last end with
// their context, which has ended.
func closeServer(ctx context.Context, s *http.Server) {
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if s.Shutdown(soon) != nil {
		_ = s.Close()
	}
}

// controlClient speaks to the running agent.
type controlClient struct {
	http http.Client
	path string
}

func newControlClient(dir string) *controlClient {
	path := filepath.Join(dir, socketName)
	return &controlClient{path: path, http: http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}}
}

// do sends a request and returns the body of its answer.
func (c *controlClient) do(ctx context.Context, method, url string, body io.Reader) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://agent"+url, body)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("no running agent answers on %s: %w", c.path, err)
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		return nil, errors.New(strings.TrimSpace(string(text)))
	}
	return res.Body, nil
}

// get reads a JSON answer into v.
func (c *controlClient) get(ctx context.Context, url string, v any) error {
	body, err := c.do(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(v)
}
