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
	"github.com/ata-agent/ata-agent/test/peer"
)

// startTFTP serves a folder by TFTP on a port of loopback.
func startTFTP(t *testing.T) (folder, url string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("in.tftpd confines itself to its folder, which takes root")
	}
	folder, err := os.MkdirTemp("", "ata-agent-tftp") // it serves as another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	port := peer.FreePort(t)
	open(t, folder)
	peer.Start(t, "in.tftpd", exec.Command("in.tftpd", "-L", "--address", fmt.Sprintf("127.0.0.1:%d", port), "--secure", folder))
	return folder, fmt.Sprintf("tftp://127.0.0.1:%d", port)
}

// TestTFTP has an SPA112's first file come from in.tftpd, the way in which those
// adapters ask: what is in it is taken, unless it sets a password, which anybody
// on the way could have read.
func TestTFTP(t *testing.T) {
	t.Parallel()
	folder, url := startTFTP(t)
	serve := func(text string) {
		peer.WriteFile(t, filepath.Join(folder, "spa112.cfg"), []byte("<flat-profile>"+text+"</flat-profile>"))
		open(t, folder)
	}
	serve(`<Display_Name_1_ ua="na">Reception</Display_Name_1_>`)
	line := account(deaf(t), "100", "of the factory")
	line["sip"].(map[string]any)["register"] = false
	a := peer.NewAgent(t, program, []byte(object(t, map[string]any{
		"provision": map[string]any{"url": url + "/spa112.cfg", "schemes": []string{"tftp", "http"}, "resync": map[string]any{"jitter_s": 0}},
		"lines":     []any{line},
	})))
	d := &device{Agent: a}
	d.Run(t)
	d.until(t, 20*time.Second, "the file is taken", func(s *status) bool {
		return s.Provisioning.Source == url+"/spa112.cfg" && s.Provisioning.State == provision.Waiting
	})
	var doc struct {
		Lines []struct {
			SIP struct {
				Name string `json:"display_name"`
			}
		}
	}
	if decode(t, d.command(t, "config", "show", "-json"), &doc); doc.Lines[0].SIP.Name != "Reception" {
		t.Errorf("display name %q", doc.Lines[0].SIP.Name)
	}
	serve(`<Display_Name_1_ ua="na">Bar</Display_Name_1_><Password_1_ ua="na">listened-to</Password_1_>`)
	d.command(t, "resync")
	d.until(t, 20*time.Second, "the password is refused", func(s *status) bool {
		return s.Provisioning.Reason == provision.PlainSecrets
	})
}
