//go:build machine && linux

package guest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ata-agent/ata-agent/agent"
)

// boardFile describes the machine: two chips on the module's bus and lines, and
// the loop-back card for a highway. The far end of that card adds 30 ms to
// what the agent's own end queues.
const boardFile = `{
  "schema": 1, "id": "machine", "name": "Emulated machine",
  "clock": {"bclk_hz": 2048000, "format": "dsp_b", "slot_bits": 16, "slots": 16},
  "audio": {"card": "Loopback", "channels": 2, "delay_frames": 200},
  "lines": [
    {"slic": "si3210", "channel": 0, "spi": {"port": "/dev/spidev0.0"}, "gpio": {"reset": "RESET1", "int": "INT1"}, "dcdc": {"linefeed_ic": "si3201"}},
    {"slic": "si3210", "channel": 1, "spi": {"port": "/dev/spidev0.1"}, "gpio": {"reset": "RESET2", "int": "INT2"}, "dcdc": {"linefeed_ic": "si3201"}}
  ]
}`

// program is the agent's binary, the one that a device runs, at work.
type program struct {
	*testing.T
	process *os.Process
	socket  string // of control
	client  http.Client

	log   lockedText
	ended chan struct{}
	err   error // how it ended
}

// lockedText collects what several goroutines write.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start starts the agent with a configuration until the test ends. The kernel's
// watchdog restarts the machine if it hangs.
func start(t *testing.T, config []byte) *program {
	t.Helper()
	return startBy(t, config, (*exec.Cmd).Start)
}

// startBy is start with the way in which the process is started.
func startBy(t *testing.T, config []byte, run func(*exec.Cmd) error) *program {
	t.Helper()
	dir := t.TempDir()
	files := map[string][]byte{"board.json": []byte(boardFile), "config.json": config}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := newProgram(t, dir)
	cmd := exec.Command("/bin/ata-agent", "run", "-board", filepath.Join(dir, "board.json"),
		"-config", filepath.Join(dir, "config.json"), "-state", dir, "-watchdog", "/dev/watchdog0")
	cmd.Env = []string{"PATH=/bin", "HOME=/tmp"} // as many slots as there are on a board
	cmd.Stderr = &p.log
	if err := run(cmd); err != nil {
		t.Fatal(err)
	}
	p.process = cmd.Process
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("what happened on the lines:\n%s", p.events())
		}
		p.stop()
		if t.Failed() {
			t.Logf("the agent's log:\n%s", &p.log)
		}
	})
	return p
}

// newProgram is an agent with its state in a folder, started by others.
func newProgram(t *testing.T, dir string) *program {
	p := &program{T: t, socket: filepath.Join(dir, "control.sock"), ended: make(chan struct{})}
	p.client = clientOf(p.socket)
	return p
}

// clientOf asks an agent at its control socket.
func clientOf(socket string) http.Client {
	return http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
}

// stop ends the agent as a service manager does.
func (p *program) stop() {
	_ = p.process.Signal(unix.SIGTERM) // it may have ended
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		p.Error("the agent does not end")
		_ = p.process.Kill()
		<-p.ended
	}
	if p.err != nil {
		p.Errorf("the agent ended with %v", p.err)
	}
}

// status asks the agent for its state.
func (p *program) status() (st agent.Status, err error) {
	res, err := p.client.Get("http://agent/v1/status")
	if err != nil {
		return st, err
	}
	defer res.Body.Close()
	return st, json.NewDecoder(res.Body).Decode(&st)
}

// await waits until the agent's state is as wanted.
func (p *program) await(limit time.Duration, what string, ok func(agent.Status) bool) agent.Status {
	p.Helper()
	begin := time.Now()
	for {
		st, err := p.status()
		if err == nil && ok(st) {
			p.Logf("%s after %v", what, time.Since(begin).Round(time.Millisecond))
			return st
		}
		if time.Since(begin) > limit {
			p.Fatalf("not within %v: %s: %+v, %v", limit, what, st, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// inService says that every line has its chip and its registration.
func inService(st agent.Status) bool {
	for _, l := range st.Lines {
		if !l.PortUp || l.Registration != "registered" {
			return false
		}
	}
	return len(st.Lines) > 0
}

// idle says that no line has a call.
func idle(st agent.Status) bool {
	for _, l := range st.Lines {
		if l.State != "idle" || len(l.Calls) > 0 {
			return false
		}
	}
	return true
}

// calls returns the ended calls.
func (p *program) calls() []agent.PastCall {
	p.Helper()
	res, err := p.client.Get("http://agent/v1/calls")
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	var list []agent.PastCall
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		p.Fatal(err)
	}
	return list
}

// configuration is a document with a line for each number, all at one server and
// with one address of their own.
func configuration(server, local string, numbers ...string) []byte {
	type object = map[string]any
	var lines []object
	for _, n := range numbers {
		lines = append(lines, object{
			"sip": object{
				"registrar": domain, "outbound_proxy": server, "user": n, "password": password(n),
				"display_name": "Telephone " + n, "local_address": local,
			},
			"dial": object{"plan": "(10x|200)"},
		})
	}
	doc, err := json.Marshal(object{"schema": 1, "lines": lines})
	if err != nil {
		panic(fmt.Sprint("guest: configuration: ", err)) // maps and strings alone
	}
	return doc
}

// events is what happened on the lines, as the agent recorded it.
func (p *program) events() string {
	res, err := p.client.Get("http://agent/v1/events")
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
