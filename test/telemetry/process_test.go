//go:build telemetry

// Package telemetry gives the agent's telemetry to receivers that others wrote:
// Prometheus, Mosquitto, rsyslog, Kamailio and tshark from Debian, started by
// the tests on loopback. The agent is the real program on a virtual board, and
// its calls go through a registrar to its second line.
package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/sip/siptest"
)

// program is the agent, built once.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ata-telemetry")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "ata-agent")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/ata-agent").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func fill(t *testing.T, name, path string, fields any) {
	t.Helper()
	tmpl, err := template.ParseFiles(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, fields); err != nil {
		t.Fatal(err)
	}
	write(t, path, out.Bytes())
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// freePort returns a loopback port that is free for TCP and UDP right now.
func freePort(t *testing.T) int {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		u, err := net.ListenPacket("udp", l.Addr().String())
		l.Close()
		if err == nil {
			u.Close()
			return l.Addr().(*net.TCPAddr).Port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// log keeps what a program prints.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start runs a program until the test ends.
func start(t *testing.T, name string, args ...string) (*log, func()) {
	t.Helper()
	out, stop, _ := startProcess(t, name, args...)
	return out, stop
}

// startProcess does so and tells its number.
func startProcess(t *testing.T, name string, args ...string) (out *log, stop func(), pid int) {
	t.Helper()
	out = &log{}
	done := make(chan struct{})
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(done)
		_ = cmd.Wait() // how it ended is in its log
	}()
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		select {
		case <-done:
		case <-time.After(8 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
	}
	t.Cleanup(func() {
		stop()
		if text := out.String(); t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), text[max(0, len(text)-4000):])
		}
	})
	return out, stop, cmd.Process.Pid
}

// eventually waits until ok holds; the peers have no better signal.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within %v: %s", within, what)
}

// ata is a running agent with two lines, 5550101 and 5550102.
type ata struct {
	state string
	log   *log
	pid   int
	stop  func()
}

// Numbers and secrets that no receiver may see.
const (
	callerNumber = "5550101"
	calledNumber = "5550102"
	callerName   = "Zerbinetta"
	sipPassword  = "Xyzzy4711plugh"
)

type object = map[string]any

var everything = []string{
	"hardware_model", "os_version", "firmware", "device_configuration", "network_configuration", "identifiers", "ip_address", "performance",
	"signal_strength", "call_quality", "mobile_network", "phone_number", "location", "crash", "logs", "trace",
}

// startATA runs the agent with a telemetry section, at a registrar of the test's.
func startATA(t *testing.T, telemetry object) *ata {
	t.Helper()
	return startATAAt(t, startRegistrar(t), telemetry)
}

// startATAAt runs it at a registrar.
func startATAAt(t *testing.T, registrar string, telemetry object) *ata {
	t.Helper()
	a := &ata{state: t.TempDir()}
	var lines []object
	for _, n := range []string{callerNumber, calledNumber} {
		lines = append(lines, object{
			"name": callerName + n, "dsp": object{"lec": false}, "dial": object{"plan": "(555xxxx)"},
			"sip": object{"registrar": "ata.test", "outbound_proxy": registrar, "user": n, "password": sipPassword, "display_name": callerName, "stats_in_bye": true, "local_address": "127.0.0.1"},
		})
	}
	doc, err := json.Marshal(object{"lines": lines, "telemetry": telemetry, "privacy": object{"level": 4, "categories": everything}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config.json")
	write(t, file, doc)
	a.log, a.stop, a.pid = startProcess(t, program, "run", "-board", "virtual", "-config", file, "-state", a.state)
	eventually(t, 30*time.Second, "both lines are registered", func() bool {
		var s agent.Status
		out, err := exec.Command(program, "status", "-json", "-state", a.state).Output()
		return err == nil && json.Unmarshal(out, &s) == nil && len(s.Lines) == 2 && s.Lines[0].Registration == "registered" && s.Lines[1].Registration == "registered" && s.Lines[0].PortUp && s.Lines[1].PortUp
	})
	return a
}

func startRegistrar(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r, err := siptest.NewRegistrar(conn, siptest.Opts{Users: map[string]string{callerNumber: sipPassword, calledNumber: sipPassword}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return r.Addr().String()
}

// do runs a verb of the agent and returns what it prints.
func (a *ata) do(t *testing.T, verb string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, append([]string{verb}, args...)...)
	cmd.Env = append(os.Environ(), "ATA_AGENT_STATE="+a.state)
	var msg bytes.Buffer
	cmd.Stderr = &msg
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", verb, strings.Join(args, " "), err, msg.String())
	}
	return string(out)
}

// call has the first telephone call the second and talk for a while; setting it
// up takes up to four seconds.
func (a *ata) call(t *testing.T, talk time.Duration) {
	t.Helper()
	var answering sync.WaitGroup
	answering.Go(func() {
		a.do(t, "phone", "2", "wait", "ringing", "-timeout", "30s", "offhook", "wait", "tone:reorder", "-timeout", "2m", "onhook")
	})
	a.do(t, "phone", "1", "offhook", "wait", "tone:dial", "dial", calledNumber, "pause", (talk + 4*time.Second).String(), "onhook")
	answering.Wait()
}
