package sip

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// What may be wrong with a server is told apart, and none of it makes a connection.
func TestTroubleWithCertificates(t *testing.T) {
	cert, pool := certificate(t)
	server := &tls.Config{Certificates: []tls.Certificate{cert}}
	demanding := &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	old := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	later := func() time.Time { return time.Now().Add(48 * time.Hour) }
	for _, tt := range []struct {
		name   string
		server *tls.Config // nil: speaks no TLS
		ours   func() (*tls.Config, error)
		as     string
		want   Trouble
		words  string
	}{
		{"works", server, trusting(pool), "127.0.0.1", "", ""},
		{"nobody vouches", server, nil, "127.0.0.1", Untrusted, "not trusted"},
		{"another name", server, trusting(pool), "sip.example.net", WrongName, "not for sip.example.net"},
		{"expired", server, func() (*tls.Config, error) { return &tls.Config{RootCAs: pool, Time: later}, nil }, "127.0.0.1", Expired, "expired"},
		{"not to be switched off", server, func() (*tls.Config, error) { return &tls.Config{InsecureSkipVerify: true}, nil }, "127.0.0.1", Untrusted, "not trusted"},
		{"no TLS", nil, trusting(pool), "127.0.0.1", NotTLS, "does not speak TLS"},
		{"wants ours", demanding, trusting(pool), "127.0.0.1", TurnedAway, "certificate required"},
		{"too old", old, trusting(pool), "127.0.0.1", TurnedAway, "protocol version"},
		{"files", server, func() (*tls.Config, error) { return nil, errors.New("no such file: ca.pem") }, "127.0.0.1", NoCertificate, "ca.pem"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go serveOnce(l, tt.server)
			conn, err := net.Dial("tcp4", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			s := &stack{opts: &Opts{TLS: tt.ours}}
			secure, err := s.secure(context.Background(), conn, tt.as)
			if err == nil { // with TLS 1.3 the server judges afterwards
				_, err = secure.Read(make([]byte, 1))
			}
			got, words := troubleOf(err)
			if got != tt.want || !strings.Contains(words, tt.words) {
				t.Errorf("%q %q of %v, want %q %q", got, words, err, tt.want, tt.words)
			}
		})
	}
}

// serveOnce takes one connection, says hello and ends it.
func serveOnce(l net.Listener, cfg *tls.Config) {
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	if cfg == nil {
		_, _ = conn.Write([]byte("SIP/2.0 400 Bad Request\r\n\r\n"))
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	_, _ = tls.Server(conn, cfg).Write([]byte("x"))
}

func TestTroubleIsOfTLSAlone(t *testing.T) {
	for _, err := range []error{nil, io.EOF, &net.OpError{Op: "dial", Err: errors.New("refused")}} {
		if got, words := troubleOf(err); got != "" || words != "" {
			t.Errorf("%v: %q %q", err, got, words)
		}
	}
	if got, words := troubleOf(&tls.CertificateVerificationError{Err: x509.SystemRootsError{Err: io.EOF}}); got != Unfit || words == "" {
		t.Errorf("%q %q", got, words)
	}
}
