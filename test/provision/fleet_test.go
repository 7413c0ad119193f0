//go:build provision

package provision

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/ata-agent/ata-agent/fleet"
	"github.com/ata-agent/ata-agent/test/peer"
)

var update = flag.Bool("update", false, "write the plots of docs/server.md from what is measured")

const firstMAC = 0x00005e530000

// town is a fleet with nginx as provisioning server and Kamailio as registrar.
type town struct {
	*nginx
	count    int
	kamailio *peer.Kamailio
	nobody   int // a UDP port at which nobody answers
	folder   string
}

func newTown(t *testing.T, count int) *town {
	t.Helper()
	w := &town{count: count, nginx: startNginx(t), folder: t.TempDir(), nobody: deaf(t)}
	var accounts []peer.Account
	for i := range count {
		mac := macOf(i)
		accounts = append(accounts, peer.Account{User: mac, Password: "pw-" + mac})
		certificate, key := w.devices.issue(t, mac, nil)
		writePair(t, filepath.Join(w.folder, mac), certificate, key)
	}
	w.kamailio = peer.StartKamailio(t, "MD5", accounts...)
	return w
}

func macOf(i int) string { return fmt.Sprintf("%012x", firstMAC+i) }

// publish gives each device a document.
func (w *town) publish(t *testing.T, generation int, of func(mac string) (registrar int, password string)) {
	t.Helper()
	for i := range w.count {
		mac := macOf(i)
		registrar, password := of(mac)
		doc := fmt.Sprintf(`{"generation": %d, "device": %q, "lines": [{"enabled": true, "sip": {"registrar": "127.0.0.1:%d", "domain": "ata.test", "user": %q, "password": %q, "start_spread_s": %d}}]}`,
			generation, mac, registrar, mac, password, w.spread())
		// on the same file system: nobody sees half a file
		peer.WriteFile(t, filepath.Join(w.root, "ata", "new"), []byte(doc))
		if err := os.Rename(filepath.Join(w.root, "ata", "new"), filepath.Join(w.root, "ata", mac+".json")); err != nil {
			t.Fatal(err)
		}
	}
	open(t, w.root)
}

func (w *town) good(mac string) (int, string) { return w.kamailio.Port, "pw-" + mac }

// spread is over how many seconds the fleet is spread.
func (w *town) spread() int { return min(max(w.count/20, 10), 120) }

// factory is what the agents come with.
func (w *town) factory() []byte {
	out, err := json.Marshal(map[string]any{
		"provision": map[string]any{
			"url": w.url + "/ata/{mac}.json", "confirm_s": 30, "resync": map[string]any{"jitter_s": w.spread()},
			"auth":  map[string]any{"mode": "mtls", "certificate": w.folder + "/{mac}.pem", "key": w.folder + "/{mac}.key"},
			"trust": map[string]any{"ca_pem": string(pemOf("CERTIFICATE", w.servers.certificate.Raw))},
		},
		"lines": []any{map[string]any{"enabled": false}},
	})
	if err != nil {
		panic(err)
	}
	return out
}

// run leads the fleet through phases; for each push it publishes what is next in
// line.
func (w *town) run(t *testing.T, phases []string, pushes ...func(mac string) (int, string)) []fleet.Phase {
	t.Helper()
	file := filepath.Join(w.folder, "factory.json")
	peer.WriteFile(t, file, w.factory())
	w.publish(t, 1, w.good)
	var out bytes.Buffer
	cmd := exec.Command(program, append([]string{
		"fleet", "-json", "-n", fmt.Sprint(w.count), "-config", file, "-first", colons(firstMAC),
		"-over", fmt.Sprint(w.spread(), "s"), "-addresses", "127.1.0.0/16",
	}, phases...)...)
	cmd.Stdout, cmd.SysProcAttr = &out, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	prompts := w.follow(t, cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for i, of := range pushes {
		if !<-prompts {
			break // it ended: Wait says why
		}
		w.publish(t, 2+i, of)
		_, _ = io.WriteString(stdin, "\n") // fails if it ended: Wait says why
	}
	for range prompts {
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("fleet: %v", err)
	}
	var done []fleet.Phase
	if err := json.Unmarshal(out.Bytes(), &done); err != nil {
		t.Fatalf("%v: %s", err, peer.Tail(out.String(), 2000))
	}
	return done
}

// follow says true for every prompt of the fleet, and ends with its standard
// error.
func (w *town) follow(t *testing.T, cmd *exec.Cmd) <-chan bool {
	t.Helper()
	text, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	prompts := make(chan bool)
	go func() {
		defer close(prompts)
		for lines := bufio.NewScanner(text); lines.Scan(); {
			if lines.Text() == "publish what is to be pushed, then press Enter" {
				prompts <- true
			} else {
				t.Log(lines.Text())
			}
		}
	}()
	return prompts
}

func colons(mac uint64) string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", byte(mac>>40), byte(mac>>32), byte(mac>>24), byte(mac>>16), byte(mac>>8), byte(mac))
}

// TestFleet has a fleet do its worst to nginx and Kamailio: it is installed, comes
// back from a power cut at one moment, and gets a push that is wrong, half of it a
// password, half of it a registrar that is not there. Each agent with a wrong
// password is alarmed, each of the others rolled back, and the next push has all
// in service.
func TestFleet(t *testing.T) {
	t.Parallel()
	count := 500
	if testing.Short() {
		count = 64
	}
	w := newTown(t, count)
	wrong := func(mac string) (int, string) {
		if mac[11]%2 == 0 {
			return w.kamailio.Port, "wrong"
		}
		return w.nobody, "pw-" + mac
	}
	w.expect(t, w.run(t, []string{"cut", "push", "push"}, wrong, w.good), []fleet.Phase{
		{Name: "install", Registered: count, Applied: count},
		{Name: "power cut", Registered: count},
		{Name: "push", Registered: count / 2, Applied: count / 2, RolledBack: count / 2, Alarmed: count / 2},
		{Name: "push", Registered: count, Applied: count},
	}, "fleet")
}

// TestTown has ten thousand devices installed and lose their power at one moment.
func TestTown(t *testing.T) {
	if os.Getenv("ATA_FULL") == "" {
		t.Skip("it takes five minutes of two processors; ATA_FULL=1 runs it, and TestFleet is the same in small")
	}
	const count = 10_000
	w := newTown(t, count)
	w.expect(t, w.run(t, []string{"cut"}), []fleet.Phase{
		{Name: "install", Registered: count, Applied: count},
		{Name: "power cut", Registered: count},
	}, "town")
}

// expect compares the phases with what is wanted, sees that no second brought more
// than three times the mean, and with -update draws them.
func (w *town) expect(t *testing.T, phases, want []fleet.Phase, name string) {
	t.Helper()
	if len(phases) != len(want) {
		t.Fatalf("%d phases, want %d", len(phases), len(want))
	}
	for i := range phases {
		p, want := &phases[i], &want[i]
		t.Logf("%s: %.0f s; requests %d, mean %.1f/s, peak %d/s; REGISTER %d, mean %.1f/s, peak %d/s; registered %d, applied %d, rolled back %d, alarmed %d, %v; %d KiB each",
			p.Name, p.Took, p.Provisioning.Total, p.Provisioning.Mean, p.Provisioning.Peak, p.Registration.Total, p.Registration.Mean, p.Registration.Peak,
			p.Registered, p.Applied, p.RolledBack, p.Alarmed, p.Reasons, p.Memory/1024/int64(p.Agents))
		if p.Name != want.Name || p.Settled != w.count || p.Registered != want.Registered || p.Applied != want.Applied ||
			p.RolledBack != want.RolledBack || p.Alarmed != want.Alarmed || p.Refused != 0 || p.Unserved != 0 {
			t.Errorf("%s: %+v", p.Name, brief(*p))
		}
		noHerd(t, p.Name+", requests", p.Provisioning)
		noHerd(t, p.Name+", registrations", p.Registration)
	}
	if *update && !t.Failed() {
		peer.WriteFile(t, "../../docs/server/"+name+".svg", plot(phases))
		peer.WriteFile(t, "../../docs/server/"+name+".csv", table(phases))
	}
}

func noHerd(t *testing.T, what string, r fleet.Rate) {
	t.Helper()
	most := 3.0
	if testing.Short() {
		most = 4 // of few devices, a second by chance has many
	}
	if float64(r.Peak) > most*r.Mean {
		t.Errorf("%s: %d in a second, mean %.1f", what, r.Peak, r.Mean)
	}
}

// brief leaves out what each second brought.
func brief(p fleet.Phase) fleet.Phase {
	p.Provisioning.PerSecond, p.Registration.PerSecond = nil, nil
	return p
}
