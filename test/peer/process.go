// Package peer runs programs for tests: the agent itself, worked through its
// command line as a user would, and servers that others wrote, on loopback. A
// program ends with the test that started it; when the test failed, what the
// program said is in the test's log.
package peer

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// Fill writes a file from a template with its fields filled in.
func Fill(t *testing.T, text, path string, fields any) {
	t.Helper()
	tmpl, err := template.New(filepath.Base(path)).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := tmpl.Execute(&out, fields); err != nil {
		t.Fatal(err)
	}
	WriteFile(t, path, out.Bytes())
}

// WriteFile writes a file, and the folder it is in where there is none.
func WriteFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// FreePort returns a loopback port that is free for UDP and TCP right now.
func FreePort(t *testing.T) int {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		u, err := net.ListenPacket("udp", l.Addr().String())
		l.Close()
		if err == nil {
			u.Close()
			return port
		}
	}
	t.Fatal("no port is free for UDP and TCP")
	return 0
}

// Process is a program the test started.
type Process struct {
	Name string
	Cmd  *exec.Cmd
	Log  *Log
	Done chan struct{} // closed when it has ended
}

// Log keeps what a program prints and lets the test wait for a text in it.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all there is so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Urgent is a program that speaks in real time: it comes before the other load of
// the machine, where that is permitted. A driver that comes 60 ms late misses a
// pulse of a rotary dial, and a telephone that sends so late has a gap.
func Urgent(name string, args ...string) *exec.Cmd {
	return exec.Command("nice", append([]string{"-n", "-15", name}, args...)...)
}

// Start starts a program under a name for the test's log.
func Start(t *testing.T, name string, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{Name: name, Cmd: cmd, Log: &Log{}, Done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.Log, p.Log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.Done)
		_ = cmd.Wait() // how it ended is in its log
	}()
	t.Cleanup(func() {
		p.Stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", p.Name, Tail(p.Log.String(), 6000))
		}
	})
	return p
}

// Stop asks the program to end, then insists.
func (p *Process) Stop() {
	_ = p.Cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.Done:
	case <-time.After(8 * time.Second):
		_ = p.Cmd.Process.Kill()
		<-p.Done
	}
}

// Tail is the end of a long text.
func Tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// Eventually waits until ok holds; the peers have no better signal.
func Eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
