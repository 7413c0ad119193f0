package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// command runs the program with an environment of its own.
func command(t *testing.T, vars map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	env := &environment{
		stdin: strings.NewReader(""), stdout: &out, stderr: &err,
		getenv: func(name string) string { return vars[name] },
		root:   computer, resolver: noNames{},
	}
	code = execute(t.Context(), env, args)
	return code, out.String(), err.String()
}

// noNames is a network without name server.
type noNames struct{}

func (noNames) LookupHost(context.Context, string) ([]string, error) {
	return nil, errors.New("no name server")
}

func (noNames) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", nil, errors.New("no name server")
}

// computer is what the tests run on: a Raspberry Pi 4 without an overlay.
var computer = fstest.MapFS{
	"proc/device-tree/model":      {Data: []byte("Raspberry Pi 4 Model B Rev 1.4\x00")},
	"proc/device-tree/compatible": {Data: []byte("raspberrypi,4-model-b\x00brcm,bcm2711\x00")},
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	goodConfig = `{"lines": [{"sip": {"registrar": "r.test", "user": "7", "password": "hunter2"}}]}`
	badConfig  = "{\n  \"lines\": [{\n    \"enabeld\": true,\n    \"rtp\": {\"ptime_ms\": 5}\n  }]\n}"
)

func TestExitCodes(t *testing.T) {
	good, bad := file(t, goodConfig), file(t, badConfig)
	badBoard := file(t, "{\n\"id\": \"b\", \"lines\": [\n{\"slic\": \"si3120\"}]}")
	none := t.TempDir()
	other := file(t, strings.Replace(strings.Replace(goodConfig, "hunter2", "hunter2x", 1), `{"sip"`, `{"name": "Kitchen", "sip"`, 1))
	inYAML := file(t, "lines:\n- sip: {registrar: r.test, user: \"7\", password: chosen}\n  name: 0412\n")
	tests := []struct {
		name string
		args []string
		code int
		out  string // in stdout or stderr
	}{
		{"nothing", nil, exitUsage, "usage: ata-agent VERB"},
		{"help", []string{"help"}, exitOK, "usage: ata-agent VERB"},
		{"unknown verb", []string{"fly"}, exitUsage, `no verb "fly"`},
		{"version", []string{"version"}, exitOK, "ata-agent unknown"},
		{"version with argument", []string{"version", "x"}, exitUsage, "takes no arguments"},
		{"help of a verb", []string{"status", "-h"}, exitOK, "-json"},
		{"unknown flag", []string{"status", "-nope"}, exitUsage, "-nope"},
		{"check good", []string{"config", "check", good}, exitOK, "ok"},
		{"check bad", []string{"config", "check", bad}, exitFailed, bad + `:3:5: /lines/0/enabeld: unknown key; did you mean "enabled"?`},
		{"check bad, all faults", []string{"config", "check", bad}, exitFailed, "4:25: /lines/0/rtp/ptime_ms: 5 is out of range, allowed: 10 to 60"},
		{"check as JSON", []string{"config", "check", "-json", bad}, exitFailed, `"path": "/lines/0/rtp/ptime_ms"`},
		{"check a layer", []string{"config", "check", "-layer", "owner", file(t, `{"lines": [{"name": "x"}]}`)}, exitOK, "ok"},
		{"check a layer, bad", []string{"config", "check", "-layer", "owner", good}, exitFailed, ":1:34: /lines/0/sip/registrar: may not be set by the owner"},
		{"check no layer", []string{"config", "check", "-layer", "guest", good}, exitUsage, `no layer "guest"`},
		{"check missing file", []string{"config", "check", filepath.Join(none, "no")}, exitFailed, "no such file"},
		{"check two files", []string{"config", "check", good, bad}, exitUsage, "one file"},
		{"config without action", []string{"config"}, exitUsage, "check, show, diff, set, unset, convert, import or schema"},
		{"config with unknown action", []string{"config", "burn"}, exitUsage, `no action "burn"`},
		{"show", []string{"config", "show", good}, exitOK, `"user": "7", // ` + good + ":1:52"},
		{"show as JSON", []string{"config", "show", "-json", good}, exitOK, `"user": "7"`},
		{"show origins", []string{"config", "show", "-origins", good}, exitOK, `"/lines/0/sip/user": {`},
		{"diff", []string{"config", "diff", good, other}, exitOK, `/lines/0/name: "" → "Kitchen" (live)`},
		{"diff, what it interrupts", []string{"config", "diff", good, other}, exitOK, "2 changes of class line: when the line is idle"},
		{"diff, secret", []string{"config", "diff", good, other}, exitOK, "/lines/0/sip/password: changed (line)"},
		{"diff as JSON", []string{"config", "diff", "-json", good, other}, exitOK, `"class": "line"`},
		{"diff of equals", []string{"config", "diff", good, good}, exitOK, "no difference"},
		{"diff with a bad file", []string{"config", "diff", good, bad}, exitFailed, "4:25: /lines/0/rtp/ptime_ms"},
		{"diff of one", []string{"config", "diff", good}, exitUsage, "name two files"},
		{"diff without agent", []string{"config", "diff", "-state", none, "running", good}, exitFailed, "no running agent answers"},
		{"convert", []string{"config", "convert", inYAML}, exitOK, `"user": "7"`},
		{"convert, note", []string{"config", "convert", inYAML}, exitOK, inYAML + ":3:9: /lines/0/name: is kept as it is written"},
		{"convert JSON with a fault", []string{"config", "convert", bad}, exitFailed, `unknown key`},
		{"convert nothing", []string{"config", "convert"}, exitUsage, "one YAML file"},
		{"reset without -factory", []string{"reset", "-state", none}, exitUsage, "say -factory"},
		{"reset, not confirmed", []string{"reset", "-factory", "-state", none}, exitFailed, "nothing was done"},
		{"schema", []string{"config", "schema"}, exitOK, `"https://json-schema.org/draft/2020-12/schema"`},
		{"run with a bad configuration", []string{"run", "-config", bad, "-state", none, "-board", "virtual"}, exitFailed, "4:25: /lines/0/rtp/ptime_ms"},
		{"run without board", []string{"run", "-config", good, "-state", none}, exitUsage, "this is Raspberry Pi 4 Model B Rev 1.4, made for it are rpi-ag1171-i2s and rpi-handset and rpi-si3210-dual"},
		{"run without board, what to say", []string{"run", "-config", good, "-state", none}, exitUsage, "say -board NAME|FILE, or -board virtual"},
		{"run on a bad board file", []string{"run", "-config", good, "-state", none, "-board", badBoard}, exitFailed, badBoard + ":3:10: /lines/0/slic: \"si3120\" is not allowed"},
		{"run on a missing board file", []string{"run", "-config", good, "-state", none, "-board", filepath.Join(none, "no.json")}, exitFailed, "no such file"},
		{"board without action", []string{"board"}, exitUsage, "check, show, list or schema"},
		{"board with unknown action", []string{"board", "burn"}, exitUsage, `no action "burn"`},
		{"board list", []string{"board", "list"}, exitOK, "rpi-si3210-dual         2  Raspberry Pi 3 or 4 with two Si3210           fits this computer"},
		{"board list, computer", []string{"board", "list"}, exitOK, "this is Raspberry Pi 4 Model B"},
		{"board list as JSON", []string{"board", "list", "-json"}, exitOK, `"id": "generic"`},
		{"board check", []string{"board", "check", "generic"}, exitOK, "generic: ok"},
		{"board check bad", []string{"board", "check", badBoard}, exitFailed, `did you mean "si3210"?`},
		{"board check bad as JSON", []string{"board", "check", "-json", badBoard}, exitFailed, `"path": "/lines/0/slic"`},
		{"board check nothing", []string{"board", "check"}, exitUsage, "name one board or file"},
		{"board check unknown", []string{"board", "check", "toaster"}, exitUsage, `no board "toaster": known are virtual, virtual-gpio, virtual-handset, beaglebone-si3210`},
		{"board show", []string{"board", "show", "generic"}, exitOK, `"mode": 3, // default`},
		{"board show as JSON", []string{"board", "show", "-json", "generic"}, exitOK, `"mode": 3,`},
		{"board schema", []string{"board", "schema"}, exitOK, `"title": "ata-agent board file"`},
		{"run on an unknown board", []string{"run", "-config", good, "-state", none, "-board", "toaster"}, exitUsage, `no board "toaster"`},
		{"status without agent", []string{"status", "-state", none}, exitFailed, "no running agent answers"},
		{"calls without agent", []string{"calls", "-state", none}, exitFailed, "no running agent answers"},
		{"events without agent", []string{"events", "-state", none}, exitFailed, "no running agent answers"},
		{"factory without action", []string{"factory"}, exitUsage, "say test"},
		{"factory with an argument", []string{"factory", "test", "x"}, exitUsage, "takes no arguments"},
		{"doctor with an argument", []string{"doctor", "x"}, exitUsage, "unexpected"},
		{"linetest without agent", []string{"linetest", "-state", none, "1"}, exitFailed, "no running agent answers"},
		{"linetest without line", []string{"linetest"}, exitUsage, "number of one line"},
		{"linetest of a name", []string{"linetest", "x"}, exitUsage, "number of one line"},
		{"button without agent", []string{"button", "-state", none}, exitFailed, "no running agent answers"},
		{"phone without actions", []string{"phone", "1"}, exitUsage, "offhook"},
		{"phone without number", []string{"phone", "offhook", "onhook"}, exitUsage, "is no telephone"},
		{"phone with a wrong action", []string{"phone", "1", "jump"}, exitUsage, `jump`},
		{"demo on an unknown board", []string{"demo", "-board", "rpi"}, exitUsage, `no virtual board "rpi": known are virtual, virtual-gpio, virtual-handset`},
		{"demo in an unknown country", []string{"demo", "-country", "ZZ"}, exitUsage, "unknown country"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, err := command(t, nil, tt.args...)
			if code != tt.code || !strings.Contains(out+err, tt.out) {
				t.Errorf("exit %d, want %d; printed %q %q, want %q in it", code, tt.code, out, err, tt.out)
			}
			if strings.Contains(out+err, "hunter2") {
				t.Errorf("the password was printed")
			}
		})
	}
}

func TestEnvironmentGivesFlags(t *testing.T) {
	bad := file(t, badConfig)
	code, out, _ := command(t, map[string]string{"ATA_AGENT_CONFIG": bad}, "config", "check")
	if code != exitFailed || !strings.Contains(out, bad) {
		t.Errorf("exit %d, %q; want the faults of the file that ATA_AGENT_CONFIG names", code, out)
	}
	good := file(t, goodConfig)
	if code, out, _ = command(t, map[string]string{"ATA_AGENT_CONFIG": bad}, "config", "check", "-config", good); code != exitOK {
		t.Errorf("exit %d, %q; want the command line to win", code, out)
	}
	if code, _, err := command(t, map[string]string{"ATA_AGENT_JSON": "perhaps"}, "status"); code != exitUsage || !strings.Contains(err, "ATA_AGENT_JSON") {
		t.Errorf("exit %d, %q; want the wrong variable named", code, err)
	}
}

func TestControlSocket(t *testing.T) {
	dir := t.TempDir()
	l, err := listenControl(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, socketName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket mode %v, %v, want 0600", info.Mode(), err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- serveControl(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/bad" {
				http.Error(w, "not like this", http.StatusTeapot)
				return
			}
			json.NewEncoder(w).Encode("hello")
		}))
	}()
	client := newControlClient(dir)
	var got string
	if err := client.get(ctx, "/", &got); err != nil || got != "hello" {
		t.Errorf("get = %q, %v", got, err)
	}
	if err := client.get(ctx, "/bad", &got); err == nil || err.Error() != "not like this" {
		t.Errorf("get(/bad) = %v, want the server's words", err)
	}
	if _, err := listenControl(dir); err == nil || !strings.Contains(err.Error(), "running already") {
		t.Errorf("second agent: %v, want to be told of the first", err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	leaveStaleSocket(t, dir)
	l, err = listenControl(dir)
	if err != nil {
		t.Fatalf("after a crash: %v", err)
	}
	l.Close()
}

// leaveStaleSocket makes a socket file that nobody listens on, as a crash does.
func leaveStaleSocket(t *testing.T, dir string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, socketName), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}
