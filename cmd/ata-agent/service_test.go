package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/state"
)

// device is an agent on a virtual board, as `ata-agent run` starts it.
type device struct {
	t      *testing.T
	file   string
	state  string
	log    *lockedBuffer
	client *controlClient
	end    func() error
}

const plantedPassword = "planted-password"

// document is a configuration with one line that registers nowhere.
func (d *device) document(line map[string]any) []byte {
	d.t.Helper()
	sip := map[string]any{"registrar": "127.0.0.1:9", "user": "100", "register": false, "local_address": "127.0.0.1", "password": plantedPassword}
	if more, ok := line["sip"].(map[string]any); ok {
		for k, v := range more {
			sip[k] = v
		}
	}
	whole := map[string]any{"sip": sip}
	for k, v := range line {
		if k != "sip" {
			whole[k] = v
		}
	}
	out, err := json.Marshal(map[string]any{"lines": []any{whole}})
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

func (d *device) write(line map[string]any) {
	d.t.Helper()
	if err := os.WriteFile(d.file, d.document(line), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func newDevice(t *testing.T) *device {
	t.Helper()
	t.Parallel()                        // most of it is waiting
	dir, err := os.MkdirTemp("", "ata") // short: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d := &device{t: t, file: filepath.Join(dir, "config.json"), state: filepath.Join(dir, "state"), log: &lockedBuffer{}}
	d.client = newControlClient(d.state)
	d.write(nil)
	return d
}

// start runs the agent until end is called or the test is over.
func (d *device) start() {
	d.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	env := &environment{stdin: strings.NewReader(""), stdout: d.log, stderr: d.log, getenv: func(string) string { return "" }, root: computer}
	go func() {
		done <- runAgent(ctx, env, []string{"-config", d.file, "-state", d.state, "-board", "virtual"})
	}()
	var ended bool
	d.end = func() error {
		if ended {
			return nil
		}
		ended = true
		stop()
		return <-done
	}
	d.t.Cleanup(func() {
		if err := d.end(); err != nil {
			d.t.Error(err)
		}
		if d.t.Failed() {
			d.t.Log(d.log.String())
		}
	})
	d.eventually("the port is up", func(s serviceStatus) bool { return s.Lines[0].PortUp })
}

// status is zero while the agent does not answer.
func (d *device) status() (s serviceStatus) {
	if d.client.get(d.t.Context(), "/v1/status", &s) != nil || len(s.Lines) == 0 {
		s.Lines = make([]agent.LineStatus, 1)
	}
	return s
}

func (d *device) eventually(what string, is func(serviceStatus) bool) serviceStatus {
	d.t.Helper()
	for range 600 {
		if s := d.status(); is(s) {
			return s
		}
		time.Sleep(25 * time.Millisecond) // the agent runs in real time
	}
	d.t.Fatalf("not within 15 s: %s; status %+v", what, d.status())
	return serviceStatus{}
}

func (d *device) phone(actions string) {
	d.t.Helper()
	body, err := json.Marshal(phoneRequest{strings.Fields(actions)})
	if err != nil {
		d.t.Fatal(err)
	}
	answer, err := d.client.do(d.t.Context(), "POST", "/v1/phone/1", strings.NewReader(string(body)))
	if err != nil {
		d.t.Fatal(err)
	}
	answer.Close()
}

// freePort is a UDP port nobody has.
func freePort(t *testing.T) int {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port
}

// TestChangesOfEachClass changes the configuration file while the telephone is
// lifted: what is live holds at once, what a line or the box must be idle for
// waits for it.
func TestChangesOfEachClass(t *testing.T) {
	d := newDevice(t)
	d.start()
	d.phone("offhook wait tone:dial")
	d.write(map[string]any{"name": "live"})
	d.eventually("the name holds", func(s serviceStatus) bool { return s.Lines[0].Name == "live" && s.Lines[0].OffHook })

	d.write(map[string]any{"name": "line", "codecs": map[string]any{"order": []string{"PCMA"}}})
	d.eventually("the line waits", func(s serviceStatus) bool { return s.Lines[0].Pending && s.Lines[0].Name == "live" })
	d.phone("onhook pause 500ms")
	d.eventually("the line's change holds", func(s serviceStatus) bool { return !s.Lines[0].Pending && s.Lines[0].Name == "line" })

	d.phone("offhook wait tone:dial")
	port := freePort(t)
	d.write(map[string]any{"name": "box", "sip": map[string]any{"local_port": port}})
	d.eventually("the box waits", func(s serviceStatus) bool { return s.Waiting == "box" })
	time.Sleep(lookForIdle + 200*time.Millisecond)
	if s := d.status(); s.Lines[0].Name != "line" || s.Waiting != "box" {
		t.Errorf("with a telephone in use: name %q, waiting %q", s.Lines[0].Name, s.Waiting)
	}
	d.phone("onhook")
	d.eventually("the agent lives anew", func(s serviceStatus) bool {
		return s.Waiting == "" && s.Lines[0].Name == "box" && s.Lines[0].PortUp
	})
	if c, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
		c.Close()
		t.Errorf("nobody listens on the new port %d", port)
	}
	d.phone("offhook wait tone:dial onhook")

	d.write(map[string]any{"name": strings.Repeat("x", 99)})
	d.eventually("the log tells of it", func(serviceStatus) bool {
		return strings.Contains(d.log.String(), "changed configuration refused")
	})
	if name := d.status().Lines[0].Name; name != "box" {
		t.Errorf("after a refused change the name is %q", name)
	}
}

// TestConfigurationIsRemembered starts without the file, and with a bad one.
func TestConfigurationIsRemembered(t *testing.T) {
	d := newDevice(t)
	d.write(map[string]any{"name": "first"})
	d.start()
	var a configAnswer
	if err := d.client.get(t.Context(), "/v1/config", &a); err != nil {
		t.Fatal(err)
	}
	if o := a.Origins["/lines/0/name"]; o.Layer != config.Factory || o.File != d.file || !strings.Contains(a.Text, `"name": "first", // factory `+d.file) {
		t.Errorf("origin of the name: %+v", o)
	}
	if !strings.HasPrefix(a.Text, "// remembered, its secrets sealed by software only") || !strings.Contains(a.Text, `"password": "***", // set, factory`) {
		t.Errorf("the text does not tell how secrets are kept:\n%s", a.Text)
	}
	if strings.Contains(a.Text+string(a.Config), plantedPassword) {
		t.Error("the password is told")
	}
	code, out, msg := command(t, nil, "config", "diff", "-state", d.state, "running", file(t, string(d.document(map[string]any{"name": "second"}))))
	if code != exitOK || !strings.Contains(out, `/lines/0/name: "first" → "second" (live)`) {
		t.Errorf("diff: %s%s", out, msg)
	}
	if s := d.status(); s.Storage.Keeper != state.SoftwareName || s.Storage.Protected {
		t.Errorf("storage %+v", s.Storage)
	}
	if err := d.end(); err != nil {
		t.Fatal(err)
	}
	if name := holds(t, d.state, plantedPassword); name != "" {
		t.Errorf("%s holds the password in plain", name)
	}
	for _, spoil := range []func() error{
		func() error { return os.Remove(d.file) },
		func() error { return os.WriteFile(d.file, []byte(`{"lines": [{"nam": 1}]}`), 0o600) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		d.start()
		d.eventually("it starts with what it remembers", func(s serviceStatus) bool { return s.Lines[0].Name == "first" })
		if err := d.end(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFactoryReset resets a running agent, and one that does not run.
func TestFactoryReset(t *testing.T) {
	d := newDevice(t)
	d.start()
	dir := state.Dir(d.state)
	before, err := dir.Instance()
	if err != nil {
		t.Fatal(err)
	}
	d.write(map[string]any{"name": "kept in the file"})
	d.eventually("the change holds", func(s serviceStatus) bool { return s.Lines[0].Name != "" })
	key, err := os.ReadFile(dir.Path("key"))
	if err != nil {
		t.Fatal(err)
	}
	if code, out, msg := command(t, nil, "reset", "-factory", "-yes", "-state", d.state); code != exitOK {
		t.Fatalf("reset: %s%s", out, msg)
	}
	d.eventually("it lives anew", func(s serviceStatus) bool { return s.Lines[0].PortUp && s.Lines[0].Name == "kept in the file" })
	if after, err := dir.Instance(); err != nil || after == before {
		t.Errorf("the device is still %s, %v", after, err)
	}
	if now, err := os.ReadFile(dir.Path("key")); err != nil || string(now) == string(key) {
		t.Errorf("the data key is the one before, %v", err)
	}
	log, err := dir.Audit().Entries()
	if err != nil || len(log) != 1 || log[0].Action != "wipe" || log[0].Actor != resetActor {
		t.Errorf("audit log %+v, %v", log, err)
	}
	if err := d.end(); err != nil {
		t.Fatal(err)
	}
	code, out, msg := command(t, nil, "reset", "-factory", "-yes", "-and-config", "-config", d.file, "-state", d.state)
	if code != exitOK {
		t.Fatalf("reset alone: %s%s", out, msg)
	}
	if _, err := os.Stat(d.file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the configuration file is still there, %v", err)
	}
	for _, secret := range []string{plantedPassword, before, string(key)} {
		if name := holds(t, d.state, secret); name != "" {
			t.Errorf("%s holds what was to be wiped", name)
		}
	}
}

// TestFolderOfAnotherDevice has the key with a keeper that is not there: the
// agent runs by its file and says so, and a reset makes room for a new key.
func TestFolderOfAnotherDevice(t *testing.T) {
	d := newDevice(t)
	dir, err := state.Open(d.state)
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.WriteFile("key", []byte(`{"version": 1, "keeper": "elsewhere", "wrapped": "AAAA"}`)); err != nil {
		t.Fatal(err)
	}
	d.start()
	if s := d.status(); !strings.Contains(s.Storage.Error, `"elsewhere"`) || s.Storage.Protected {
		t.Errorf("storage %+v", s.Storage)
	}
	if code, out, _ := command(t, nil, "status", "-state", d.state); code != exitOK || !strings.Contains(out, "nothing is remembered") {
		t.Errorf("status does not tell: %s", out)
	}
	code, _, msg := command(t, nil, "reset", "-factory", "-yes", "-state", d.state)
	if code != exitFailed || !strings.Contains(msg, `the keeper "elsewhere" is not there`) {
		t.Errorf("reset does not tell of the keeper: %d %s", code, msg)
	}
	d.eventually("there is a new key", func(s serviceStatus) bool { return s.Storage.Keeper == state.SoftwareName })
}

// TestResetOfEverythingEndsTheAgent takes the last configuration away.
func TestResetOfEverythingEndsTheAgent(t *testing.T) {
	d := newDevice(t)
	d.start()
	if code, out, msg := command(t, nil, "reset", "-factory", "-yes", "-and-config", "-config", d.file, "-state", d.state); code != exitOK {
		t.Fatalf("reset: %s%s", out, msg)
	}
	if err := d.end(); !errors.Is(err, errNothingLeft) {
		t.Errorf("the agent ended with %v", err)
	}
}

// holds names the file below dir that has text in it.
func holds(t *testing.T, dir, text string) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), text) {
			found = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWaitingIsPatient(t *testing.T) {
	cfg := config.Config{}
	cfg.Provision.Resync.MaxDefer = config.Seconds(time.Hour)
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	w := &waiting{effective: &config.Effective{Config: &cfg}, since: start}
	idle := agent.LineStatus{}
	lifted := agent.LineStatus{OffHook: true}
	calling := agent.LineStatus{OffHook: true, Calls: []agent.CallStatus{{}}}
	for _, tt := range []struct {
		name   string
		lines  []agent.LineStatus
		after  time.Duration
		window string
		want   bool
	}{
		{"idle", []agent.LineStatus{idle, idle}, 0, "", true},
		{"lifted", []agent.LineStatus{idle, lifted}, time.Minute, "", false},
		{"lifted for too long", []agent.LineStatus{idle, lifted}, time.Hour, "", true},
		{"a call, however long", []agent.LineStatus{calling, idle}, 48 * time.Hour, "", false},
		{"outside the window", []agent.LineStatus{idle}, 0, "02:00-05:00", false},
		{"in the window", []agent.LineStatus{idle}, 15 * time.Hour, "02:00-05:00", true},
		{"over midnight", []agent.LineStatus{idle}, 0, "22:00-12:01", true},
		{"at its end", []agent.LineStatus{idle}, time.Minute, "22:00-12:01", false},
	} {
		cfg.Provision.Resync.Window = tt.window
		if got := w.may(agent.Status{Lines: tt.lines}, start.Add(tt.after)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestBoardHoldsItsLines(t *testing.T) {
	two := &config.Config{Lines: make([]config.Line, 2)}
	real := &board{hardware: agent.Hardware{Lines: make([]slic.Line, 1)}}
	if err := real.holds(two); err == nil || real.lacks(two) {
		t.Errorf("a real board of one port: holds %v, lacks %v", err, real.lacks(two))
	}
	virtual := &board{hardware: real.hardware, virtual: &sim.Board{}}
	if err := virtual.holds(two); err != nil || !virtual.lacks(two) {
		t.Errorf("a virtual board of one port, which can have more: holds %v, lacks %v", err, virtual.lacks(two))
	}
}

// TestPushesDuringACall has a server change settings of every class during a
// call: the call goes on without a gap and ends as it should, then they hold.
func TestPushesDuringACall(t *testing.T) {
	t.Parallel()
	log := &lockedBuffer{}
	d, err := newDemo(virtualBoards["virtual"], "US", newLogger(log, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer d.remove()
	d.remember(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = d.run(ctx, func(ctx context.Context) error {
		if err := ready(ctx, d.home); err != nil {
			return err
		}
		if err := ready(ctx, d.far); err != nil {
			return err
		}
		v := &device{t: t, log: log, client: newControlClient(string(d.home.dir))}
		v.phone("offhook wait tone:dial dial 200 wait talk pause 500ms")
		before := v.status()
		for _, push := range []string{
			`"name": "live", "tones": {"reorder_delay_s": 1}, "slic": {"tx_gain_db": -3}`,
			`"name": "line", "codecs": {"order": ["PCMA"]}`,
			fmt.Sprintf(`"name": "box", "sip": {"local_port": %d}`, freePort(t)),
		} {
			layer := config.Layer{Name: config.Device, Source: "server", Data: []byte(`{"lines": [{` + push + `}]}`)}
			if err := d.home.take(ctx, layer, "server"); err != nil {
				return err
			}
			v.phone("pause 700ms")
			goesOn(t, before, v.status())
		}
		v.phone("onhook")
		s := v.eventually("all of it holds", func(s serviceStatus) bool {
			return s.Lines[0].Name == "box" && s.Waiting == "" && s.Lines[0].Registration == "registered" && s.Lines[0].PortUp
		})
		if len(s.Lines[0].Calls) > 0 {
			t.Errorf("there is still a call: %+v", s.Lines[0].Calls)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.Log(log.String())
	}
}

// remember makes the first agent of a demo one that remembers and may live anew.
func (d *demo) remember(t *testing.T) {
	t.Helper()
	h := d.home
	file := filepath.Join(d.dir, "config.json")
	if err := os.WriteFile(file, demoConfig("US", d.registrar.Addr().String(), []string{demoOne, demoTwo}), 0o600); err != nil {
		t.Fatal(err)
	}
	h.open = func(cfg *config.Config) (*board, error) {
		return newVirtualBoard(sim.Si321x, cfg, loadCalibrations(h.dir, "home", time.Now(), h.log), h.log)
	}
	h.memory = &memory{dir: h.dir, file: file, log: h.log, keepers: []state.Keeper{state.Software()}}
	if _, err := h.begin(); err != nil {
		t.Fatal(err)
	}
}

// goesOn expects the call of before to be up and to have lost nothing.
func goesOn(t *testing.T, before, now serviceStatus) {
	t.Helper()
	was, is := before.Lines[0].Calls, now.Lines[0].Calls
	if len(was) != 1 || len(is) != 1 || is[0].Call != was[0].Call {
		t.Fatalf("calls were %+v, are %+v", was, is)
	}
	if v := is[0].Voice; v.Lost != 0 || v.Sent <= was[0].Voice.Sent || v.Received <= was[0].Voice.Received || now.Clock.Errors != before.Clock.Errors {
		t.Errorf("voice %+v, clock %+v", v, now.Clock)
	}
}
