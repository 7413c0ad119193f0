//go:build provision

package provision

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/test/peer"
)

// TestKill kills the program with SIGKILL at random moments while it fetches,
// stages, applies, confirms and wipes, 40 times or with ATA_FULL=1 2,000. It
// starts every time, with a configuration that some generation had as a whole;
// and after a wipe nothing secret is left.
func TestKill(t *testing.T) {
	devices, kills := 1, 40
	switch {
	case os.Getenv("ATA_FULL") != "":
		devices = 50
	case testing.Short():
		kills = 20
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range devices {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) {
			t.Parallel()
			killed(t, rand.New(rand.NewPCG(seed, uint64(i))), kills)
		})
	}
}

// killed kills one device so many times.
func killed(t *testing.T, random *rand.Rand, kills int) {
	t.Helper()
	line := account(deaf(t), "100", "of the factory")
	line["name"], line["sip"].(map[string]any)["register"] = "g0", false
	d := newDevice(t, newProvider(t), line)
	wipes, stages := 0, map[string]int{}
	for n := 1; n <= kills; n++ {
		d.serving(object(t, generationOf(n)))
		d.Run(t)
		s := d.whole(t, n)
		stages[string(s.Provisioning.State)]++
		// on every tenth start the device is wiped, else it looks for the next generation
		if n%10 == 0 {
			go func() { _, _ = d.Command("reset", "-factory", "-yes") }() // it may be killed
			wipes++
		}
		time.Sleep(time.Duration(random.Int64N(int64(2500 * time.Millisecond))))
		kill(d.Process)
		if n%10 == 0 {
			d.wiped(t)
		}
	}
	t.Logf("%d kills, %d of them in a wipe; first seen %v", kills, wipes, stages)
}

// generationOf is a document whose values belong together, with a secret.
func generationOf(n int) map[string]any {
	return map[string]any{"generation": n, "lines": []any{map[string]any{
		"name": fmt.Sprint("g", n), "dial": map[string]any{"plan": fmt.Sprintf("(%dxx)", n)},
		"sip": map[string]any{"password": fmt.Sprintf("planted-secret-%d-", n)},
	}}}
}

// whole expects the values of one generation, not above the newest.
func (d *device) whole(t *testing.T, newest int) *status {
	t.Helper()
	var s status
	peer.Eventually(t, 10*time.Second, "it tells its configuration", func() bool {
		d.Agent.Status(t, &s)
		return len(s.Lines) == 1
	})
	out := d.command(t, "config", "show", "-json")
	var doc struct {
		Lines []struct {
			Name string
			Dial struct{ Plan string }
		}
	}
	decode(t, out, &doc)
	var n int
	if _, err := fmt.Sscanf(doc.Lines[0].Name, "g%d", &n); err != nil || n > newest || doc.Lines[0].Dial.Plan != fmt.Sprintf("(%dxx)", n) && n > 0 {
		t.Fatalf("a configuration that nobody gave: %s", out)
	}
	return &s
}

// kill ends a program at once.
func kill(p *peer.Process) {
	_ = p.Cmd.Process.Signal(syscall.SIGKILL) // nice became the program: same process
	<-p.Done
}

// wiped starts once more, so that a wipe that was cut off is finished, with a
// server that has nothing to give, and looks for the secrets.
func (d *device) wiped(t *testing.T) {
	t.Helper()
	d.serving("nothing that could be taken")
	d.Run(t)
	d.command(t, "reset", "-factory", "-yes")
	d.until(t, 10*time.Second, "what the factory gave is in force", func(s *status) bool { return s.Lines[0].Name == "g0" })
	kill(d.Process)
	err := filepath.WalkDir(d.State, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("planted-secret-")) {
			t.Errorf("%s holds a secret after the wipe", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
