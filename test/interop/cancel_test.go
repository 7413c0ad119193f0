//go:build interop

package interop

import (
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestCancelAtOnce sends INVITE and CANCEL back to back, a thousand times and as
// fast as the agent answers. Each pair must end in 200 to the CANCEL and 487 to
// the INVITE, and every response to the INVITE must carry the same To tag.
func TestCancelAtOnce(t *testing.T) {
	const n = 1000
	server, local := freePort(t), freePort(t)
	a := startATA(t, object{"sip": object{
		"registrar": fmt.Sprintf("127.0.0.1:%d", server), "user": "ata1", "register": false,
		"local_address": "127.0.0.1", "local_port": local,
	}})
	conn, err := net.DialUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: server}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: local})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range n {
		p := &cancelled{conn: conn, server: server, local: local, id: i}
		if err := p.play(); err != nil {
			t.Fatalf("pair %d: %v", i, err)
		}
	}
	t.Logf("%d pairs, each 200 and 487 with one To tag", n)
	a.idle(t)
}

// cancelled is a call that is cancelled at once.
type cancelled struct {
	conn              *net.UDPConn
	server, local, id int
	tag               string // of the responses to the INVITE
	refused, accepted bool   // 487 to the INVITE, 200 to the CANCEL
}

const cancelledOffer = "v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 41000 RTP/AVP 0\r\n"

// play sends the pair once and waits for both answers.
func (p *cancelled) play() error {
	p.send("INVITE", "", "Content-Type: application/sdp\r\n", cancelledOffer)
	p.send("CANCEL", "", "", "")
	if err := p.listen(3 * time.Second); err != nil || p.refused && p.accepted {
		return err
	}
	return fmt.Errorf("no end: 487 came: %v, 200 to CANCEL came: %v", p.refused, p.accepted)
}

func (p *cancelled) send(method, tag, headers, body string) {
	fmt.Fprintf(p.conn, "%s sip:ata1@127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKpair%d;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:t@127.0.0.1:%d>;tag=f%d\r\nTo: <sip:ata1@127.0.0.1:%d>%s\r\nCall-ID: pair%d\r\nCSeq: 1 %s\r\nContact: <sip:t@127.0.0.1:%d>\r\n"+
		"%sContent-Length: %d\r\n\r\n%s", method, p.local, p.server, p.id, p.server, p.id, p.local, tag, p.id, method, p.server, headers, len(body), body)
}

var toTag = regexp.MustCompile(`(?mi)^To:.*;tag=([^;\s]+)`)

// listen takes answers until both are there or the time is up.
func (p *cancelled) listen(d time.Duration) error {
	_ = p.conn.SetReadDeadline(time.Now().Add(d))
	buf := make([]byte, 4096)
	for !p.refused || !p.accepted {
		n, err := p.conn.Read(buf)
		if err != nil {
			return nil // play says what is missing
		}
		if text := string(buf[:n]); strings.Contains(text, fmt.Sprintf("Call-ID: pair%d\r", p.id)) {
			if err := p.answer(text); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *cancelled) answer(text string) error {
	status, _, _ := strings.Cut(text, "\r\n")
	if strings.Contains(text, "CSeq: 1 CANCEL") {
		p.accepted = strings.HasPrefix(status, "SIP/2.0 200")
		return nil
	}
	if strings.HasPrefix(status, "SIP/2.0 100") {
		return nil
	}
	tag := toTag.FindStringSubmatch(text)
	if tag == nil || p.tag != "" && tag[1] != p.tag {
		return fmt.Errorf("%s with To tag %q, before %q", status, tag, p.tag)
	}
	p.tag = tag[1]
	switch {
	case strings.HasPrefix(status, "SIP/2.0 487"):
		p.refused = true
		p.send("ACK", ";tag="+p.tag, "", "")
	case !strings.HasPrefix(status, "SIP/2.0 1"):
		return fmt.Errorf("answered with %s", status)
	}
	return nil
}
