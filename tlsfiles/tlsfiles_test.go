package tlsfiles

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// write makes a certificate that signs itself and its key, for two years around noon.
func write(t *testing.T, dir, name string, ends time.Time) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: noon.AddDate(-1, 0, 0), NotAfter: ends, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	der8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	put(t, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	put(t, key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der8}))
	return cert, key
}

func put(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestClient(t *testing.T) {
	dir := t.TempDir()
	cert, key := write(t, dir, "mine", noon.AddDate(1, 0, 0))
	_, other := write(t, dir, "other", noon.AddDate(1, 0, 0))
	none := filepath.Join(dir, "none")
	for _, tt := range []struct {
		name  string
		files config.TLSFiles
		err   string
	}{
		{"the system's", config.TLSFiles{}, ""},
		{"all", config.TLSFiles{CA: cert, Cert: cert, Key: key}, ""},
		{"no authorities", config.TLSFiles{CA: none}, "authorities: open " + none},
		{"authorities without certificate", config.TLSFiles{CA: key}, "holds no certificate"},
		{"no certificate", config.TLSFiles{Cert: none, Key: key}, "the device's certificate: open " + none},
		{"another's key", config.TLSFiles{Cert: cert, Key: other}, "private key does not match"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Client(&tt.files, "sip.example.net")
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v, want %q", err, tt.err)
			}
			if err == nil && (c.ServerName != "sip.example.net" || c.InsecureSkipVerify || c.MinVersion < tls.VersionTLS12 || (c.RootCAs != nil) != (tt.files.CA != "")) {
				t.Errorf("%+v", c)
			}
		})
	}
}

// A certificate that was renewed is shown at the next connection.
func TestRenewedCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := write(t, dir, "mine", noon.AddDate(1, 0, 0))
	c, err := Client(&config.TLSFiles{Cert: cert, Key: key}, "")
	if err != nil {
		t.Fatal(err)
	}
	before, err := c.GetClientCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "mine", noon.AddDate(2, 0, 0))
	after, err := c.GetClientCertificate(nil)
	if err != nil || string(before.Certificate[0]) == string(after.Certificate[0]) {
		t.Errorf("the old certificate is shown (%v)", err)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	fine, fineKey := write(t, dir, "fine", noon.AddDate(1, 0, 0))
	ending, endingKey := write(t, dir, "ending", noon.AddDate(0, 0, 7))
	ended, _ := write(t, dir, "ended", noon.AddDate(0, 0, -1))
	for _, tt := range []struct {
		name          string
		files         config.TLSFiles
		now           time.Time
		wrong, coming string
	}{
		{"in order", config.TLSFiles{CA: fine, Cert: fine, Key: fineKey}, noon, "", ""},
		{"ending", config.TLSFiles{CA: fine, Cert: ending, Key: endingKey}, noon, "", `"CN=ending" ends on 2026-07-08`},
		{"ended", config.TLSFiles{CA: ended}, noon, `"CN=ended" ended on 2026-06-30`, ""},
		{"clock", config.TLSFiles{CA: fine}, time.Unix(0, 0), "or the clock of this device is wrong", ""},
		{"missing", config.TLSFiles{CA: filepath.Join(dir, "none")}, noon, "no such file", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wrong, coming := Check(&tt.files, tt.now, 30*24*time.Hour)
			if got := strings.Join(wrong, "\n"); !strings.Contains(got, tt.wrong) || tt.wrong == "" && got != "" {
				t.Errorf("wrong: %q, want %q", got, tt.wrong)
			}
			if got := strings.Join(coming, "\n"); !strings.Contains(got, tt.coming) || tt.coming == "" && got != "" {
				t.Errorf("coming: %q, want %q", got, tt.coming)
			}
		})
	}
}
