//go:build interop

package interop

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

// ata is the agent under test.
type ata struct {
	*process
	board string
	state string
}

var program string // built by TestMain

func TestMain(m *testing.M) {
	if missing := missingPeers(); len(missing) > 0 {
		fmt.Printf("left out, not installed: %s\n", strings.Join(missing, ", "))
		if os.Getenv("CI") == "true" {
			os.Exit(1)
		}
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "ata-agent-interop")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "ata-agent")
	build := exec.Command("go", "build", "-o", program, "../../cmd/ata-agent")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// missingPeers names what the tests need and this machine has not.
func missingPeers() []string {
	var missing []string
	for _, name := range []string{"kamailio", "kamcmd", "baresip", "sipp"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if _, err := os.Stat(speechFolder); err != nil {
		missing = append(missing, "asterisk-core-sounds-en-wav")
	}
	return missing
}

type object = map[string]any

// account is line n of an agent's document, with an account at Kamailio.
func account(k *kamailio, n int, transport, codec string) object {
	return object{
		"sip": object{
			"registrar": "ata.test", "outbound_proxy": fmt.Sprintf("127.0.0.1:%d", k.port),
			"user": userOf(n), "password": passwordOf(n), "transport": transport, "expires_s": 60, "local_address": "127.0.0.1",
		},
		"codecs": object{"order": []string{codec}},
		"dial":   object{"plan": "(1xxx|2xxx|9xxx)"},
		"tones":  object{"reorder_delay_s": 1},
	}
}

// document is a configuration with these lines.
func document(t *testing.T, lines ...object) []byte {
	t.Helper()
	doc, err := json.Marshal(object{"schema": 1, "lines": lines})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// startATA runs the agent with the lines and waits until all are in service.
func startATA(t *testing.T, lines ...object) *ata {
	t.Helper()
	return startATAOn(t, "virtual", lines...)
}

// startATAOn does it on a virtual board.
func startATAOn(t *testing.T, board string, lines ...object) *ata {
	t.Helper()
	a := runATAOn(t, board, lines...)
	a.inService(t)
	return a
}

// runATA runs the agent and waits until it can be asked.
func runATA(t *testing.T, lines ...object) *ata {
	t.Helper()
	return runATAOn(t, "virtual", lines...)
}

// runATAOn does it on a virtual board.
func runATAOn(t *testing.T, board string, lines ...object) *ata {
	t.Helper()
	a := &ata{board: board, state: t.TempDir()}
	writeFile(t, a.file(), document(t, lines...))
	a.run(t)
	t.Cleanup(func() {
		if t.Failed() {
			events, _ := exec.Command(program, "events", "-state", a.state).CombinedOutput()
			t.Logf("events:\n%s", tail(string(events), 20000))
		}
	})
	return a
}

// file is the agent's configuration.
func (a *ata) file() string { return filepath.Join(a.state, "config.json") }

// run starts the program on what the state folder holds.
func (a *ata) run(t *testing.T) {
	t.Helper()
	a.process = start(t, "ata-agent", urgent(program, "run", "-board", a.board, "-config", a.file(), "-state", a.state))
	eventually(t, 10*time.Second, "the agent answers", func() bool { return len(a.status(t).Lines) > 0 })
}

// inService waits until the ports are up and the lines that register have done so.
func (a *ata) inService(t *testing.T) {
	t.Helper()
	eventually(t, 20*time.Second, "the lines are in service", func() bool {
		for _, l := range a.status(t).Lines {
			if !l.PortUp || l.Registration == "registering" {
				return false
			}
		}
		return true
	})
}

// phone works a telephone and returns what it reported; the test ends if an
// action fails.
func (a *ata) phone(t *testing.T, n int, actions ...string) string {
	t.Helper()
	out, err := a.tryPhone(n, actions...)
	if err != nil {
		t.Fatalf("phone %d %s: %v", n, strings.Join(actions, " "), err)
	}
	return out
}

func (a *ata) tryPhone(n int, actions ...string) (string, error) {
	cmd := exec.Command(program, append([]string{"phone", "-state", a.state, fmt.Sprint(n)}, actions...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%w: %s", err, out)
	}
	return string(out), nil
}

// lineStatus is what the tests read of `ata-agent status -json`.
type lineStatus struct {
	State        string `json:"state"`
	Registration string `json:"registration"`
	Reason       string `json:"reason"`
	PortUp       bool   `json:"port_up"`
	Pending      bool   `json:"configuration_pending"`
	Name         string `json:"name"`
	Calls        []struct {
		Number string `json:"number"`
		Codec  string `json:"codec"`
		Voice  struct {
			Received uint64 `json:"received_packets"`
			Foreign  uint64 `json:"foreign_packets"`
			Garbage  uint64 `json:"garbage_packets"`
		} `json:"voice"`
	} `json:"calls"`
	SIP struct {
		Counters struct{ Garbage, Strangers uint64 }
	} `json:"sip"`
}

type ataStatus struct {
	Lines []lineStatus `json:"lines"`
}

func (a *ata) status(t *testing.T) ataStatus {
	t.Helper()
	var s ataStatus
	a.statusInto(t, &s)
	return s
}

// statusInto reads the agent's status; it stays empty while none answers.
func (a *ata) statusInto(t *testing.T, s any) {
	t.Helper()
	out, err := exec.Command(program, "status", "-json", "-state", a.state).Output()
	if err != nil {
		return
	}
	if err := json.Unmarshal(out, s); err != nil {
		t.Fatal(err)
	}
}

// idle waits until no line has a call and every telephone is on hook.
func (a *ata) idle(t *testing.T) {
	t.Helper()
	eventually(t, 10*time.Second, "all lines are idle", func() bool {
		for _, l := range a.status(t).Lines {
			if l.State != "idle" || len(l.Calls) > 0 {
				return false
			}
		}
		return true
	})
}

// concealed is how many seconds of voice the agent made up in its last call.
func (a *ata) concealed(t *testing.T) float64 {
	t.Helper()
	var calls []struct {
		Voice struct {
			Concealed float64 `json:"concealed_seconds"`
		} `json:"voice"`
	}
	out, err := exec.Command(program, "calls", "-json", "-state", a.state).Output()
	if err == nil {
		err = json.Unmarshal(out, &calls)
	}
	if err != nil || len(calls) == 0 {
		t.Fatalf("calls: %v, %d calls", err, len(calls))
	}
	return calls[len(calls)-1].Voice.Concealed
}
