package sip

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/sip/siptest"
)

// certificate is one for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func trusting(pool *x509.CertPool) func() (*tls.Config, error) {
	return func() (*tls.Config, error) { return &tls.Config{RootCAs: pool}, nil }
}

// Over TLS as over TCP, but only with a server that shows the right
// certificate.
func TestSubscribersOverTLS(t *testing.T) {
	cert, pool := certificate(t)
	l, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	pc, err := net.ListenPacket("udp4", l.Addr().String())
	if err != nil {
		t.Skip("no port that is free for both")
	}
	_, end := serve(t, pc, siptest.Opts{Listener: l})
	defer end()
	server, local := addrPort(l.Addr()), netip.MustParseAddr("127.0.0.1")

	stranger := subscribe(t, account("ata2", server, TLS), Opts{LocalAddr: local})
	defer stranger.stop()
	for {
		reg := wait[Registration](t, stranger)
		if reg.State == Registered {
			t.Fatal("registered with a server whose certificate nobody vouches for")
		}
		if reg.Trouble != "" { // the first round failed
			if reg.Trouble != Untrusted || !strings.Contains(reg.Reason, "not trusted") || reg.Code != 0 {
				t.Fatalf("%+v, want it to say that the certificate is not trusted", reg)
			}
			break
		}
	}

	one := subscribe(t, account("ata1", server, TLS), Opts{LocalAddr: local, TLS: trusting(pool)})
	two := subscribe(t, account("ata2", server, UDP), Opts{LocalAddr: local})
	defer one.stop()
	defer two.stop()
	for _, s := range []*subscriber{one, two} {
		for wait[Registration](t, s).State != Registered {
		}
	}
	talk(t, two, one)
	talk(t, one, two)
}

// A server that wants a certificate of ours says so only once the handshake is over
// for us (TLS 1.3); the registration tells it all the same.
func TestServerWantsOurCertificate(t *testing.T) {
	cert, pool := certificate(t)
	l, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MinVersion: tls.VersionTLS13,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1)) // shakes hands, and refuses
			_ = conn.Close()
		}
	}()
	s := subscribe(t, account("ata1", addrPort(l.Addr()), TLS), Opts{LocalAddr: netip.MustParseAddr("127.0.0.1"), TLS: trusting(pool)})
	defer s.stop()
	reg := wait[Registration](t, s)
	for reg.Trouble == "" && reg.Code == 0 {
		reg = wait[Registration](t, s)
	}
	if reg.Trouble != TurnedAway || !strings.Contains(reg.Reason, "certificate required") {
		t.Errorf("%+v", reg)
	}
}
