package hep

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

// chunks reads a packet back.
func chunks(t *testing.T, b []byte) map[uint16][]byte {
	t.Helper()
	if string(b[:4]) != "HEP3" || int(binary.BigEndian.Uint16(b[4:])) != len(b) {
		t.Fatalf("head %q of a packet of %d bytes", b[:6], len(b))
	}
	m := map[uint16][]byte{}
	for b = b[6:]; len(b) > 0; {
		n := int(binary.BigEndian.Uint16(b[4:]))
		m[binary.BigEndian.Uint16(b[2:])] = b[6:n]
		b = b[n:]
	}
	return m
}

func TestAppend(t *testing.T) {
	at := time.Unix(1795262400, 123456789)
	four, six := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("[2001:db8::1]:5061")
	tests := []struct {
		name string
		p    Packet
		want map[uint16]string
	}{
		{"IPv4, UDP", Packet{Time: at, Source: four, Destination: netip.MustParseAddrPort("192.0.2.2:5080"), CallID: "c", Payload: []byte("OPTIONS")}, map[uint16]string{
			1: "\x02", 2: "\x11", 3: "\xc0\x00\x02\x01", 4: "\xc0\x00\x02\x02", 7: "\x13\xc4", 8: "\x13\xd8",
			9: "\x6b\x01\x87\xc0", 10: "\x00\x01\xe2\x40", 11: "\x01", 12: "\x00\x00\x07\xd1", 14: "pw", 15: "OPTIONS", 17: "c",
		}},
		{"IPv6, TCP", Packet{Time: at, Source: six, Destination: six, TCP: true, Payload: []byte("X")}, map[uint16]string{
			1: "\x0a", 2: "\x06", 5: "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", 15: "X",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := Append(nil, tt.p, 2001, "pw")
			if err != nil {
				t.Fatal(err)
			}
			got := chunks(t, b)
			for kind, want := range tt.want {
				if string(got[kind]) != want {
					t.Errorf("chunk %d is %x, want %x", kind, got[kind], want)
				}
			}
		})
	}
	if _, err := Append(nil, Packet{Payload: make([]byte, 70000)}, 1, ""); err == nil {
		t.Error("a message that does not fit was taken")
	}
}
