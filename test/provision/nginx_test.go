//go:build provision

package provision

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision/sign"
	"github.com/ata-agent/ata-agent/test/peer"
)

const (
	ownMAC   = "000b82aabbcc"
	otherMAC = "000b82aabbcd"
	closed   = "000b82aabbce" // its account is
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	serial      int64
	lasts       time.Duration // certificates, from now on [1 h]
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{}
	a.certificate, a.key = a.issue(t, name, nil)
	return a
}

// issue makes a certificate for a name: of a server if there are addresses, of an
// authority if it is the first, else of a device.
func (a *authority) issue(t *testing.T, name string, addresses []net.IP) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name}, IPAddresses: addresses,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(cmp.Or(a.lasts, time.Hour)),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	parent, signer := a.certificate, a.key
	if parent == nil {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

// poolOf is who believes an authority.
func poolOf(a *authority) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// device makes the certificate of one.
func (a *authority) device(t *testing.T, mac string) *tls.Certificate {
	t.Helper()
	certificate, key := a.issue(t, mac, nil)
	return &tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: key}
}

// writePair writes a certificate to NAME.pem and its key to NAME.key.
func writePair(t *testing.T, name string, certificate *x509.Certificate, key *ecdsa.PrivateKey) {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	peer.WriteFile(t, name+".pem", pemOf("CERTIFICATE", certificate.Raw))
	peer.WriteFile(t, name+".key", pemOf("EC PRIVATE KEY", der))
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// nginx is the server of docs/server.md on a port of loopback.
type nginx struct {
	*peer.Process
	url     string
	root    string // /srv/ata-agent
	devices *authority
	servers *authority
	roots   *x509.CertPool
}

func startNginx(t *testing.T) *nginx {
	t.Helper()
	dir, err := os.MkdirTemp("", "ata-agent-nginx") // nginx's workers run as another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	n := &nginx{root: filepath.Join(dir, "srv"), devices: newAuthority(t, "Devices"), roots: x509.NewCertPool()}
	n.fill(t)
	port := peer.FreePort(t)
	n.url = fmt.Sprintf("https://127.0.0.1:%d", port)
	n.configure(t, dir, port)
	n.Process = runNginx(t, dir, port)
	return n
}

// runNginx serves what conf.d of a folder has, among it a port of loopback.
func runNginx(t *testing.T, dir string, port int) *peer.Process {
	t.Helper()
	var head strings.Builder
	fmt.Fprintf(&head, "daemon off;\nworker_processes 1;\npid %[1]s/pid;\nerror_log stderr;\nevents { worker_connections 2048; }\nhttp {\naccess_log off;\n", dir)
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&head, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	fmt.Fprintf(&head, "include %s/conf.d/*.conf;\n}\n", dir)
	peer.WriteFile(t, filepath.Join(dir, "nginx.conf"), []byte(head.String()))
	open(t, dir)
	if out, err := exec.Command("nginx", "-t", "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr").CombinedOutput(); err != nil {
		t.Fatalf("nginx -t: %v: %s", err, out)
	}
	p := peer.Start(t, "nginx", exec.Command("nginx", "-c", filepath.Join(dir, "nginx.conf"), "-e", "stderr"))
	peer.Eventually(t, 10*time.Second, "nginx listens", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return p
}

// configure writes certificates, passwords and the configuration that the
// documentation has, with the paths of this test.
func (n *nginx) configure(t *testing.T, dir string, port int) {
	t.Helper()
	n.servers = newAuthority(t, "Servers")
	n.roots.AddCert(n.servers.certificate)
	certificate, key := n.servers.issue(t, "prov.example.net", []net.IP{net.IPv4(127, 0, 0, 1)})
	writePair(t, filepath.Join(dir, "etc", "server"), certificate, key)
	peer.WriteFile(t, filepath.Join(dir, "etc", "devices-ca.pem"), pemOf("CERTIFICATE", n.devices.certificate.Raw))
	hash, err := exec.Command("openssl", "passwd", "-apr1", "secret").Output()
	if err != nil {
		t.Fatal(err)
	}
	peer.WriteFile(t, filepath.Join(dir, "etc", "devices.htpasswd"), []byte(ownMAC+":"+string(hash)))

	documented, err := os.ReadFile("../../docs/server/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(
		"/etc/nginx/ata-agent", filepath.Join(dir, "etc"), "/srv/ata-agent", n.root,
		"listen 443 ssl", fmt.Sprintf("listen 127.0.0.1:%d ssl", port),
	).Replace(string(documented))
	peer.WriteFile(t, filepath.Join(dir, "conf.d", "ata-agent.conf"), []byte(text))
}

// open lets the user that nginx's workers run as read a folder; in the field the
// installation does.
func open(t *testing.T, dir string) {
	t.Helper()
	if out, err := exec.Command("chmod", "-R", "a+rX", dir).CombinedOutput(); err != nil {
		t.Fatalf("chmod: %v: %s", err, out)
	}
}

// fill writes the files of three devices.
func (n *nginx) fill(t *testing.T) {
	t.Helper()
	for name, text := range map[string]string{
		ownMAC + ".json": `{"schema": 1}`, ownMAC + ".json.minisig": "signature", "cfg" + ownMAC + ".xml": "<gs_provision/>", ownMAC + ".xml": "<flat-profile/>",
		otherMAC + ".json": `{"other": 1}`, closed + ".json": `{"schema": 1}`, closed + ".gone": "", "secret.txt": "x",
	} {
		peer.WriteFile(t, filepath.Join(n.root, "ata", name), []byte(text))
	}
}

// answer is what a device gets.
type answer struct {
	status     int
	body, etag string
}

// get asks for a path with a certificate, or a password, or neither.
func (n *nginx) get(t *testing.T, certificate *tls.Certificate, path, password, etag string) answer {
	t.Helper()
	settings := &tls.Config{RootCAs: n.roots}
	if certificate != nil {
		settings.Certificates = []tls.Certificate{*certificate}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: settings, DisableKeepAlives: true}, Timeout: 10 * time.Second}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		req.SetBasicAuth(ownMAC, password)
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, string(body), res.Header.Get("ETag")}
}

// TestNginx asks the server of the documentation for what a device may have and for
// what it may not.
func TestNginx(t *testing.T) {
	n := startNginx(t)
	own := n.devices.device(t, ownMAC)
	strange := newAuthority(t, "Strangers").device(t, ownMAC)
	for _, tt := range []struct {
		name        string
		certificate *tls.Certificate
		path        string
		password    string
		status      int
		body        string
	}{
		{"own", own, "/ata/" + ownMAC + ".json", "", 200, `{"schema": 1}`},
		{"own signature", own, "/ata/" + ownMAC + ".json.minisig", "", 200, "signature"},
		{"Grandstream's name", own, "/ata/cfg" + ownMAC + ".xml", "", 200, "<gs_provision/>"},
		{"Cisco's name", own, "/ata/" + ownMAC + ".xml", "", 200, "<flat-profile/>"},
		{"another's", own, "/ata/" + otherMAC + ".json", "", 403, ""},
		{"another's, escaped", own, "/ata/" + ownMAC + "%2f..%2f" + otherMAC + ".json", "", 403, ""},
		{"another's, upwards", own, "/ata/x/../" + otherMAC + ".json", "", 403, ""},
		{"no certificate", nil, "/ata/" + ownMAC + ".json", "", 403, ""},
		{"another authority's certificate", strange, "/ata/" + ownMAC + ".json", "", 403, ""},
		{"a name that contains the own", n.devices.device(t, "x"+ownMAC), "/ata/" + ownMAC + ".json", "", 403, ""},
		{"account closed", n.devices.device(t, closed), "/ata/" + closed + ".json", "", 410, ""},
		{"no file yet", n.devices.device(t, "000b82aabbcf"), "/ata/000b82aabbcf.json", "", 404, ""},
		{"list", own, "/ata/", "", 404, ""},
		{"other file", own, "/ata/secret.txt", "", 404, ""},
		{"password", nil, "/login/" + ownMAC + ".json", "secret", 200, `{"schema": 1}`},
		{"password, signature", nil, "/login/" + ownMAC + ".json.minisig", "secret", 200, "signature"},
		{"password, another's", nil, "/login/" + otherMAC + ".json", "secret", 200, `{"schema": 1}`}, // its own
		{"wrong password", nil, "/login/" + ownMAC + ".json", "guess", 401, ""},
		{"no password", nil, "/login/" + ownMAC + ".json", "", 401, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := n.get(t, tt.certificate, tt.path, tt.password, "")
			if got.status != tt.status || tt.body != "" && got.body != tt.body {
				t.Errorf("%d %q, want %d %q", got.status, got.body, tt.status, tt.body)
			}
			if tt.status == 200 {
				if again := n.get(t, tt.certificate, tt.path, tt.password, got.etag); got.etag == "" || again.status != 304 {
					t.Errorf("again with ETag %q: %d, want 304", got.etag, again.status)
				}
			}
		})
	}
}

// TestMinisign signs a document with the program that the documentation names;
// the device believes it, and not when a byte of it is another.
func TestMinisign(t *testing.T) {
	document := filepath.Join(t.TempDir(), ownMAC+".json")
	peer.WriteFile(t, document, []byte(`{"schema": 1}`))
	s := newSigner(t)
	minisign(t, "-S", "-s", s.secret, "-m", document, "-t", "generation 1")
	signature, err := os.ReadFile(document + ".minisig")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := sign.ParseKeys([]string{s.public})
	if err != nil {
		t.Fatal(err)
	}
	if comment, err := keys.Verify([]byte(`{"schema": 1}`), signature); err != nil || comment != "generation 1" {
		t.Errorf("Verify = %q, %v", comment, err)
	}
	if _, err := keys.Verify([]byte(`{"schema": 2}`), signature); err == nil {
		t.Error("another document passes with the signature")
	}
}
