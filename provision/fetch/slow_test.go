package fetch

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// against dials a server that is one function on one pipe, in virtual time.
func against(t *testing.T, serve func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			if _, err := http.ReadRequest(bufio.NewReader(theirs)); err != nil {
				t.Error(err)
			}
			serve(theirs)
		}()
		return ours, nil
	}
}

func TestSlow(t *testing.T) {
	const header = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
	for name, tt := range map[string]struct {
		serve func(net.Conn)
		want  time.Duration
	}{
		"says nothing": {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, 15 * time.Second},
		"a byte a second": {func(c net.Conn) {
			for _, b := range []byte(header + "x") {
				time.Sleep(time.Second / 10)
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
			}
			for {
				time.Sleep(time.Second)
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
			}
		}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := get(t, Opts{Plain: true, Dial: against(t, tt.serve)}, "http://server.test/x", Validator{})
				refused(t, err, Slow)
				if took := time.Since(start); took != tt.want {
					t.Errorf("took %v, want %v", took, tt.want)
				}
				time.Sleep(2 * time.Second) // the server notices
			})
		})
	}
}

func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c := New(Opts{Plain: true, Dial: against(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })})
		defer c.Close()
		_, err := c.Get(ctx, "http://server.test/x", Validator{})
		refused(t, err, Interrupted)
	})
}

func TestUnreachable(t *testing.T) {
	nobody := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nobody there") }
	_, err := get(t, Opts{Plain: true, Dial: nobody}, "http://server.test/x?token=1", Validator{})
	refused(t, err, Unreachable)
	hangsUp := against(t, func(net.Conn) {})
	_, err = get(t, Opts{Plain: true, Dial: hangsUp}, "http://server.test/x?token=1", Validator{})
	refused(t, err, Unreachable)
}
