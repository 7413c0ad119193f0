package pcapng

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"time"
)

// blocks reads a file back; both lengths of each must agree.
func blocks(t *testing.T, b []byte) (list [][]byte) {
	t.Helper()
	for len(b) > 0 {
		n := binary.LittleEndian.Uint32(b[4:])
		if n%4 != 0 || int(n) > len(b) || binary.LittleEndian.Uint32(b[n-4:]) != n {
			t.Fatalf("block of %d bytes with %d left", n, len(b))
		}
		list, b = append(list, b[:n]), b[n:]
	}
	return list
}

func TestWrite(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, "test 1")
	if err != nil {
		t.Fatal(err)
	}
	four, six := netip.MustParseAddrPort("192.0.2.1:16384"), netip.MustParseAddrPort("[2001:db8::1]:5060")
	at := time.Unix(1795262400, 123456789)
	for _, p := range []Packet{
		{Time: at, Source: four, Destination: netip.MustParseAddrPort("192.0.2.2:4000"), Payload: []byte("0123456789ab"), Length: 172},
		{Time: at, Source: six, Destination: six, TCP: true, Payload: []byte("hello")},
		{Time: at, Source: six, Destination: six, TCP: true, Payload: []byte("world")},
	} {
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	list := blocks(t, file.Bytes())
	if len(list) != 5 {
		t.Fatalf("%d blocks, want 5", len(list))
	}
	udp := list[2]
	if high, low := binary.LittleEndian.Uint32(udp[12:]), binary.LittleEndian.Uint32(udp[16:]); int64(high)<<32|int64(low) != at.UnixNano() {
		t.Errorf("time %d %d", high, low)
	}
	if kept, length := binary.LittleEndian.Uint32(udp[20:]), binary.LittleEndian.Uint32(udp[24:]); kept != 28+12 || length != 28+172 {
		t.Errorf("%d of %d bytes are kept", kept, length)
	}
	ip := udp[28:]
	if ip[0] != 0x45 || binary.BigEndian.Uint16(ip[2:]) != 200 || ip[9] != 17 || checksum(ip[:20]) != 0 || binary.BigEndian.Uint16(ip[24:]) != 180 || string(ip[28:40]) != "0123456789ab" {
		t.Errorf("packet %x", ip[:40])
	}
	tcp := list[4][28:]
	if tcp[0] != 0x60 || tcp[6] != 6 || binary.BigEndian.Uint32(tcp[44:]) != 6 || string(tcp[60:65]) != "world" {
		t.Errorf("packet %x", tcp[:65])
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestFullDisk(t *testing.T) {
	if _, err := NewWriter(fullDisk{}, "x"); err == nil {
		t.Error("a full disk was taken")
	}
}
