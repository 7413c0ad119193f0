package peer

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Build makes the agent's program in a folder, from the sources of this module.
// It is for TestMain, which has no test to fail.
func Build(dir string) (program string, err error) {
	program = filepath.Join(dir, "ata-agent")
	build := exec.Command("go", "build", "-o", program, "github.com/ata-agent/ata-agent/cmd/ata-agent")
	build.Stderr = os.Stderr
	return program, build.Run()
}

// Missing names those of the commands that this computer has not.
func Missing(commands ...string) (missing []string) {
	for _, name := range commands {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	return missing
}

// Agent is the program on a virtual board.
type Agent struct {
	*Process
	Program string
	Board   string // a virtual one
	State   string // its folder
}

// NewAgent prepares an agent with a configuration on the board "virtual"; Run
// starts it.
func NewAgent(t *testing.T, program string, document []byte) *Agent {
	t.Helper()
	a := &Agent{Program: program, Board: "virtual", State: filepath.Join(t.TempDir(), "state")}
	WriteFile(t, a.File(), document)
	return a
}

// File is the agent's configuration. It is beside the state folder: a reset spares
// it.
func (a *Agent) File() string { return filepath.Join(filepath.Dir(a.State), "config.json") }

// Run starts the program on what the state folder holds and waits until it
// answers.
func (a *Agent) Run(t *testing.T) {
	t.Helper()
	a.Process = Start(t, "ata-agent", Urgent(a.Program, "run", "-board", a.Board, "-config", a.File(), "-state", a.State))
	t.Cleanup(func() { // before the program ends
		if t.Failed() {
			events, _ := exec.Command(a.Program, "events", "-state", a.State).CombinedOutput()
			t.Logf("events:\n%s", Tail(string(events), 20000))
		}
	})
	Eventually(t, 10*time.Second, "the agent answers", func() bool {
		var s struct{ Lines []any }
		a.Status(t, &s)
		return len(s.Lines) > 0
	})
}

// Phone works a telephone and returns what it reported; the test ends if an
// action fails.
func (a *Agent) Phone(t *testing.T, n int, actions ...string) string {
	t.Helper()
	out, err := a.TryPhone(n, actions...)
	if err != nil {
		t.Fatalf("phone %d %s: %v", n, strings.Join(actions, " "), err)
	}
	return out
}

// TryPhone is Phone for actions that may fail.
func (a *Agent) TryPhone(n int, actions ...string) (string, error) {
	cmd := exec.Command(a.Program, append([]string{"phone", "-state", a.State, fmt.Sprint(n)}, actions...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%w: %s", err, out)
	}
	return string(out), nil
}

// Status reads the agent's status into s, which stays as it is while none answers.
func (a *Agent) Status(t *testing.T, s any) {
	t.Helper()
	out, err := exec.Command(a.Program, "status", "-json", "-state", a.State).Output()
	if err != nil {
		return
	}
	if err := json.Unmarshal(out, s); err != nil {
		t.Fatal(err)
	}
}

// Command runs a verb, with its subverb where it has one, on the agent's state
// folder and returns what it printed.
func (a *Agent) Command(verb ...string) (string, error) {
	cmd := exec.Command(a.Program, verb...)
	cmd.Env = append(os.Environ(), "ATA_AGENT_STATE="+a.State)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
