package sdp

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// head is a plain description up to the first m= line.
const head = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"

var (
	pcmu  = Codec{PT: 0, Name: "PCMU", Rate: 8000, Channels: 1}
	pcma  = Codec{PT: 8, Name: "PCMA", Rate: 8000, Channels: 1}
	event = Codec{PT: 101, Name: "telephone-event", Rate: 8000, Channels: 1, Fmtp: "0-15"}
	peer  = netip.MustParseAddr("192.0.2.1")
)

// audio is what most inputs below should be read as.
func audio(change func(*Media)) Media {
	m := Media{
		Kind: "audio", Port: 4000, Proto: "RTP/AVP", Formats: []string{"0"},
		Codecs: []Codec{pcmu}, Conn: peer,
	}
	if change != nil {
		change(&m)
	}
	return m
}

// TestParseTolerant holds what far ends were seen to send, right or wrong.
// Strict parsers refuse about half of it.
func TestParseTolerant(t *testing.T) {
	tests := []struct {
		name, text string
		want       []Media
	}{
		{"plain", head + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"LF only", strings.ReplaceAll(head, "\r", "") + "m=audio 4000 RTP/AVP 0\n", []Media{audio(nil)}},
		{"CR only", strings.ReplaceAll(head, "\n", "") + "m=audio 4000 RTP/AVP 0\r", []Media{audio(nil)}},
		{"no final line end", head + "m=audio 4000 RTP/AVP 0", []Media{audio(nil)}},
		{"line end in front", "\r\n" + head + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"blank lines between", strings.ReplaceAll(head, "\r\n", "\r\n\r\n") + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"empty s=", strings.Replace(head, "s=-", "s=", 1) + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"no s=", strings.Replace(head, "s=-\r\n", "", 1) + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"no t=", strings.Replace(head, "t=0 0\r\n", "", 1) + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"no o=", "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"blank after v=", strings.Replace(head, "v=0", "v= 0", 1) + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{
			"a= before t=", "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\na=sendonly\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
			[]Media{audio(func(m *Media) { m.Direction = SendOnly })},
		},
		{"unknown line letter", head + "q=what\r\nm=audio 4000 RTP/AVP 0\r\nx=7\r\n", []Media{audio(nil)}},
		{"line without =", head + "garbage\r\nm=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"o= with words", strings.Replace(head, "o=- 1 2", "o=root abc def", 1) + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"o= negative", strings.Replace(head, "o=- 1 2", "o=- -17 -2", 1) + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"o= longer than 64 bits", strings.Replace(head, "o=- 1 2", "o=- 99999999999999999999999 88888888888888888888888", 1) + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"c= on media level only", "v=0\r\no=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n", []Media{audio(nil)}},
		{"c= on both levels", strings.Replace(head, "c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.77", 1) + "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n", []Media{audio(nil)}},
		{
			"c= after a=", head[:len(head)-len("c=IN IP4 192.0.2.1\r\nt=0 0\r\n")] + "t=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=ptime:30\r\nc=IN IP4 192.0.2.1\r\nb=AS:64\r\n",
			[]Media{audio(func(m *Media) { m.PTime = 30 * time.Millisecond })},
		},
		{
			"c= missing", "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
			[]Media{audio(func(m *Media) { m.Conn = netip.Addr{} })},
		},
		{
			"c= is a name", strings.Replace(head, "c=IN IP4 192.0.2.1", "c=IN IP4 pbx.example", 1) + "m=audio 4000 RTP/AVP 0\r\n",
			[]Media{audio(func(m *Media) { m.Conn, m.Host = netip.Addr{}, "pbx.example" })},
		},
		{
			"c= is 0.0.0.0", strings.Replace(head, "c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0", 1) + "m=audio 4000 RTP/AVP 0\r\n",
			[]Media{audio(func(m *Media) { m.Conn = netip.IPv4Unspecified() })},
		},
		{"c= has a TTL", strings.Replace(head, "c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.1/127", 1) + "m=audio 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{
			"c= is IPv6 called IP4", strings.Replace(head, "c=IN IP4 192.0.2.1", "c=IN IP4 2001:db8::1", 1) + "m=audio 4000 RTP/AVP 0\r\n",
			[]Media{audio(func(m *Media) { m.Conn = netip.MustParseAddr("2001:db8::1") })},
		},
		{"blanks in m=", head + "m=audio  4000   RTP/AVP  0 \r\n", []Media{audio(nil)}},
		{"port count", head + "m=audio 4000/2 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"upper case kind", head + "m=AUDIO 4000 RTP/AVP 0\r\n", []Media{audio(nil)}},
		{"port too big", head + "m=audio 70000 RTP/AVP 0\r\n", []Media{audio(func(m *Media) { m.Port = 0 })}},
		{"port is a word", head + "m=audio $ RTP/AVP 0\r\n", []Media{audio(func(m *Media) { m.Port = 0 })}},
		{
			"payload type too big", head + "m=audio 4000 RTP/AVP 0 128 4294967296\r\n",
			[]Media{audio(func(m *Media) { m.Formats = []string{"0", "128", "4294967296"} })},
		},
		{
			"payload type twice", head + "m=audio 4000 RTP/AVP 0 0\r\n",
			[]Media{audio(func(m *Media) { m.Formats = []string{"0", "0"} })},
		},
		{
			"dynamic type without rtpmap", head + "m=audio 4000 RTP/AVP 0 96\r\n",
			[]Media{audio(func(m *Media) { m.Formats = []string{"0", "96"} })},
		},
		{
			"rtpmap and fmtp before they are needed, odd blanks", head + "m=audio 4000 RTP/AVP 8 101\r\na=fmtp: 101  0-15\r\na=rtpmap:  101 telephone-event/8000\r\na=rtpmap:8 PCMA/8000/1\r\n",
			[]Media{audio(func(m *Media) { m.Formats, m.Codecs = []string{"8", "101"}, []Codec{pcma, event} })},
		},
		{"rtpmap without clock falls back to the table", head + "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU\r\n", []Media{audio(nil)}},
		{
			"rtpmap clock overflows", head + "m=audio 4000 RTP/AVP 0 97\r\na=rtpmap:97 x/99999999999999999999\r\n",
			[]Media{audio(func(m *Media) { m.Formats = []string{"0", "97"} })},
		},
		{"DTLS profile", head + "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n", []Media{audio(func(m *Media) { m.Proto = "UDP/TLS/RTP/SAVPF" })}},
		{"unknown profile, no RTP", head + "m=audio 4000 XYZ/ABC 0\r\n", []Media{audio(func(m *Media) { m.Proto, m.Codecs = "XYZ/ABC", nil })}},
		{
			"crypto, rtcp, mux", head + "m=audio 4000 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc|2^20\r\na=rtcp:4009 IN IP4 192.0.2.3\r\na=rtcp-mux\r\na=maxptime:60\r\na=RECVONLY\r\n",
			[]Media{audio(func(m *Media) {
				m.Proto, m.RTCPMux, m.Direction, m.MaxPTime = "RTP/SAVP", true, RecvOnly, 60*time.Millisecond
				m.Crypto = []string{"1 AES_CM_128_HMAC_SHA1_80 inline:abc|2^20"}
				m.RTCP = netip.MustParseAddrPort("192.0.2.3:4009")
			})},
		},
		{
			"audio and T.38", head + "m=audio 4000 RTP/AVP 0\r\nm=image 4002 udptl t38\r\na=T38FaxVersion:0\r\na=T38FaxRateManagement:transferredTCF\r\na=inactive\r\n",
			[]Media{audio(nil), {
				Kind: "image", Port: 4002, Proto: "udptl", Formats: []string{"t38"}, Conn: peer, Direction: Inactive,
				Attributes: []Attribute{{"T38FaxVersion", "0"}, {"T38FaxRateManagement", "transferredTCF"}},
			}},
		},
		{
			"m= cut off keeps its place", head + "m=audio\r\nm=audio 4000 RTP/AVP 0\r\n",
			[]Media{{Kind: "audio", Formats: []string{}, Conn: peer}, audio(nil)},
		},
		{
			"m= without formats is refused", head + "m=audio 4000 RTP/AVP\r\n",
			[]Media{{Kind: "audio", Proto: "RTP/AVP", Formats: []string{}, Conn: peer}},
		},
		{
			"ptime on session level", head + "a=ptime:30\r\nm=audio 4000 RTP/AVP 0\r\n",
			[]Media{audio(func(m *Media) { m.PTime = 30 * time.Millisecond })},
		},
		{"ptime overflows", head + "m=audio 4000 RTP/AVP 0\r\na=ptime:99999999999999999999\r\na=maxptime:-1\r\n", []Media{audio(nil)}},
		{"ptime NaN", head + "m=audio 4000 RTP/AVP 0\r\na=ptime:NaN\r\n", []Media{audio(nil)}},
		{"media direction beats the session's", head + "a=inactive\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n", []Media{audio(nil)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(s.Media, tt.want) {
				t.Fatalf("got  %+v\nwant %+v", s.Media, tt.want)
			}
			checkStable(t, s)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":         "",
		"no version":    "o=- 1 2 IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n",
		"other version": "v=1\r\nm=audio 4000 RTP/AVP 0\r\n",
		"binary":        "\x00\x01\x02\xff",
		"JSON":          `{"v":0}`,
		"too long":      head + strings.Repeat("a=x\r\n", 20000),
	} {
		if s, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s: Parse = %+v, want an error", name, s)
		}
	}
}

func TestOrigin(t *testing.T) {
	s, err := Parse([]byte("v=0\no=root 99999999999999999999999 x7 IN IP4 pbx.example\ns= My call \n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Origin{User: "root", ID: "99999999999999999999999", Version: "x7", Addr: "pbx.example"}
	if s.Origin != want || s.Name != "My call" {
		t.Errorf("Origin = %+v, Name = %q, want %+v", s.Origin, s.Name, want)
	}
}

// checkStable writes s, reads it and writes it again.
func checkStable(t *testing.T, s *Session) {
	t.Helper()
	first := s.Marshal()
	again, err := Parse(first)
	if err != nil {
		t.Fatalf("Parse(Marshal()): %v\n%q", err, first)
	}
	if second := again.Marshal(); string(second) != string(first) {
		t.Fatalf("unstable:\n%q\n%q", first, second)
	}
	if len(again.Media) != len(s.Media) {
		t.Fatalf("%d media lines became %d", len(s.Media), len(again.Media))
	}
	for i := range s.Media {
		a, b := &s.Media[i], &again.Media[i]
		if a.RTPAddr() != b.RTPAddr() || a.RTCPAddr() != b.RTCPAddr() || a.Direction != b.Direction ||
			a.PTime != b.PTime || !reflect.DeepEqual(a.Codecs, b.Codecs) || !reflect.DeepEqual(a.Crypto, b.Crypto) {
			t.Fatalf("media %d changed:\n%+v\n%+v", i, a, b)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "m=audio 4000/2 RTP/SAVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=crypto:1 x\r\na=rtcp:9 IN IP6 ::1\r\na=ptime:20.5\r\nm=image 4002 udptl t38\r\na=T38FaxVersion:0\r\n"))
	f.Add([]byte("v= 0\nc=IN IP4 pbx.example\nm=\nm=audio\nc=IN IP4 /3\na=sendonly\na=:\na=\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		if len(text) < 4096 { // what is written may be longer than what was read
			checkStable(t, s)
		}
	})
}
