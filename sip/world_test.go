package sip

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/siptest"
)

// A world is a UA and a far end that speaks raw SIP, on a network in memory,
// inside a synctest bubble. The far end does only what a test tells it to.
type world struct {
	t    *testing.T
	net  *siptest.Net
	ua   *UA
	peer *peer
	end  func() // ends the UA and waits for it

	mu     sync.Mutex
	events []Event
}

var (
	uaAddr   = netip.MustParseAddrPort("10.0.0.2:5060")
	peerAddr = netip.MustParseAddrPort("10.0.0.1:5060")
	rtpAddr  = netip.MustParseAddrPort("10.0.0.2:40000")
)

// inWorld runs f with a UA that runs; both are gone when it returns. edit
// changes the settings before.
func inWorld(t *testing.T, edit func(*Account, *Voice, *Opts), f func(*world)) {
	t.Helper()
	inWorldWith(t, edit, func(*UA) {}, f)
}

// inWorldWith lets before change the UA before it runs.
func inWorldWith(t *testing.T, edit func(*Account, *Voice, *Opts), before func(*UA), f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, net: siptest.NewNet()}
		w.peer = newPeer(t, w.net, peerAddr)
		acc := Account{User: "ata1", Password: "secret1", Display: "Ata One", Domain: "10.0.0.1"}
		voice := Voice{Codecs: []string{"PCMA", "PCMU"}, Events: true}
		opts := Opts{LocalAddr: uaAddr.Addr(), LocalPort: int(uaAddr.Port()), Listen: w.net.ListenPacket, Notify: w.note, KeepAlive: -1, Logger: testLog()}
		opts.Locate = func(context.Context, string, int, Transport) ([]Target, error) { return nil, errNoServer }
		opts.Limits = Limits{RequestRate: 1e6, RequestBurst: 1e6}
		if edit != nil {
			edit(&acc, &voice, &opts)
		}
		ua, err := New(acc, voice, opts)
		if err != nil {
			t.Fatal(err)
		}
		w.ua = ua
		before(ua)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- ua.Run(ctx) }()
		w.end = sync.OnceFunc(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run = %v", err)
			}
		})
		defer func() {
			w.end()
			w.peer.close()
			if n := ua.Status().Counters.Panics; n != 0 {
				t.Errorf("%d panics", n)
			}
		}()
		synctest.Wait()
		f(w)
	})
}

func (w *world) note(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// event takes the next event and its type must be T.
func event[T Event](w *world) T {
	w.t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.events) == 0 {
		w.t.Fatalf("no event, want %T", *new(T))
	}
	e, ok := w.events[0].(T)
	if !ok {
		w.t.Fatalf("event %T %+v, want %T", w.events[0], w.events[0], e)
	}
	w.events = w.events[1:]
	return e
}

func (w *world) noEvent() {
	w.t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.events) > 0 {
		w.t.Fatalf("unexpected event %T %+v", w.events[0], w.events[0])
	}
}

// peer is a far end: it keeps what it receives until a test looks.
type peer struct {
	t    *testing.T
	conn *siptest.Conn
	addr netip.AddrPort
	done chan struct{}

	tolerant bool // of what cannot be read

	mu  sync.Mutex
	got []sipmsg.Message
	at  []time.Time
}

func newPeer(t *testing.T, n *siptest.Net, addr netip.AddrPort) *peer {
	t.Helper()
	conn, err := n.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, conn: conn, addr: addr, done: make(chan struct{})}
	go p.read()
	return p
}

func (p *peer) close() {
	_ = p.conn.Close()
	<-p.done
}

func (p *peer) read() {
	defer close(p.done)
	buf := make([]byte, 65535)
	for {
		n, _, err := p.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		msg, err := sipmsg.ParseMessage(buf[:n])
		if err != nil && p.tolerant {
			continue
		}
		if err != nil {
			p.t.Errorf("UA sent what cannot be read: %v\n%s", err, buf[:n])
			continue
		}
		p.mu.Lock()
		p.got, p.at = append(p.got, msg), append(p.at, time.Now())
		p.mu.Unlock()
	}
}

// take removes the first message received; nil if there is none.
func (p *peer) take() sipmsg.Message {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.got) == 0 {
		return nil
	}
	m := p.got[0]
	p.got, p.at = p.got[1:], p.at[1:]
	return m
}

// request takes the next message, which must be a request of this method.
func (p *peer) request(method sipmsg.RequestMethod) *sipmsg.Request {
	p.t.Helper()
	m := p.take()
	req, ok := m.(*sipmsg.Request)
	if !ok || req.Method != method {
		p.t.Fatalf("got %v, want %s", short(m), method)
	}
	return req
}

// response takes the next message, which must be a response with this code.
func (p *peer) response(code int) *sipmsg.Response {
	p.t.Helper()
	m := p.take()
	res, ok := m.(*sipmsg.Response)
	if !ok || res.StatusCode != code {
		p.t.Fatalf("got %v, want %d", short(m), code)
	}
	return res
}

// nothing checks that no message waits.
func (p *peer) nothing() {
	p.t.Helper()
	if m := p.take(); m != nil {
		p.t.Fatalf("unexpected %v", short(m))
	}
}

// drain forgets what was received.
func (p *peer) drain() []sipmsg.Message {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.got
	p.got, p.at = nil, nil
	return got
}

func short(m sipmsg.Message) string {
	switch m := m.(type) {
	case *sipmsg.Request:
		return m.StartLine() + " / CSeq " + m.CSeq().Value()
	case *sipmsg.Response:
		return m.StartLine() + " / CSeq " + m.CSeq().Value()
	}
	return "nothing"
}

func (p *peer) send(text string) {
	_, _ = p.conn.WriteToUDPAddrPort([]byte(text), uaAddr)
}

// reply answers a request of the UA with a tag of the far end's.
func (p *peer) reply(req *sipmsg.Request, code int, tag, body string, headers ...string) {
	res := sipmsg.NewResponseFromRequest(withToTag(req, tag), code, reasonPhrase(code), nil)
	res.AppendHeader(sipmsg.NewHeader("Contact", fmt.Sprintf("<sip:%s@%v>", "far", p.addr)))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		res.AppendHeader(sipmsg.NewHeader(name, value))
	}
	if body != "" {
		res.AppendHeader(sipmsg.NewHeader("Content-Type", "application/sdp"))
		res.SetBody([]byte(body))
	}
	p.send(res.String())
}

func withToTag(req *sipmsg.Request, tag string) *sipmsg.Request {
	req = req.Clone()
	if tag != "" {
		req.To().Params.Add("tag", tag)
	}
	return req
}

// description is an SDP body of the far end; lines are added to the audio line.
func description(lines ...string) string {
	return sessionOf("c=IN IP4 10.0.0.1", "m=audio 30000 RTP/AVP 0 8 101", lines...)
}

func sessionOf(c, m string, lines ...string) string {
	all := []string{"v=0", "o=far 1 1 IN IP4 10.0.0.1", "s=-", c, "t=0 0", m, "a=rtpmap:101 telephone-event/8000"}
	return strings.Join(append(all, lines...), "\r\n") + "\r\n"
}

// leg is the far end's side of one dialog, as caller.
type leg struct {
	p             *peer
	callID, local string // Call-ID, our tag
	remote        string // the UA's tag
	seq           int
	branch        string // of the last request
	user          string
}

func (p *peer) leg(user string) *leg {
	return &leg{p: p, callID: token(6), local: token(4), user: user}
}

// text builds a request. headers are whole lines; empty branch makes a new one.
func (l *leg) text(method string, seq int, branch, body string, headers ...string) string {
	if branch == "" {
		branch = branchCookie + token(6)
	}
	l.branch = branch
	to := ""
	if l.remote != "" {
		to = ";tag=" + l.remote
	}
	lines := []string{
		fmt.Sprintf("%s sip:%s@%v SIP/2.0", method, l.user, uaAddr),
		fmt.Sprintf("Via: SIP/2.0/UDP %v;branch=%s;rport", l.p.addr, branch),
		"Max-Forwards: 70",
		fmt.Sprintf(`From: "Far" <sip:far@10.0.0.1>;tag=%s`, l.local),
		fmt.Sprintf("To: <sip:%s@10.0.0.1>%s", l.user, to),
		"Call-ID: " + l.callID,
		fmt.Sprintf("CSeq: %d %s", seq, method),
		fmt.Sprintf("Contact: <sip:far@%v>", l.p.addr),
	}
	lines = append(lines, headers...)
	if body != "" {
		if all := strings.Join(headers, "\n"); !strings.Contains(all, "Content-Type:") && !strings.Contains(all, "c: ") {
			lines = append(lines, "Content-Type: application/sdp")
		}
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)), "", body)
	return strings.Join(lines, "\r\n")
}

// send sends the next request of the dialog.
func (l *leg) send(method, body string, headers ...string) {
	l.seq++
	l.p.send(l.text(method, l.seq, "", body, headers...))
}

// ack acknowledges a 2xx.
func (l *leg) ack(body string) { l.p.send(l.text("ACK", l.seq, "", body)) }

// learn takes the UA's tag from a response.
func (l *leg) learn(res *sipmsg.Response) { l.remote, _ = res.To().Params.Get("tag") }

// answer answers a call whose INVITE had an offer: what was agreed on is known
// before the ACK.
func (w *world) answer(id CallID) {
	w.t.Helper()
	w.ua.Answer(id, rtpAddr)
	event[Changed](w)
}

// answeredCall makes a call from the far end that is up.
func answeredCall(w *world, offer string, headers ...string) (*leg, CallID, Media) {
	w.t.Helper()
	l := w.peer.leg("ata1")
	l.send("INVITE", offer, headers...)
	in := event[Incoming](w)
	w.ua.Answer(in.Call, rtpAddr)
	if offer != "" {
		event[Changed](w)
	}
	l.learn(w.peer.response(200))
	l.ack("")
	return l, in.Call, event[Answered](w).Media
}

// placedCall makes a call to the far end that is up.
func placedCall(w *world, headers ...string) (*sipmsg.Request, CallID) {
	w.t.Helper()
	id := w.ua.Invite("200", rtpAddr)
	invite := w.peer.request(sipmsg.INVITE)
	w.peer.reply(invite, 200, "tag1", description(), headers...)
	event[Answered](w)
	w.peer.request(sipmsg.ACK)
	return invite, id
}

// farRequest builds a request of the far end in a call that the UA placed.
func (w *world) farRequest(invite *sipmsg.Request, method string, seq int, body string, headers ...string) string {
	l := w.peer.leg("ata1")
	l.callID, l.local = invite.CallID().Value(), "tag1"
	l.remote, _ = invite.From().Params.Get("tag")
	return l.text(method, seq, "", body, headers...)
}

// testLog shows what UAs log if ATA_LOG=1.
func testLog() *slog.Logger {
	if os.Getenv("ATA_LOG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
