package telemetry

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

// selfSigned is a certificate in PEM.
func selfSigned(t testing.TB, end time.Time) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: end.Add(-time.Hour), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestCertificateEnds(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, data ...[]byte) string {
		var all []byte
		for _, d := range data {
			all = append(all, d...)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, all, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	early, late := selfSigned(t, time.Unix(1e9, 0)), selfSigned(t, time.Unix(2e9, 0))
	key := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("not a certificate")})
	broken := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("nonsense")})
	for _, tt := range []struct {
		name         string
		device, otlp string
		account      string
		ca           []byte
		want, err    string
	}{
		{name: "none"},
		{name: "device", device: put("d.pem", key, late, early), want: "device} 1e+09"},
		{name: "server", ca: append(late, early...), want: "server} 1e+09"},
		{name: "telemetry", otlp: put("o.pem", late), want: "telemetry} 2e+09"},
		{name: "sip", account: put("s.pem", early), want: "sip} 1e+09"},
		{name: "missing file", device: filepath.Join(dir, "none"), otlp: put("o.pem", late), want: "telemetry} 2e+09", err: "no such file"},
		{name: "broken", device: put("b.pem", late, broken), want: "device} 2e+09", err: "certificate for device: "},
		{name: "no PEM", device: put("x.pem", []byte("hello"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, c := &config.Provision{}, &config.Telemetry{}
			p.Auth.Certificate, p.Trust.CA, c.OTLP.TLS.Cert = tt.device, string(tt.ca), tt.otlp
			s := &Samples{}
			err := certificateEnds(s, p, c, []string{"", tt.account})
			got := strings.ReplaceAll(strings.Join(text(s), " "), "ata_tls_cert_not_after_timestamp_seconds{", "")
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q, %v; want %q, %q", got, err, tt.want, tt.err)
			}
		})
	}
}

func FuzzCertificates(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add(selfSigned(f, time.Unix(2e9, 0)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if end, err := firstEnd([][]byte{data}); (!end.IsZero() || err != nil) && !bytes.Contains(data, []byte("CERTIFICATE")) {
			t.Errorf("%v, %v of no certificate", end, err)
		}
	})
}
