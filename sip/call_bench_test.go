package sip

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	sipmsg "github.com/emiago/sipgo/sip"
)

// BenchmarkCallSetUp is what the UA adds to a call: INVITE out, 200 in, event
// and ACK out, BYE and its answer, over loopback.
func BenchmarkCallSetUp(b *testing.B) {
	far, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer far.Close()
	server := addrPort(far.LocalAddr())
	answered := make(chan CallID, 1)
	ua, err := New(Account{User: "ata1", Domain: server.String()}, Voice{Events: true}, Opts{
		LocalAddr: server.Addr(), KeepAlive: -1,
		Notify: func(e Event) {
			if a, ok := e.(Answered); ok {
				answered <- a.Call
			}
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- ua.Run(b.Context()) }()
	b.Cleanup(func() { <-done })
	go answerAll(far)
	for b.Loop() {
		ua.Invite("200", netip.AddrPortFrom(server.Addr(), 40000))
		ua.Hangup(<-answered)
	}
}

// answerAll answers every request with 200.
func answerAll(conn *net.UDPConn) {
	buf := make([]byte, 65535)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		msg, err := sipmsg.ParseMessage(buf[:n])
		req, ok := msg.(*sipmsg.Request)
		if err != nil || !ok || req.IsAck() {
			continue
		}
		res := sipmsg.NewResponseFromRequest(withToTag(req, "far"), 200, "OK", nil)
		res.AppendHeader(sipmsg.NewHeader("Contact", fmt.Sprintf("<sip:far@%v>", conn.LocalAddr())))
		if req.IsInvite() {
			res.AppendHeader(sipmsg.NewHeader("Content-Type", "application/sdp"))
			res.SetBody([]byte(description()))
		}
		_, _ = conn.WriteToUDPAddrPort([]byte(res.String()), from)
	}
}
