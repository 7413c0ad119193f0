package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"
)

// PlugAndPlayAddr is where devices ask the local network for a provisioning
// server: the multicast address of SIP (RFC 3261 §18.1.1).
var PlugAndPlayAddr = netip.MustParseAddrPort("224.0.1.75:5060")

const (
	pnpWait   = 5 * time.Second // as the telephones of several makers wait
	pnpRepeat = time.Second
	maxPnP    = 16 << 10
)

// ErrNoPlugAndPlay says that nobody in the network named a server.
var ErrNoPlugAndPlay = errors.New("sip: plug and play: nobody answered")

// Device is how a device calls itself to the local network.
type Device struct {
	MAC                    string // 12 hexadecimal digits
	Vendor, Model, Version string
}

// PlugAndPlay asks for the URL of a provisioning server: SUBSCRIBE to ua-profile
// (RFC 6080) by multicast, answered with a NOTIFY whose body is the URL. Whoever
// is in the network can answer, so the URL is a hint and nothing more. conn is a
// UDP socket of its own; to is PlugAndPlayAddr but in tests.
func PlugAndPlay(ctx context.Context, conn net.PacketConn, to netip.AddrPort, d Device) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, pnpWait)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	s := newSubscription(conn, to, d)
	done := make(chan struct{})
	defer func() { cancel(); <-done }()
	go func() { defer close(done); s.repeat(ctx) }()
	return s.listen()
}

// subscription is the question.
type subscription struct {
	conn   net.PacketConn
	to     net.Addr
	text   []byte
	callID string
	parser *sipmsg.Parser
}

func newSubscription(conn net.PacketConn, to netip.AddrPort, d Device) *subscription {
	local := addrPort(conn.LocalAddr())
	s := &subscription{conn: conn, to: net.UDPAddrFromAddrPort(to), callID: token(8), parser: sipmsg.NewParser()}
	user := "MAC%3a" + strings.ToUpper(d.MAC)
	lines := []string{
		fmt.Sprintf("SUBSCRIBE sip:%s@%s SIP/2.0", user, to.Addr()),
		fmt.Sprintf("Via: SIP/2.0/UDP %v;branch=%s%s;rport", local, branchCookie, token(6)),
		"Max-Forwards: 1",
		fmt.Sprintf("From: <sip:%s@%s>;tag=%s", user, to.Addr(), token(4)),
		fmt.Sprintf("To: <sip:%s@%s>", user, to.Addr()),
		"Call-ID: " + s.callID,
		"CSeq: 1 SUBSCRIBE",
		fmt.Sprintf("Contact: <sip:%v>", local),
		fmt.Sprintf("Event: ua-profile;profile-type=\"device\";vendor=\"%s\";model=\"%s\";version=\"%s\"", quotable(d.Vendor), quotable(d.Model), quotable(d.Version)),
		"Expires: 0",
		"Accept: application/url",
		"Content-Length: 0", "", "",
	}
	s.text = []byte(strings.Join(lines, "\r\n"))
	return s
}

// quotable leaves out what would end a quoted string or a line.
func quotable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == '\\' || r > '~' {
			return -1
		}
		return r
	}, s)
}

func (s *subscription) repeat(ctx context.Context) {
	tick := time.NewTicker(pnpRepeat)
	defer tick.Stop()
	for {
		_, _ = s.conn.WriteTo(s.text, s.to) // the next one follows
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// listen waits for the NOTIFY that names a server.
func (s *subscription) listen() (string, error) {
	buf := make([]byte, maxPnP)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return "", ErrNoPlugAndPlay // the time is up
		}
		if url, ok := s.take(buf[:n], from); ok {
			return url, nil
		}
	}
}

// take reads one datagram and answers a NOTIFY.
func (s *subscription) take(data []byte, from net.Addr) (url string, ok bool) {
	defer func() { ok = recover() == nil && ok }() // of the parser
	m, err := s.parser.ParseSIP(data)
	req, is := m.(*sipmsg.Request)
	if err != nil || !is || !complete(req) || req.Method != sipmsg.NOTIFY {
		return "", false
	}
	if !strings.EqualFold(strings.TrimSpace(contentType(req)), "application/url") {
		return "", false
	}
	if url = strings.TrimSpace(string(req.Body())); url == "" || quotable(url) != url {
		return "", false
	}
	res := sipmsg.NewResponseFromRequest(req, 200, reasonPhrase(200), nil)
	_, _ = s.conn.WriteTo([]byte(res.String()), from)
	return url, true
}
