package locate

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers on loopback with what reply makes of each question; nil
// stays silent.
func nameServer(t *testing.T, reply func(q dnsmessage.Message, tcp bool) [][]byte) netip.AddrPort {
	t.Helper()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp", udp.LocalAddr().String())
	if err != nil {
		t.Skip("port not free for TCP:", err)
	}
	t.Cleanup(func() { udp.Close(); tcp.Close() })
	go func() {
		buf := make([]byte, 2000)
		for {
			n, from, err := udp.ReadFrom(buf)
			if err != nil {
				return
			}
			var q dnsmessage.Message
			if q.Unpack(buf[:n]) == nil {
				for _, msg := range reply(q, false) {
					udp.WriteTo(msg, from)
				}
			}
		}
	}()
	go func() {
		for {
			c, err := tcp.Accept()
			if err != nil {
				return
			}
			var size [2]byte
			io.ReadFull(c, size[:])
			buf := make([]byte, binary.BigEndian.Uint16(size[:]))
			io.ReadFull(c, buf)
			var q dnsmessage.Message
			if q.Unpack(buf) == nil {
				for _, msg := range reply(q, true) {
					c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...))
				}
			}
			c.Close()
		}
	}()
	return netip.MustParseAddrPort(udp.LocalAddr().String())
}

// pack makes the answer to q.
func pack(q dnsmessage.Message, change func(*dnsmessage.Message)) []byte {
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: q.ID, Response: true}, Questions: q.Questions}
	change(&m)
	b, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return b
}

func resource(name string, kind Kind, ttl uint32, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name), Type: dnsmessage.Type(kind), Class: dnsmessage.ClassINET, TTL: ttl},
		Body:   body,
	}
}

func with(r ...dnsmessage.Resource) func(*dnsmessage.Message) {
	return func(m *dnsmessage.Message) { m.Answers = r }
}

func code(c dnsmessage.RCode) func(*dnsmessage.Message) {
	return func(m *dnsmessage.Message) { m.RCode = c }
}

var naptrData = []byte("\x00\x0a\x00\x14\x01S\x07sip+d2u\x00\x04_sip\x04_udp\x04home\x04test\x00")

func TestClient(t *testing.T) {
	server := nameServer(t, func(q dnsmessage.Message, tcp bool) [][]byte {
		name := strings.ToLower(q.Questions[0].Name.String())
		one := func(change func(*dnsmessage.Message)) [][]byte { return [][]byte{pack(q, change)} }
		switch name {
		case "a.test.":
			return one(with(
				resource("a.test.", 5, 60, &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("B.test.")}),
				resource("other.test.", A, 1, &dnsmessage.AResource{A: [4]byte{9, 9, 9, 9}}),
				resource("b.test.", A, 61, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}),
				resource("b.test.", A, 62, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 2}}),
			))
		case "six.test.":
			return one(with(resource(name, AAAA, 5, &dnsmessage.AAAAResource{AAAA: [16]byte{0x20, 1, 15: 1}})))
		case "_sip._udp.home.test.":
			return one(with(resource(name, SRV, 7, &dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 3, Target: dnsmessage.MustNewName("s.test.")})))
		case "home.test.":
			return one(with(resource(name, NAPTR, 8, &dnsmessage.UnknownResource{Type: 35, Data: naptrData})))
		case "big.test.":
			if !tcp {
				return one(func(m *dnsmessage.Message) { m.Truncated = true })
			}
			return one(with(resource(name, A, 9, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 3}})))
		case "forged.test.":
			wrong := q
			wrong.ID++
			other := q
			other.Questions = []dnsmessage.Question{{Name: dnsmessage.MustNewName("x.test."), Type: 1, Class: 1}}
			return [][]byte{
				{1, 2, 3},
				pack(wrong, code(dnsmessage.RCodeNameError)), pack(other, code(dnsmessage.RCodeNameError)),
				pack(q, with(resource(name, A, 9, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 4}}))),
			}
		case "gone.test.":
			return one(code(dnsmessage.RCodeNameError))
		case "empty.test.":
			return one(with())
		case "silent.test.":
			return nil
		}
		return one(code(dnsmessage.RCodeServerFailure))
	})
	c := Client{Servers: []netip.AddrPort{server}, Timeout: 5 * time.Second, Rounds: 1}
	tests := []struct {
		kind Kind
		name string
		want []Record
	}{
		{A, "A.test", []Record{{TTL: 61 * time.Second, Addr: netip.MustParseAddr("192.0.2.1")}, {TTL: 62 * time.Second, Addr: netip.MustParseAddr("192.0.2.2")}}},
		{AAAA, "six.test.", []Record{{TTL: 5 * time.Second, Addr: netip.MustParseAddr("2001::1")}}},
		{SRV, "_sip._udp.home.test", []Record{{TTL: 7 * time.Second, Priority: 1, Weight: 2, Port: 3, Name: "s.test"}}},
		{NAPTR, "home.test", []Record{{TTL: 8 * time.Second, Priority: 10, Weight: 20, Flags: "s", Service: "SIP+D2U", Name: "_sip._udp.home.test"}}},
		{A, "big.test", []Record{{TTL: 9 * time.Second, Addr: netip.MustParseAddr("192.0.2.3")}}},
		{A, "forged.test", []Record{{TTL: 9 * time.Second, Addr: netip.MustParseAddr("192.0.2.4")}}},
	}
	for _, tt := range tests {
		got, err := c.Query(t.Context(), tt.kind, tt.name)
		if err != nil || len(got) != len(tt.want) {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
			continue
		}
		for i := range got {
			if got[i] != tt.want[i] {
				t.Errorf("%s: %+v, want %+v", tt.name, got[i], tt.want[i])
			}
		}
	}
	for _, name := range []string{"gone.test", "empty.test"} {
		if _, err := c.Query(t.Context(), A, name); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Query(t.Context(), A, "broken.test"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("server failure: %v", err)
	}
	if _, err := c.Query(t.Context(), A, string(make([]byte, 300))); err == nil {
		t.Error("name too long: no error")
	}
	quick := Client{Servers: c.Servers, Timeout: 50 * time.Millisecond, Rounds: 1}
	if _, err := quick.Query(t.Context(), A, "silent.test"); err == nil || errors.Is(err, ErrNotFound) {
		t.Errorf("silence: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Query(ctx, A, "silent.test"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("end of ctx: %v", err)
	}
}

func TestClientAsksTheNextServer(t *testing.T) {
	broken := nameServer(t, func(q dnsmessage.Message, _ bool) [][]byte { return [][]byte{pack(q, code(dnsmessage.RCodeRefused))} })
	good := nameServer(t, func(q dnsmessage.Message, _ bool) [][]byte {
		return [][]byte{pack(q, with(resource("a.test.", A, 60, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}})))}
	})
	c := Client{Servers: []netip.AddrPort{broken, good}}
	if got, err := c.Query(t.Context(), A, "a.test"); err != nil || len(got) != 1 {
		t.Errorf("Query = %v, %v", got, err)
	}
	if _, err := new(Client).Query(t.Context(), A, "a.test"); !errors.Is(err, errNoServer) {
		t.Errorf("no server: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	name := dnsmessage.MustNewName("home.test.")
	for kind, body := range map[Kind]dnsmessage.ResourceBody{
		A: &dnsmessage.AResource{}, AAAA: &dnsmessage.AAAAResource{}, SRV: &dnsmessage.SRVResource{Target: name},
		NAPTR: &dnsmessage.UnknownResource{Type: 35, Data: naptrData},
	} {
		q := dnsmessage.Message{Header: dnsmessage.Header{ID: 1}, Questions: []dnsmessage.Question{{Name: name, Type: dnsmessage.Type(kind), Class: 1}}}
		f.Add(pack(q, with(resource("home.test.", 5, 1, &dnsmessage.CNAMEResource{CNAME: name}), resource("home.test.", kind, 1, body))), uint16(kind))
	}
	f.Fuzz(func(t *testing.T, msg []byte, kind uint16) {
		records, err := parse(msg, 1, Kind(kind), "home.test")
		if err == nil && len(records) == 0 {
			t.Fatal("neither records nor an error")
		}
		for _, r := range records {
			if (Kind(kind) == A || Kind(kind) == AAAA) && !r.Addr.IsValid() {
				t.Fatalf("%+v has no address", r)
			}
		}
	})
}

func FuzzNAPTR(f *testing.F) {
	f.Add(naptrData)
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := naptr(data); err == nil && len(r.Flags)+len(r.Service) > 2*len(data)*3 {
			t.Fatalf("%q gave %+v", data, r)
		}
	})
}
