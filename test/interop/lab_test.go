//go:build interop

// Package interop calls through SIP servers and telephones that others wrote:
// Kamailio, baresip and SIPp from Debian, started by the tests on loopback.
// The agent is the real program on a virtual board, worked through its command
// line as a user would.
package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
)

// Accounts at Kamailio, domain ata.test.
const (
	lineOne   = "1001"
	lineTwo   = "1002"
	bareUser  = "2001"
	lineOnePW = "secret1"
	lineTwoPW = "secret2"
	barePW    = "secretb"
)

// fill writes a template of testdata with its fields filled in.
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
	writeFile(t, path, out.Bytes())
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// freePort returns a loopback port that is free for UDP and TCP right now.
func freePort(t *testing.T) int {
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

// process is a program the test started.
type process struct {
	name string
	cmd  *exec.Cmd
	log  *log
	done chan struct{}
}

// log keeps what a program prints and lets the test wait for a text in it.
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

func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{name: filepath.Base(cmd.Path), cmd: cmd, log: &log{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // how it ended is in its log
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", p.name, tail(p.log.String(), 6000))
		}
	})
	return p
}

// stop asks the program to end, then insists.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-p.done:
	case <-time.After(8 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

func tail(s string, n int) string {
	if len(s) > n {
		return "…" + s[len(s)-n:]
	}
	return s
}

// eventually waits until ok holds; the peers have no better signal.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
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

// kamailio is a registrar and proxy.
type kamailio struct {
	*process
	run  string
	port int
	alg  string
}

func startKamailio(t *testing.T, algorithm string) *kamailio {
	t.Helper()
	k := &kamailio{run: t.TempDir(), port: freePort(t), alg: algorithm}
	writeFile(t, filepath.Join(k.run, "db", "version"), []byte("table_name(string) table_version(int)\nsubscriber:7\n"))
	var db strings.Builder
	db.WriteString("id(int,auto) username(string) domain(string) password(string) ha1(string,null) ha1b(string,null)\n")
	for i, u := range [][2]string{{lineOne, lineOnePW}, {lineTwo, lineTwoPW}, {bareUser, barePW}} {
		fmt.Fprintf(&db, "%d:%s:ata.test:%s::\n", i+1, u[0], u[1])
	}
	writeFile(t, filepath.Join(k.run, "db", "subscriber"), []byte(db.String()))
	fill(t, "kamailio.cfg", filepath.Join(k.run, "kamailio.cfg"), map[string]any{"Port": k.port, "Run": k.run, "Algorithm": algorithm})
	k.start(t)
	return k
}

func (k *kamailio) start(t *testing.T) {
	t.Helper()
	k.process = start(t, exec.Command("kamailio", "-f", filepath.Join(k.run, "kamailio.cfg"),
		"-DD", "-E", "-Y", k.run, "-P", filepath.Join(k.run, "pid"), "-w", k.run, "-m", "32", "-M", "4"))
	eventually(t, 10*time.Second, "kamailio answers OPTIONS", func() bool { return answersOptions(k.port) })
}

// answersOptions asks a SIP server whether it is there.
func answersOptions(port int) bool {
	c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	defer c.Close()
	fmt.Fprintf(c, "OPTIONS sip:127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKping;rport\r\nMax-Forwards: 5\r\n"+
		"From: <sip:ping@127.0.0.1>;tag=p\r\nTo: <sip:127.0.0.1>\r\nCall-ID: ping\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", port, c.LocalAddr())
	_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	n, err := c.Read(make([]byte, 2048))
	return err == nil && n > 0
}

// baresip is a telephone of another make.
type baresip struct {
	*process
	run  string
	port int // of SIP
	rtp  int // first port of RTP
	ctrl net.Conn

	mu     sync.Mutex
	events []baresipEvent
}

type baresipEvent struct {
	Event bool   `json:"event"`
	Type  string `json:"type"`
	Param string `json:"param"`
	Peer  string `json:"peeruri"`
}

type baresipOpts struct {
	codec  string // "PCMU", "PCMA"
	answer string // "auto", "manual"
	tx     []int16
}

func startBaresip(t *testing.T, k *kamailio, o baresipOpts) *baresip {
	t.Helper()
	b := &baresip{run: t.TempDir(), port: freePort(t)}
	control := freePort(t)
	b.rtp = 33000 + b.port%300*20 // above the agent's, below the ephemeral ones of most systems
	fill(t, "baresip.config", filepath.Join(b.run, "config"),
		map[string]any{"Port": b.port, "Run": b.run, "Control": control, "RTP": b.rtp, "RTPMax": b.rtp + 18})
	if o.codec == "" {
		o.codec = "PCMU"
	}
	if o.answer == "" {
		o.answer = "auto"
	}
	account := fmt.Sprintf("<sip:%s@ata.test>;outbound=\"sip:127.0.0.1:%d;transport=udp\";auth_user=%s;auth_pass=%s;answermode=%s;regint=60;audio_codecs=%s/8000/1;ptime=20\n",
		bareUser, k.port, bareUser, barePW, o.answer, o.codec)
	writeFile(t, filepath.Join(b.run, "accounts"), []byte(account))
	writeFile(t, filepath.Join(b.run, "contacts"), nil)
	if o.tx == nil {
		o.tx = sine(1000, -10, 60*time.Second)
	}
	writeFile(t, filepath.Join(b.run, "tx.wav"), wav(o.tx))
	writeFile(t, filepath.Join(b.run, "alert.wav"), wav(sine(440, -20, time.Second)))
	cmd := exec.Command("baresip", "-f", b.run)
	cmd.Dir, cmd.Env = b.run, append(os.Environ(), "HOME="+b.run)
	b.process = start(t, cmd)
	eventually(t, 15*time.Second, "baresip is registered", func() bool { return strings.Contains(b.log.String(), "200 OK") })
	eventually(t, 5*time.Second, "baresip's control port", func() bool {
		var err error
		b.ctrl, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", control))
		return err == nil
	})
	t.Cleanup(func() { b.ctrl.Close() })
	go b.read()
	return b
}

// do sends a command: dial, hangup, hold, resume, sndcode …
func (b *baresip) do(t *testing.T, command, params string) {
	t.Helper()
	msg, _ := json.Marshal(map[string]string{"command": command, "params": params, "token": "t"})
	if _, err := fmt.Fprintf(b.ctrl, "%d:%s,", len(msg), msg); err != nil {
		t.Fatal(err)
	}
}

// read collects the events, netstrings of JSON.
func (b *baresip) read() {
	r := bufio.NewReader(b.ctrl)
	for {
		var n int
		if _, err := fmt.Fscanf(r, "%d:", &n); err != nil || n > 1<<16 {
			return
		}
		buf := make([]byte, n+1)
		if _, err := io.ReadFull(r, buf); err != nil {
			return
		}
		var e baresipEvent
		if json.Unmarshal(buf[:n], &e) == nil && e.Event {
			b.mu.Lock()
			b.events = append(b.events, e)
			b.mu.Unlock()
		}
	}
}

// count is how many events of a type came so far.
func (b *baresip) count(kind string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, e := range b.events {
		if e.Type == kind {
			n++
		}
	}
	return n
}

// has reports an event of a type whose parameter contains a text.
func (b *baresip) has(kind, param string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if e.Type == kind && strings.Contains(e.Param, param) {
			return true
		}
	}
	return false
}

// heard is what baresip recorded of the last call: what the far end sent to it.
func (b *baresip) heard(t *testing.T) []int16 {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(b.run, "dump-*-dec.wav"))
	if err != nil || len(names) == 0 {
		t.Fatalf("baresip recorded nothing: %v %v", names, err)
	}
	data, err := os.ReadFile(names[len(names)-1])
	if err != nil {
		t.Fatal(err)
	}
	return samples(t, data)
}

// ata is the agent under test.
type ata struct {
	*process
	state string
}

var program string // built by TestMain

func TestMain(m *testing.M) {
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

// account is one line of the agent's configuration.
func account(k *kamailio, user, password, transport string, more map[string]any) map[string]any {
	line := map[string]any{
		"sip": map[string]any{
			"registrar": "ata.test", "outbound_proxy": fmt.Sprintf("127.0.0.1:%d", k.port),
			"user": user, "password": password, "transport": transport, "expires_s": 60, "local_address": "127.0.0.1",
		},
		"dial": map[string]any{"plan": "(1xxx|2xxx|9xxx)"},
	}
	for key, v := range more {
		line[key] = v
	}
	return line
}

// startATA runs the agent with the lines and waits until all are registered.
func startATA(t *testing.T, lines ...map[string]any) *ata {
	t.Helper()
	a := runATA(t, lines...)
	for n := range lines {
		eventually(t, 10*time.Second, "the lines are registered and their ports ready", func() bool {
			s := a.status(t)
			return len(s.Lines) > n && s.Lines[n].Registration == "registered" && s.Lines[n].PortUp
		})
	}
	return a
}

func runATA(t *testing.T, lines ...map[string]any) *ata {
	t.Helper()
	a := &ata{state: t.TempDir()}
	doc, err := json.Marshal(map[string]any{"schema": 1, "lines": lines})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(a.state, "config.json")
	writeFile(t, file, doc)
	a.process = start(t, exec.Command(program, "run", "-board", "virtual", "-config", file, "-state", a.state))
	eventually(t, 10*time.Second, "the control socket", func() bool {
		_, err := os.Stat(filepath.Join(a.state, "control.sock"))
		return err == nil
	})
	return a
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
	PortUp       bool   `json:"port_up"`
	Calls        []struct {
		Number string `json:"number"`
		Codec  string `json:"codec"`
	} `json:"calls"`
	SIP json.RawMessage `json:"sip"`
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
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Logf("status: %s", exit.Stderr)
		}
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
