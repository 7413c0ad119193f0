package sip

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// tcpPeer is a far end that a UA connects to, by pipes in memory. It keeps what
// it receives until a test looks.
type tcpPeer struct {
	t     *testing.T
	deaf  bool // connections from now on are never read
	mu    sync.Mutex
	conns []net.Conn // the far end's side, in the order of dialling
	got   []*sipmsg.Request
	via   []int // connection of got
}

// pipeEnd is our side of a connection.
type pipeEnd struct {
	net.Conn
	local net.Addr
}

func (p pipeEnd) LocalAddr() net.Addr { return p.local }

func (p *tcpPeer) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.conns)
	p.conns = append(p.conns, theirs)
	if !p.deaf {
		go p.read(n, theirs)
	}
	return pipeEnd{ours, net.TCPAddrFromAddrPort(netip.AddrPortFrom(uaAddr.Addr(), uint16(40001+n)))}, nil
}

func (p *tcpPeer) read(n int, c net.Conn) {
	stream := sipmsg.NewParser().NewSIPStream()
	defer stream.Close()
	buf := make([]byte, 65535)
	for {
		k, err := c.Read(buf)
		if err != nil {
			return
		}
		_ = stream.ParseSIPStream(buf[:k], func(m sipmsg.Message) {
			if req, ok := m.(*sipmsg.Request); ok {
				p.mu.Lock()
				defer p.mu.Unlock()
				p.got, p.via = append(p.got, req), append(p.via, n)
			}
		})
	}
}

// request takes the next request of a method, whatever else came before, and
// the connection it came by.
func (p *tcpPeer) request(method sipmsg.RequestMethod) (*sipmsg.Request, int) {
	p.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, req := range p.got {
		if req.Method == method {
			n := p.via[i]
			p.got, p.via = p.got[i+1:], p.via[i+1:]
			return req, n
		}
	}
	p.t.Fatalf("no %s", method)
	return nil, 0
}

func (p *tcpPeer) turnDeaf(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = on
}

func (p *tcpPeer) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got)
}

// reply answers by a connection.
func (p *tcpPeer) reply(n int, req *sipmsg.Request, code int, body string) {
	p.t.Helper()
	res := sipmsg.NewResponseFromRequest(withToTag(req, "far"), code, reasonPhrase(code), nil)
	res.AppendHeader(sipmsg.NewHeader("Contact", "<sip:far@10.0.0.1:5060;transport=tcp>"))
	if req.Method == sipmsg.REGISTER {
		res.ReplaceHeader(req.Contact().Clone())
	}
	if body != "" {
		res.AppendHeader(sipmsg.NewHeader("Content-Type", "application/sdp"))
		res.SetBody([]byte(body))
	}
	p.mu.Lock()
	c := p.conns[n]
	p.mu.Unlock()
	if _, err := c.Write([]byte(res.String())); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tcpPeer) close(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.conns[n].Close()
}

// inTCPWorld runs f with a UA that speaks TCP and is registered.
func inTCPWorld(t *testing.T, f func(*world, *tcpPeer)) {
	t.Helper()
	p := &tcpPeer{t: t}
	inWorldWith(t, func(a *Account, _ *Voice, _ *Opts) {
		a.Register, a.Transport = true, TCP
	}, func(u *UA) { u.dialTCP = p.dial }, func(w *world) {
		reg, n := p.request(sipmsg.REGISTER)
		p.reply(n, reg, 200, "")
		event[Registration](w)
		if r := event[Registration](w); r.State != Registered {
			t.Fatalf("registration %+v", r)
		}
		f(w, p)
	})
}

// A call outlives the connection it was made by: the far end is told the new
// one at once, and the call ends as any other.
func TestCallOutlivesItsConnection(t *testing.T) {
	inTCPWorld(t, func(w *world, p *tcpPeer) {
		id := w.ua.Invite("200", rtpAddr)
		invite, n := p.request(sipmsg.INVITE)
		p.reply(n, invite, 200, description())
		event[Answered](w)
		p.request(sipmsg.ACK)
		time.Sleep(upLongEnough)

		p.close(0)
		re, n := p.request(sipmsg.INVITE)
		if c := re.Contact().Address.String(); n != 1 || !strings.Contains(c, "@10.0.0.2:40002;transport=tcp") {
			t.Errorf("re-INVITE by connection %d with %s", n, c)
		}
		p.reply(n, re, 200, description())
		p.request(sipmsg.ACK)
		w.ua.Hangup(id)
		bye, n := p.request(sipmsg.BYE)
		if n != 1 {
			t.Errorf("BYE by connection %d", n)
		}
		p.reply(n, bye, 200, "")
	})
}

// A server that reads no more costs one write's patience: what follows goes by
// a new connection.
func TestServerReadsNoMore(t *testing.T) {
	inTCPWorld(t, func(w *world, p *tcpPeer) {
		p.turnDeaf(true)
		p.close(0)
		time.Sleep(time.Minute) // registers again by a connection that is never read
		p.turnDeaf(false)
		for range 600 {
			time.Sleep(time.Second)
			if p.waiting() > 0 {
				break
			}
		}
		reg, n := p.request(sipmsg.REGISTER)
		if n < 2 {
			t.Errorf("REGISTER by connection %d", n)
		}
		p.reply(n, reg, 200, "")
		synctest.Wait()
		if r := w.ua.Status().Registration; r.State != Registered {
			t.Errorf("registration %+v", r)
		}
	})
}
