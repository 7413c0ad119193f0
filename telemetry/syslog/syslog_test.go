package syslog

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/privacy/privacytest"
)

func TestFormat(t *testing.T) {
	f := privacytest.NewFields()
	tests := []struct{ got, want string }{
		{Format(f.Report(t)), `<134>1 2026-11-21T12:00:00.250000Z 0123abcd ata-agent - call [ata@32473 batch="run-2" call.mos="4.25" call.codec="P\"C\]M\\U" t_installation="0123abcd"]`},
		{Format(f.Log(t)), `<132>1 2026-11-21T12:00:00.250000Z 0123abcd ata-agent - log [ata@32473 batch="run-3" t_installation="0123abcd"] ` + "\ufeff" + `msg="port lost" line=1`},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got  %s\nwant %s", tt.got, tt.want)
		}
	}
	if r := New("", nil); r.Wants(privacy.Metrics) || !r.Wants(privacy.Log) || !r.Wants(privacy.Notice) {
		t.Error("wrong kinds go to syslog")
	}
}

func TestUDP(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	r := New(server.LocalAddr().String(), nil)
	c := privacytest.NewFields().Report(t)
	if err := r.Send(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	_ = server.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, _, err := server.ReadFrom(b)
	if err != nil || string(b[:n]) != Format(c) {
		t.Errorf("%q came, %v", b[:n], err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// readCounted reads one message with counted octets (RFC 6587 §3.4.1).
func readCounted(r *bufio.Reader) (string, error) {
	count, err := r.ReadString(' ')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil {
		return "", err
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return string(b), err
}

// TestTLSReconnects has a server that ends the connection after a message; the
// next must come over a new one.
func TestTLSReconnects(t *testing.T) {
	certificate := httptest.NewUnstartedServer(nil)
	certificate.StartTLS()
	defer certificate.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificate.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	came := make(chan string)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			msg, err := readCounted(bufio.NewReader(conn))
			conn.Close()
			if err == nil {
				came <- msg
			}
		}
	}()
	r := New(l.Addr().String(), &tls.Config{RootCAs: certificate.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"})
	defer r.Close()
	c := privacytest.NewFields().Log(t)
	for i := range 3 {
		if err := r.Send(t.Context(), c); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if got := <-came; got != Format(c) {
			t.Errorf("message %d came as %q", i, got)
		}
		<-r.dead
	}
	wrong := New(l.Addr().String(), &tls.Config{ServerName: "example.com"})
	if err := wrong.Send(t.Context(), c); err == nil {
		t.Error("a server with an unknown certificate was believed")
	}
}
