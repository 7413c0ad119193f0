//go:build provision

package provision

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/test/peer"
)

// seal encrypts a text with the program openssl.
func seal(t *testing.T, path, text, key string, args ...string) {
	t.Helper()
	plain := filepath.Join(t.TempDir(), "plain")
	peer.WriteFile(t, plain, []byte(text))
	args = append([]string{"enc", "-aes-256-cbc", "-e", "-k", key, "-in", plain, "-out", path}, args...)
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		t.Fatalf("openssl %v: %v: %s", args, err, out)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestSealedProfiles has in.tftpd serve what openssl encrypted in each of its key
// derivations: under the configuration's key it brings a password over a way that
// anybody can listen to, under a key that came the same way it does not, and under
// a wrong one it is refused by a reason of its own.
func TestSealedProfiles(t *testing.T) {
	t.Parallel()
	const own, named = "the-owner's-key", "planted-key-of-the-rule"
	folder, url := startTFTP(t)
	k := peer.StartKamailio(t, "MD5", peer.Account{User: "100", Password: "sealed-1"}, peer.Account{User: "101", Password: "sealed-2"}, peer.Account{User: "102", Password: "sealed-3"})
	account := func(n int) string {
		return fmt.Sprintf("<flat-profile><User_ID_1_>10%d</User_ID_1_><Password_1_>sealed-%d</Password_1_><Proxy_1_>127.0.0.1:%d</Proxy_1_><SIP_URI_1_>10%d@ata.test</SIP_URI_1_></flat-profile>", n, n+1, k.Port, n)
	}
	first := func(rule string) {
		peer.WriteFile(t, filepath.Join(folder, "spa112.cfg"), []byte("<flat-profile><GPP_SA>"+named+"</GPP_SA><Profile_Rule_B>"+rule+"</Profile_Rule_B></flat-profile>"))
		open(t, folder)
	}
	section := map[string]any{
		"persona": "spa112", "url": url, "schemes": []string{"tftp"}, "profile_key": own, "resync": map[string]any{"jitter_s": 0, "on_boot": false}, "confirm_s": 30,
	}
	d := &device{Agent: peer.NewAgent(t, program, []byte(object(t, map[string]any{"provision": section, "lines": []any{map[string]any{"enabled": false}}})))}
	d.Run(t)
	path := filepath.Join(folder, "own.xml")
	first("/own.xml")
	for n, derivation := range [][]string{{"-md", "md5"}, {"-md", "sha256"}, {"-pbkdf2"}} {
		seal(t, path, account(n), own, derivation...)
		d.command(t, "resync")
		d.until(t, 20*time.Second, fmt.Sprintf("the file of %v is in force", derivation), func(s *status) bool {
			return s.Provisioning.State == provision.Waiting && s.Provisioning.Reason == "" && k.Knows(t, fmt.Sprint(100+n)) && s.Lines[0].Registration == "registered"
		})
	}
	refused := func(what, key, rule string, why fetch.Reason) {
		t.Helper()
		seal(t, path, account(0), key)
		first(rule)
		d.command(t, "resync")
		d.until(t, 20*time.Second, what, func(s *status) bool {
			return s.Provisioning.State == provision.Waiting && s.Provisioning.Reason == why && s.Lines[0].Registration == "registered"
		})
	}
	refused("a key that anybody could hear", named, "[--key $SA] /own.xml", provision.PlainSecrets)
	refused("a wrong key", "guessed", "[--key $SA] /own.xml", provision.WrongKey)
	refused("no such key", "guessed", "/own.xml", provision.WrongKey)
}
