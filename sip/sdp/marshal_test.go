package sdp

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestMarshal(t *testing.T) {
	s := Session{
		Origin: Origin{ID: "7", Version: "8"},
		Conn:   peer,
		Media: []Media{
			{
				Kind: "audio", Port: 4000, Proto: "RTP/AVP", Conn: peer, PTime: 20 * time.Millisecond,
				Codecs: []Codec{pcma, pcmu, event}, RTCP: netip.AddrPortFrom(netip.Addr{}, 4001),
			},
			{Kind: "image", Proto: "udptl", Formats: []string{"t38"}},
		},
	}
	want := strings.Join([]string{
		"v=0",
		"o=- 7 8 IN IP4 192.0.2.1",
		"s=-",
		"c=IN IP4 192.0.2.1",
		"t=0 0",
		"m=audio 4000 RTP/AVP 8 0 101",
		"a=rtpmap:8 PCMA/8000",
		"a=rtpmap:0 PCMU/8000",
		"a=rtpmap:101 telephone-event/8000",
		"a=fmtp:101 0-15",
		"a=ptime:20",
		"a=sendrecv",
		"a=rtcp:4001",
		"m=image 0 udptl t38",
		"",
	}, "\r\n")
	if got := string(s.Marshal()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestMarshalCannotBeInjected(t *testing.T) {
	evil := "x\r\nm=audio 9 RTP/AVP 0\n\x00"
	s := Session{
		Origin:     Origin{User: evil, ID: evil, Addr: evil},
		Name:       evil,
		Attributes: []Attribute{{evil, evil}},
		Media: []Media{{
			Kind: evil, Proto: evil, Formats: []string{evil}, Host: evil, Crypto: []string{evil},
			Codecs: []Codec{{Name: evil, Rate: 1, Fmtp: evil}}, Attributes: []Attribute{{evil, evil}},
		}},
	}
	text := string(s.Marshal())
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("line end inside %q", line)
		}
	}
	if n := strings.Count("\r\n"+text, "\r\nm="); n != 1 {
		t.Errorf("%d m= lines, want 1:\n%s", n, text)
	}
}

func TestMarshalIPv6(t *testing.T) {
	s := Session{Conn: netip.MustParseAddr("2001:db8::1")}
	if got := string(s.Marshal()); !strings.Contains(got, "IN IP6 2001:db8::1\r\nt=0 0") || !strings.Contains(got, "o=- 0 0 IN IP6 2001:db8::1\r\n") {
		t.Errorf("got\n%s", got)
	}
}
