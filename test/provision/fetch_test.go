//go:build provision

package provision

import (
	"crypto/md5"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/test/peer"
)

// fetched has a client fetch a document twice and returns why it got none, "" if
// it did and the second time heard that it is unchanged.
func fetched(t *testing.T, url string, opts fetch.Opts) fetch.Reason {
	t.Helper()
	c := fetch.New(opts)
	defer c.Close()
	d, err := c.Get(t.Context(), url, fetch.Validator{})
	if r, ok := errors.AsType[*fetch.Refusal](err); ok {
		t.Log(r)
		return r.Reason
	}
	if err != nil || string(d.Data) != `{"schema": 1}` {
		t.Fatalf("%s: %q, %v", url, d.Data, err)
	}
	again, err := c.Get(t.Context(), url, d.Validator)
	if err != nil || !again.Unchanged || d.Validator.ETag == "" || again.Data != nil {
		t.Errorf("%s, again: %+v, %v", url, again, err)
	}
	return ""
}

// TestFetchMutual fetches from nginx with certificates.
func TestFetchMutual(t *testing.T) {
	t.Parallel()
	n := startNginx(t)
	own := n.url + "/ata/" + ownMAC + ".json"
	for _, tt := range []struct {
		name string
		url  string
		opts fetch.Opts
		want fetch.Reason
	}{
		{"own", own, fetch.Opts{Roots: n.roots, Certificate: n.devices.device(t, ownMAC)}, ""},
		{"another device's certificate", own, fetch.Opts{Roots: n.roots, Certificate: n.devices.device(t, otherMAC)}, fetch.Forbidden},
		{"none", own, fetch.Opts{Roots: n.roots}, fetch.Forbidden},
		{"server of an authority that is not ours", own, fetch.Opts{Certificate: n.devices.device(t, ownMAC)}, fetch.Untrusted},
		{"password", n.url + "/login/" + ownMAC + ".json", fetch.Opts{Roots: n.roots, User: ownMAC, Password: config.NewSecret("secret")}, ""},
		{"wrong password", n.url + "/login/" + ownMAC + ".json", fetch.Opts{Roots: n.roots, User: ownMAC, Password: config.NewSecret("guess")}, fetch.Unauthorized},
		{"account closed", n.url + "/ata/" + closed + ".json", fetch.Opts{Roots: n.roots, Certificate: n.devices.device(t, closed)}, fetch.Gone},
		{"plain text", "http" + strings.TrimPrefix(own, "https"), fetch.Opts{Roots: n.roots}, fetch.Plain},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fetched(t, tt.url, tt.opts); got != tt.want {
				t.Errorf("refused for %q, want %q", got, tt.want)
			}
		})
	}
}

// hostile are servers of nginx that are up to no good. The places to fill in are
// folder and ports: of the device's own server, of another, of one with a
// certificate that has expired, and of one for plain text.
const hostile = `
log_format asked '$server_port $request_uri "$http_authorization" "$ssl_client_s_dn"';
ssl_client_certificate %[1]s/etc/devices-ca.pem;
ssl_verify_client optional;
auth_basic_user_file %[1]s/etc/users;
server {
    listen 127.0.0.1:%[2]d ssl;
    access_log %[1]s/asked.log asked;
    ssl_certificate %[1]s/etc/good.pem; ssl_certificate_key %[1]s/etc/good.key;
    location = /good.json { auth_basic "ata"; root %[1]s/docs; }
    location = /to-other.json { auth_basic "ata"; try_files /none @other; }
    location = /to-greedy.json { auth_basic "ata"; try_files /none @greedy; }
    location = /to-plain.json { return 302 http://127.0.0.1:%[5]d/good.json; }
    location = /round.json { return 302 /round.json; }
    location @other { return 302 https://127.0.0.1:%[3]d/good.json; }
    location @greedy { return 302 https://127.0.0.1:%[3]d/greedy.json; }
}
server {
    listen 127.0.0.1:%[3]d ssl;
    access_log %[1]s/asked.log asked;
    ssl_certificate %[1]s/etc/good.pem; ssl_certificate_key %[1]s/etc/good.key;
    root %[1]s/docs;
    location = /greedy.json { auth_basic "ata"; }
}
server {
    listen 127.0.0.1:%[4]d ssl;
    access_log %[1]s/asked.log asked;
    ssl_certificate %[1]s/etc/old.pem; ssl_certificate_key %[1]s/etc/old.key;
    root %[1]s/docs;
}
server { listen 127.0.0.1:%[5]d; root %[1]s/docs; }
`

// TestFetchHostile fetches from servers that are up to no good: what the device
// knows goes to its own server and to nobody else.
func TestFetchHostile(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "ata-agent-hostile") // nginx's workers run as another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	servers, devices := newAuthority(t, "Servers"), newAuthority(t, "Devices")
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	certificate, key := servers.issue(t, "prov.example.net", loopback)
	writePair(t, filepath.Join(dir, "etc", "good"), certificate, key)
	servers.lasts = -time.Minute
	certificate, key = servers.issue(t, "prov.example.net", loopback)
	writePair(t, filepath.Join(dir, "etc", "old"), certificate, key)
	peer.WriteFile(t, filepath.Join(dir, "etc", "devices-ca.pem"), pemOf("CERTIFICATE", devices.certificate.Raw))
	peer.WriteFile(t, filepath.Join(dir, "etc", "users"), []byte(ownMAC+":{PLAIN}secret\n"))
	peer.WriteFile(t, filepath.Join(dir, "docs", "good.json"), []byte(`{"schema": 1}`))
	home, other, old, plain := peer.FreePort(t), peer.FreePort(t), peer.FreePort(t), peer.FreePort(t)
	peer.WriteFile(t, filepath.Join(dir, "conf.d", "hostile.conf"), fmt.Appendf(nil, hostile, dir, home, other, old, plain))
	runNginx(t, dir, home)

	opts := fetch.Opts{Roots: poolOf(servers), User: ownMAC, Password: config.NewSecret("secret"), Certificate: devices.device(t, ownMAC), Plain: true}
	for _, tt := range []struct {
		path string
		port int
		want fetch.Reason
	}{
		{"/good.json", home, ""},
		{"/to-other.json", home, ""},
		{"/to-greedy.json", home, fetch.OtherHost},
		{"/to-plain.json", home, fetch.BadRedirect},
		{"/round.json", home, fetch.BadRedirect},
		{"/good.json", old, fetch.Untrusted},
	} {
		if got := fetched(t, fmt.Sprintf("https://127.0.0.1:%d%s", tt.port, tt.path), opts); got != tt.want {
			t.Errorf("%s: refused for %q, want %q", tt.path, got, tt.want)
		}
	}
	asked, err := os.ReadFile(filepath.Join(dir, "asked.log"))
	if err != nil {
		t.Fatal(err)
	}
	known, others := 0, 0
	for line := range strings.Lines(string(asked)) {
		switch {
		case strings.HasPrefix(line, fmt.Sprint(home)) && strings.Contains(line, `"Basic `) && strings.Contains(line, "CN="+ownMAC):
			known++
		case strings.HasPrefix(line, fmt.Sprint(home)):
		case strings.HasSuffix(line, "\"-\" \"-\"\n"):
			others++
		default:
			t.Errorf("told somebody else: %s", line)
		}
	}
	if known < 3 || others < 2 {
		t.Errorf("%d requests with credentials at home and %d elsewhere:\n%s", known, others, asked)
	}
}

// apache is a server that asks for a digest.
const apache = `
ServerName 127.0.0.1
Listen 127.0.0.1:%[2]d
PidFile %[1]s/pid
DefaultRuntimeDir %[1]s
ErrorLog /dev/stderr
User www-data
Group www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule auth_digest_module /usr/lib/apache2/modules/mod_auth_digest.so
DocumentRoot %[1]s/docs
<Directory %[1]s/docs>
    AuthType Digest
    AuthName "ata"
    AuthDigestProvider file
    AuthUserFile %[1]s/users
    Require valid-user
</Directory>
`

// TestFetchDigest fetches from Apache, which asks for a digest (RFC 7616, MD5),
// over plain text that the configuration allows.
func TestFetchDigest(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "ata-agent-apache") // its workers run as another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	port := peer.FreePort(t)
	peer.WriteFile(t, filepath.Join(dir, "apache.conf"), fmt.Appendf(nil, apache, dir, port))
	peer.WriteFile(t, filepath.Join(dir, "users"), fmt.Appendf(nil, "%s:ata:%x\n", ownMAC, md5.Sum([]byte(ownMAC+":ata:secret"))))
	peer.WriteFile(t, filepath.Join(dir, "docs", "a.json"), []byte(`{"schema": 1}`))
	open(t, dir)
	peer.Start(t, "apache2", exec.Command("apache2", "-f", filepath.Join(dir, "apache.conf"), "-D", "FOREGROUND"))
	url := fmt.Sprintf("http://127.0.0.1:%d/a.json", port)
	peer.Eventually(t, 10*time.Second, "apache answers", func() bool {
		res, err := http.Get(url)
		if err == nil {
			res.Body.Close()
		}
		return err == nil
	})
	for password, want := range map[string]fetch.Reason{"secret": "", "guess": fetch.Unauthorized} {
		got := fetched(t, url, fetch.Opts{User: ownMAC, Password: config.NewSecret(password), Plain: true})
		if got != want {
			t.Errorf("refused for %q, want %q", got, want)
		}
	}
}
