//go:build provision

package provision

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/test/peer"
)

// samples are the files that the importers' own tests have, with accounts of two
// lines.
const samples = "../../provision/importer/testdata"

// pbx is what a PBX provides an adapter with.
type pbx struct {
	name     string
	files    []string
	accounts [2]peer.Account
	server   string // as the files name it
	caller   int    // the line whose digit map has numbers of four digits
}

var pbxs = []pbx{
	{
		name: "FusionPBX HT802", files: []string{"fusionpbx-ht802.xml"}, server: "pbx.example.net:5060", caller: 1,
		accounts: [2]peer.Account{{User: "1001", Password: "p&ss<w>ord1"}, {User: "1002", Password: "password2"}},
	},
	{
		name: "Wazo HT802", files: []string{"wazo-ht802.xml"}, server: "192.0.2.10", caller: 1,
		accounts: [2]peer.Account{{User: "auth1", Password: "secret1"}, {User: "auth2", Password: "secret2"}},
	},
	{
		name: "FusionPBX SPA112", files: []string{"fusionpbx-spa112.xml"}, server: "pbx.example.net", caller: 2,
		accounts: [2]peer.Account{{User: "1001", Password: "p&ssword1"}, {User: "1002", Password: "password2"}},
	},
	{
		name: "Wazo SPA112", files: []string{"wazo-spa112-common.xml", "wazo-spa112.xml"}, server: "192.0.2.10:5060", caller: 2,
		accounts: [2]peer.Account{{User: "auth1", Password: "secret1"}, {User: "auth2", Password: "secret2"}},
	},
}

// TestImportedFiles imports the files as a technician would and runs the agent on
// what came of it: both lines register and one calls the other.
func TestImportedFiles(t *testing.T) {
	for _, p := range pbxs {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			k := peer.StartKamailio(t, "MD5", p.accounts[:]...)
			a := peer.NewAgent(t, program, nil)
			p.provision(t, a, k.Port)
			a.Run(t)
			registered(t, a, 2)
			for n := range p.accounts {
				if !k.Knows(t, number(n+1)) {
					t.Errorf("Kamailio does not know %s", number(n+1))
				}
			}
			call(t, a, p.caller)
		})
	}
}

// provision writes the agent's configuration from the PBX's files.
func (p *pbx) provision(t *testing.T, a *peer.Agent, port int) {
	t.Helper()
	args := []string{"config", "import", "-o", a.File(), "-mac", "00:0B:82:AA:BB:CC", "-ports", "2"}
	for _, name := range p.files {
		path := filepath.Join(a.State, name)
		peer.WriteFile(t, path, p.rendered(t, name, port))
		args = append(args, path)
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "left a variable unfilled") { // the template's own fault
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command(program, "config", "check", a.File()).CombinedOutput(); err != nil {
		t.Fatalf("config check: %v: %s", err, out)
	}
}

// rendered is a file with the server and the ports of this test.
func (p *pbx) rendered(t *testing.T, name string, port int) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(samples, name))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(data), p.server, fmt.Sprintf("127.0.0.1:%d", port))
	for _, fixed := range []string{"<P40>5060", "<P740>5062", "<P39>5004", "<P739>5012", `<SIP_Port_1_ ua="na">5060`, `<SIP_Port_2_ ua="na">5061`} {
		tag := fixed[:strings.IndexByte(fixed, '>')+1]
		text = strings.Replace(text, fixed, fmt.Sprint(tag, peer.FreePort(t)), 1)
	}
	return []byte(text)
}

// registered waits until all lines are, and their ports are up.
func registered(t *testing.T, a *peer.Agent, lines int) {
	t.Helper()
	peer.Eventually(t, 20*time.Second, "all lines are registered", func() bool {
		var s struct {
			Lines []struct {
				Registration string
				PortUp       bool `json:"port_up"`
			}
		}
		a.Status(t, &s)
		n := 0
		for _, l := range s.Lines {
			if l.Registration == "registered" && l.PortUp {
				n++
			}
		}
		return n == lines
	})
}

// number is that of a line in all of the files.
func number(line int) string { return fmt.Sprint(1000 + line) }

// speech is what the telephones say to each other.
const speech = "../../cmd/ata-agent/speech/intro.wav"

// call has one telephone call the other: each hears what the other says, and the
// caller that the other hangs up.
func call(t *testing.T, a *peer.Agent, caller int) {
	t.Helper()
	called := 3 - caller
	answered := make(chan error, 1)
	go func() {
		_, err := a.TryPhone(called, "wait", "ringing", "offhook", "say", speech, "-bg", "wait", "talk", "pause", "1s", "onhook")
		answered <- err
	}()
	a.Phone(t, caller, "offhook", "wait", "tone:dial", "dial", number(called), "wait", "talk", "say", speech, "-bg", "wait", "cpc", "onhook")
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
