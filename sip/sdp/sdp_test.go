package sdp

import (
	"net/netip"
	"testing"
)

func TestDirection(t *testing.T) {
	reverse := map[Direction]Direction{SendRecv: SendRecv, SendOnly: RecvOnly, RecvOnly: SendOnly, Inactive: Inactive}
	for d, want := range reverse {
		if got := d.Reverse(); got != want {
			t.Errorf("%v.Reverse() = %v, want %v", d, got, want)
		}
	}
	// RFC 3264 §6.1: what may be answered to an offer by one who wants something.
	answers := []struct{ offer, wish, want Direction }{
		{SendRecv, SendRecv, SendRecv},
		{SendRecv, SendOnly, SendOnly},
		{SendRecv, RecvOnly, RecvOnly},
		{SendRecv, Inactive, Inactive},
		{SendOnly, SendRecv, RecvOnly},
		{SendOnly, SendOnly, Inactive},
		{SendOnly, RecvOnly, RecvOnly},
		{RecvOnly, SendRecv, SendOnly},
		{RecvOnly, SendOnly, SendOnly},
		{RecvOnly, RecvOnly, Inactive},
		{Inactive, SendRecv, Inactive},
	}
	for _, a := range answers {
		if got := a.offer.Reverse().And(a.wish); got != a.want {
			t.Errorf("offer %v, wish %v: %v, want %v", a.offer, a.wish, got, a.want)
		}
	}
	if s := Direction(9).String(); s != "inactive" {
		t.Errorf("Direction(9) = %q", s)
	}
}

func TestMediaAddresses(t *testing.T) {
	addr := netip.MustParseAddr
	tests := []struct {
		name      string
		media     Media
		rtp, rtcp string // "" = not valid
	}{
		{"plain", Media{Port: 4000, Conn: peer}, "192.0.2.1:4000", "192.0.2.1:4001"},
		{"refused", Media{Conn: peer}, "", ""},
		{"no address", Media{Port: 4000, Host: "pbx.example"}, "", ""},
		{"rtcp port", Media{Port: 4000, Conn: peer, RTCP: netip.AddrPortFrom(netip.Addr{}, 5)}, "192.0.2.1:4000", "192.0.2.1:5"},
		{"rtcp address", Media{Port: 4000, Conn: peer, RTCP: netip.AddrPortFrom(addr("192.0.2.2"), 5)}, "192.0.2.1:4000", "192.0.2.2:5"},
		{"last port", Media{Port: 65535, Conn: peer}, "192.0.2.1:65535", ""},
	}
	for _, tt := range tests {
		if got := text(tt.media.RTPAddr()); got != tt.rtp {
			t.Errorf("%s: RTPAddr = %q, want %q", tt.name, got, tt.rtp)
		}
		if got := text(tt.media.RTCPAddr()); got != tt.rtcp {
			t.Errorf("%s: RTCPAddr = %q, want %q", tt.name, got, tt.rtcp)
		}
	}
}

func text(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func TestHeld(t *testing.T) {
	tests := []struct {
		media Media
		want  bool
	}{
		{Media{Conn: peer}, false},
		{Media{Conn: peer, Direction: RecvOnly}, false},
		{Media{Conn: peer, Direction: SendOnly}, true},
		{Media{Conn: peer, Direction: Inactive}, true},
		{Media{Conn: netip.IPv4Unspecified()}, true},
	}
	for _, tt := range tests {
		if got := tt.media.Held(); got != tt.want {
			t.Errorf("%+v: Held = %v, want %v", tt.media, got, tt.want)
		}
	}
}

func TestMediaCodec(t *testing.T) {
	m := Media{Codecs: []Codec{pcmu, {PT: 102, Name: "telephone-event", Rate: 48000, Channels: 1}, event}}
	if c, ok := m.Codec("Telephone-Event", 8000); !ok || c.PT != 101 {
		t.Errorf("Codec = %+v, %v", c, ok)
	}
	if c, ok := m.Codec("PCMA", 8000); ok {
		t.Errorf("found %+v", c)
	}
}
