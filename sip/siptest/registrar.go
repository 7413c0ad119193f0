package siptest

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/sip/digest"
)

// Registrar is the registrar and proxy of one domain on one socket: it asks
// its users for their password, remembers where they are and passes requests
// on to them. It keeps no transactions (RFC 3261 §16.11): who sends a request
// repeats it, and the branch it adds follows from the branch it received, so
// that CANCEL and ACK find the way of their INVITE.
//
//	REGISTER       challenge, then the table of bindings
//	from our user  challenge, then on
//	to our user    to the binding made last; 404 unknown, 480 not there
//	to 9486        486 Test; so for every 9300 to 9699
//	in a dialog    by Route and Request-URI, with an address in it
type Registrar struct {
	opts Opts
	conn net.PacketConn
	addr netip.AddrPort
	key  [16]byte // of tags and branches

	mu        sync.Mutex
	asks      *digest.Challenger
	bindings  map[string][]Binding
	accepted  map[string]time.Time // requests whose credentials were good, for repetitions
	streams   map[netip.AddrPort]net.Conn
	notifySeq uint32
}

// Opts are the settings of a Registrar.
type Opts struct {
	Domain        string                    // ["ata.test"]
	Users         map[string]string         // password of each user
	Algorithms    []string                  // of the challenges, as in digest.ChallengerOpts
	NonceLifetime time.Duration             // [5 min]
	MinExpires    time.Duration             // shorter bindings are refused with 423 [none]
	MaxExpires    time.Duration             // longer ones are cut [1 h]
	Listener      net.Listener              // TCP beside UDP, on the same address [none]
	Intercept     func(*sipmsg.Request) int // answers a request with this status; 0 = as usual; must not call the Registrar [never]
	Header        map[int][]string          // "Name: value" added to our answers of a status, as Retry-After
	Logger        *slog.Logger              // [none]
}

// NewRegistrar makes a Registrar that will serve conn, a UDP socket on a
// concrete address.
func NewRegistrar(conn net.PacketConn, opts Opts) (*Registrar, error) {
	addr, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok || addr.IP.IsUnspecified() {
		return nil, fmt.Errorf("siptest: new registrar: %v is not a concrete UDP address", conn.LocalAddr())
	}
	if opts.Domain == "" {
		opts.Domain = "ata.test"
	}
	if opts.MaxExpires == 0 {
		opts.MaxExpires = time.Hour
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Registrar{
		opts: opts, conn: conn, addr: unmapped(addr.AddrPort()),
		asks: digest.NewChallenger(digest.ChallengerOpts{
			Realm: opts.Domain, Algorithms: opts.Algorithms, Lifetime: opts.NonceLifetime,
		}),
		bindings: map[string][]Binding{},
		accepted: map[string]time.Time{},
		streams:  map[netip.AddrPort]net.Conn{},
	}
	if _, err := rand.Read(r.key[:]); err != nil {
		return nil, fmt.Errorf("siptest: new registrar: %w", err)
	}
	return r, nil
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// Addr is where the Registrar listens.
func (r *Registrar) Addr() netip.AddrPort { return r.addr }

// Run serves until ctx ends, and returns nil then. It closes the sockets.
func (r *Registrar) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var streams sync.WaitGroup
	defer streams.Wait()
	defer r.closeAll()
	stop := context.AfterFunc(ctx, r.closeAll)
	defer stop()
	if r.opts.Listener != nil {
		streams.Go(func() { r.accept(ctx, &streams) })
	}
	buf := make([]byte, 65535)
	for {
		n, from, err := r.conn.ReadFrom(buf)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("siptest: registrar: %w", err)
		}
		r.datagram(buf[:n], from)
	}
}

func (r *Registrar) closeAll() {
	r.conn.Close()
	if r.opts.Listener != nil {
		r.opts.Listener.Close()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.streams {
		c.Close()
	}
}

func (r *Registrar) datagram(data []byte, from net.Addr) {
	udp, ok := from.(*net.UDPAddr)
	if !ok || len(data) <= 4 { // keep-alives
		return
	}
	msg, err := sipmsg.ParseMessage(data)
	if err != nil {
		r.opts.Logger.Debug("datagram dropped", "from", from, "error", err)
		return
	}
	r.handle(msg, hop{"UDP", unmapped(udp.AddrPort())})
}

// hop is where a message comes from or goes to.
type hop struct {
	transport string // "UDP" or "TCP"
	addr      netip.AddrPort
}

func (r *Registrar) send(msg sipmsg.Message, to hop) {
	var err error
	if to.transport == "TCP" {
		err = r.sendStream([]byte(msg.String()), to.addr)
	} else {
		_, err = r.conn.WriteTo([]byte(msg.String()), net.UDPAddrFromAddrPort(to.addr))
	}
	if err != nil {
		r.opts.Logger.Debug("message lost", "to", to.addr, "error", err)
	}
}

func (r *Registrar) handle(msg sipmsg.Message, from hop) {
	if msg.Via() == nil || msg.From() == nil || msg.To() == nil || msg.CallID() == nil || msg.CSeq() == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch m := msg.(type) {
	case *sipmsg.Request:
		r.opts.Logger.Debug("request", "method", m.Method, "uri", m.Recipient.String(), "from", from.addr)
		r.request(m, from)
	case *sipmsg.Response:
		r.opts.Logger.Debug("response", "code", m.StatusCode, "from", from.addr)
		r.response(m)
	}
}

// request decides what becomes of a request.
func (r *Registrar) request(req *sipmsg.Request, from hop) {
	stamp(req.Via(), from)
	r.popRoutes(req)
	if r.opts.Intercept != nil {
		if code := r.opts.Intercept(req); code != 0 {
			r.reply(req, code, "Test")
			return
		}
	}
	switch {
	case req.Method == sipmsg.ACK && req.To().Params.GetOr("tag", "") == r.tag(req):
		// of an answer of our own
	case req.Method == sipmsg.REGISTER && r.isMe(&req.Recipient):
		r.register(req, from)
	case req.Method == sipmsg.OPTIONS && req.Recipient.User == "" && r.isMe(&req.Recipient):
		r.reply(req, 200, "OK")
	case r.mustProve(req) && !r.proven(req, true):
		// challenged or refused
	default:
		r.proxy(req, from)
	}
}

// mustProve reports whether the request opens something in the name of one of
// our users. CANCEL and ACK cannot be challenged (RFC 3261 §22.1).
func (r *Registrar) mustProve(req *sipmsg.Request) bool {
	return r.isMe(&req.From().Address) && !req.To().Params.Has("tag") &&
		req.Method != sipmsg.CANCEL && req.Method != sipmsg.ACK
}

// isMe reports whether a URI names our domain or our socket. Our address
// without a port counts as the domain: subscribers without a domain name
// write it so. A telephone on the same host must have a port in its Contact.
func (r *Registrar) isMe(uri *sipmsg.Uri) bool {
	if strings.EqualFold(uri.Host, r.opts.Domain) {
		return true
	}
	addr, ok := literal(uri)
	return ok && (addr == r.addr || uri.Port == 0 && addr.Addr() == r.addr.Addr())
}

// literal is the address in a URI.
func literal(uri *sipmsg.Uri) (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(strings.Trim(uri.Host, "[]"))
	port := uri.Port
	if port == 0 {
		port = 5060
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), err == nil && port < 65536
}

// proven checks the credentials of a request, and answers it if they do not
// do. A repetition of a request that was let through is let through.
func (r *Registrar) proven(req *sipmsg.Request, proxy bool) bool {
	now := time.Now()
	id := r.hash("request", req.Via().String(), req.CSeq().Value(), req.CallID().Value())
	if now.Before(r.accepted[id]) {
		return true
	}
	code, ask, answer := 401, "WWW-Authenticate", "Authorization"
	if proxy {
		code, ask, answer = 407, "Proxy-Authenticate", "Proxy-Authorization"
	}
	user, verdict := r.asks.Verify(now, digest.Request{
		Method: string(req.Method), URI: req.Recipient.String(), Body: req.Body(), Values: values(req, answer),
	}, r.password)
	if verdict != digest.Accepted {
		r.reply(req, code, "Who are you?", header(ask, r.asks.Challenge(now, verdict == digest.Stale)...)...)
		return false
	}
	if user != req.From().Address.User {
		r.reply(req, 403, "Not your name")
		return false
	}
	r.remember(id, now)
	return true
}

// remember lets a request pass for as long as it may be repeated, 64*T1.
func (r *Registrar) remember(id string, now time.Time) {
	for old, until := range r.accepted {
		if !now.Before(until) {
			delete(r.accepted, old)
		}
	}
	r.accepted[id] = now.Add(32 * time.Second)
}

func (r *Registrar) password(user string) (string, bool) {
	p, ok := r.opts.Users[user]
	return p, ok
}

// reply answers a request ourselves. Our To tag follows from the call, so that
// we know it again in the ACK.
func (r *Registrar) reply(req *sipmsg.Request, code int, reason string, headers ...sipmsg.Header) {
	if req.Method == sipmsg.ACK {
		return
	}
	res := sipmsg.NewResponseFromRequest(req, code, reason, nil)
	if !req.To().Params.Has("tag") {
		res.To().Params.Add("tag", r.tag(req))
	}
	for _, h := range headers {
		res.AppendHeader(h)
	}
	for _, line := range r.opts.Header[code] {
		name, value, _ := strings.Cut(line, ":")
		res.AppendHeader(sipmsg.NewHeader(name, strings.TrimSpace(value)))
	}
	if to, ok := back(res.Via()); ok {
		r.send(res, to)
	}
}

func header(name string, values ...string) []sipmsg.Header {
	var list []sipmsg.Header
	for _, v := range values {
		list = append(list, sipmsg.NewHeader(name, v))
	}
	return list
}

func values(msg sipmsg.Message, name string) []string {
	var list []string
	for _, h := range msg.GetHeaders(name) {
		list = append(list, h.Value())
	}
	return list
}

func (r *Registrar) tag(req *sipmsg.Request) string {
	return r.hash("tag", req.CallID().Value(), req.From().Params.GetOr("tag", ""))
}

func (r *Registrar) hash(parts ...string) string {
	h := hmac.New(sha256.New, r.key[:])
	h.Write([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(h.Sum(nil)[:10])
}
