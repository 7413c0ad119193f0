package siptest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// accept serves TCP connections until the listener is closed.
func (r *Registrar) accept(ctx context.Context, streams *sync.WaitGroup) {
	for {
		c, err := r.opts.Listener.Accept()
		if err != nil {
			return
		}
		peer, ok := c.RemoteAddr().(*net.TCPAddr)
		if !ok || !r.addStream(ctx, c, unmapped(peer.AddrPort())) {
			c.Close()
			continue
		}
		streams.Go(func() { r.serve(c, unmapped(peer.AddrPort())) })
	}
}

func (r *Registrar) addStream(ctx context.Context, c net.Conn, peer netip.AddrPort) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil { // closeAll may have passed already
		return false
	}
	r.streams[peer] = c
	return true
}

// serve reads one connection to its end.
func (r *Registrar) serve(c net.Conn, peer netip.AddrPort) {
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.streams, peer)
		c.Close()
	}()
	messages := sipmsg.NewParser().NewSIPStream()
	defer messages.Close()
	buf := make([]byte, 65535)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if strings.Trim(string(buf[:n]), "\r\n") == "" && n >= 4 { // RFC 5626 §4.4.1
			if _, err := c.Write([]byte("\r\n")); err != nil {
				return
			}
			continue
		}
		err = messages.ParseSIPStream(buf[:n], func(m sipmsg.Message) { r.handle(m, hop{"TCP", peer}) })
		if err != nil && !errors.Is(err, sipmsg.ErrParseSipPartial) {
			r.opts.Logger.Debug("connection dropped", "from", peer, "error", err)
			return
		}
	}
}

// sendStream writes to a connection that a far end opened; we open none.
func (r *Registrar) sendStream(data []byte, to netip.AddrPort) error {
	c := r.streams[to]
	if c == nil {
		return fmt.Errorf("siptest: no connection from %v", to)
	}
	if err := c.SetWriteDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	_, err := c.Write(data)
	return err
}
