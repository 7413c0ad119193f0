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

	"github.com/ata-agent/ata-agent/test/peer"
)

// ata is the agent under test.
type ata struct{ *peer.Agent }

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
	if program, err = peer.Build(dir); err != nil {
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// missingPeers names what the tests need and this machine has not.
func missingPeers() []string {
	missing := peer.Missing("kamailio", "kamcmd", "baresip", "sipp")
	if _, err := os.Stat(speechFolder); err != nil {
		missing = append(missing, "asterisk-core-sounds-en-wav")
	}
	if found, _ := filepath.Glob("/usr/lib/*/kamailio/modules/tls.so"); len(found) == 0 {
		missing = append(missing, "kamailio-tls-modules")
	}
	return missing
}

type object = map[string]any

// account is line n of an agent's document, with an account at Kamailio.
func account(k *peer.Kamailio, n int, transport, codec string) object {
	return object{
		"sip": object{
			"registrar": "ata.test", "outbound_proxy": fmt.Sprintf("127.0.0.1:%d", k.Port),
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
	a := &ata{peer.NewAgent(t, program, document(t, lines...))}
	a.Board = board
	a.Run(t)
	return a
}

// inService waits until the ports are up and the lines that register have done so.
func (a *ata) inService(t *testing.T) {
	t.Helper()
	peer.Eventually(t, 20*time.Second, "the lines are in service", func() bool {
		for _, l := range a.status(t).Lines {
			if !l.PortUp || l.Registration == "registering" {
				return false
			}
		}
		return true
	})
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
	a.Status(t, &s)
	return s
}

// idle waits until no line has a call and every telephone is on hook.
func (a *ata) idle(t *testing.T) {
	t.Helper()
	peer.Eventually(t, 10*time.Second, "all lines are idle", func() bool {
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
	out, err := exec.Command(program, "calls", "-json", "-state", a.State).Output()
	if err == nil {
		err = json.Unmarshal(out, &calls)
	}
	if err != nil || len(calls) == 0 {
		t.Fatalf("calls: %v, %d calls", err, len(calls))
	}
	return calls[len(calls)-1].Voice.Concealed
}
