//go:build provision

package provision

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/test/peer"
)

// signer is the program minisign with a pair of keys.
type signer struct{ public, secret string }

func newSigner(t *testing.T) *signer {
	t.Helper()
	dir := t.TempDir()
	s := &signer{secret: filepath.Join(dir, "ata.key")}
	public := filepath.Join(dir, "ata.pub")
	minisign(t, "-G", "-W", "-p", public, "-s", s.secret)
	text, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	s.public = strings.Split(string(text), "\n")[1]
	return s
}

// sign writes FILE.minisig.
func (s *signer) sign(t *testing.T, file string) {
	t.Helper()
	minisign(t, "-S", "-s", s.secret, "-m", file)
}

func minisign(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("minisign", args...).CombinedOutput(); err != nil {
		t.Fatalf("minisign %v: %v: %s", args, err, out)
	}
}

// signedDevice is a device whose server is that of docs/server.md, with a
// certificate of its own and the key of who may sign for it.
type signedDevice struct {
	*device
	*signer
	file string // its document
}

func newSignedDevice(t *testing.T, mac string, require bool) *signedDevice {
	t.Helper()
	n, s := startNginx(t), newSigner(t)
	own := filepath.Join(t.TempDir(), "device")
	certificate, key := n.devices.issue(t, mac, nil)
	writePair(t, own, certificate, key)
	doc := object(t, map[string]any{
		"provision": map[string]any{
			"url": n.url + "/ata/{mac}.json", "resync": map[string]any{"jitter_s": 0, "on_boot": false},
			"auth": map[string]any{"mode": "mtls", "certificate": own + ".pem", "key": own + ".key"},
			"trust": map[string]any{
				"ca_pem": string(pemOf("CERTIFICATE", n.servers.certificate.Raw)), "config_keys": []string{s.public}, "require_signature": require,
			},
		},
		"lines": []any{map[string]any{"enabled": false}},
	})
	d := &signedDevice{&device{Agent: peer.NewAgent(t, program, []byte(doc))}, s, filepath.Join(n.root, "ata", mac+".json")}
	return d
}

// publish puts a document on the server, signed or without a signature, and has the
// device look.
func (d *signedDevice) publish(t *testing.T, doc map[string]any, signed bool) {
	t.Helper()
	peer.WriteFile(t, d.file, []byte(object(t, doc)))
	_ = os.Remove(d.file + ".minisig") // it may not be there
	if signed {
		d.sign(t, d.file)
	}
	open(t, filepath.Dir(d.file))
	d.command(t, "resync")
}

// comesTo waits for what a look ends with: a generation in force, and why nothing
// new was taken.
func (d *signedDevice) comesTo(t *testing.T, generation int, reason fetch.Reason) {
	t.Helper()
	d.until(t, 20*time.Second, fmt.Sprintf("generation %d, %q", generation, reason), func(s *status) bool {
		return s.Provisioning.State == provision.Waiting && s.Provisioning.Generation == generation && s.Provisioning.Reason == reason
	})
}

// TestDetachedSignature has nginx serve a document with the file that minisign made
// beside it, which the device asks for by itself.
func TestDetachedSignature(t *testing.T) {
	t.Parallel()
	d := newSignedDevice(t, deviceMAC(t), true)
	d.Run(t)
	document := func(n int) map[string]any { return map[string]any{"generation": n, "tenant": fmt.Sprint("tenant ", n)} }
	d.publish(t, document(1), true)
	d.comesTo(t, 1, "")
	d.publish(t, document(2), false)
	d.comesTo(t, 1, provision.NotSigned)
	d.publish(t, document(3), true)
	d.comesTo(t, 3, "")
	// A byte of the document is another than that which was signed.
	d.publish(t, document(4), true)
	d.comesTo(t, 4, "")
	text := []byte(strings.Replace(object(t, document(4)), "tenant 4", "tenant 5", 1))
	peer.WriteFile(t, d.file, text)
	open(t, filepath.Dir(d.file))
	d.command(t, "resync")
	d.comesTo(t, 4, provision.NotSigned)
}

// TestDeprovision ends an account by a document that the provider signed: the line
// is taken back from Kamailio, nothing secret is left, and neither an unsigned one
// nor a second time does it.
func TestDeprovision(t *testing.T) {
	t.Parallel()
	mac := deviceMAC(t)
	const password = "planted-secret-of-the-account"
	k := peer.StartKamailio(t, "MD5", peer.Account{User: "100", Password: password})
	d := newSignedDevice(t, mac, false)
	d.Run(t)
	line := account(k.Port, "100", password)
	line["enabled"] = true
	d.publish(t, map[string]any{"generation": 5, "lines": []any{line}}, true)
	d.comesTo(t, 5, "")
	if !k.Knows(t, "100") {
		t.Fatal("Kamailio does not know the line")
	}
	end := func(generation int) map[string]any {
		return map[string]any{"generation": generation, "device": mac, "deprovision": true, "lines": []any{line}}
	}
	d.publish(t, end(6), false)
	d.comesTo(t, 5, provision.NotSigned)
	d.publish(t, end(5), true)
	d.comesTo(t, 5, provision.Older)
	if !k.Knows(t, "100") {
		t.Fatal("a document that was refused took the line back")
	}
	d.publish(t, end(7), true)
	d.until(t, 20*time.Second, "what the factory gave is in force", func(s *status) bool {
		return s.Lines[0].Registration != "registered" && strings.Contains(d.Log.String(), "everything is wiped")
	})
	peer.Eventually(t, 5*time.Second, "the registration is taken back", func() bool { return !k.Knows(t, "100") })
	audit := d.command(t, "audit")
	if !strings.Contains(audit, "provisioning server") || !strings.Contains(audit, "wipe") {
		t.Errorf("audit log: %s", audit)
	}
	d.command(t, "resync")
	d.until(t, 20*time.Second, "it does not come twice", func(s *status) bool { return s.Provisioning.Reason == fetch.Gone })
	if n := strings.Count(d.Log.String(), "everything is wiped"); n != 1 {
		t.Errorf("wiped %d times", n)
	}
	d.Stop()
	err := filepath.WalkDir(d.State, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(password)) {
			t.Errorf("%s holds the password after the wipe", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
