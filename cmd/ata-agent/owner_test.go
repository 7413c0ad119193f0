package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/config"
)

// owner runs a verb on the device's state folder.
func (d *device) owner(args ...string) (code int, out, msg string) {
	d.t.Helper()
	return command(d.t, map[string]string{"ATA_AGENT_STATE": d.state}, args...)
}

// TestOwnerSettings sets keys as the owner does: they hold at once, over the file,
// after a restart too, until they are unset; and the audit log says who did it.
func TestOwnerSettings(t *testing.T) {
	d := newDevice(t)
	d.start()
	code, out, msg := d.owner("config", "set", "-by", "Ann", "lines.0.name", "Hall")
	if code != exitOK || !strings.Contains(out, "/lines/0/name") || !strings.Contains(out, `"Hall"`) || !strings.Contains(out, "live") {
		t.Fatalf("%d %s%s", code, out, msg)
	}
	d.eventually("it holds", func(s serviceStatus) bool { return s.Lines[0].Name == "Hall" })
	if code, out, msg := d.owner("config", "set", "provision.auth.password", "hunter2-of-the-owner"); code != exitOK || strings.Contains(out+msg, "hunter2") {
		t.Errorf("a password: %d %s%s", code, out, msg)
	}
	if err := d.end(); err != nil {
		t.Fatal(err)
	}
	d.start()
	d.eventually("it still holds", func(s serviceStatus) bool { return s.Lines[0].Name == "Hall" })
	if code, out, msg := d.owner("config", "set", "-json", "lines.0.slic.rx_gain_db", "-2.5"); code != exitOK || !strings.Contains(out, `"-2.5"`) {
		t.Errorf("a number: %d %s%s", code, out, msg)
	}
	var a configAnswer
	if err := d.client.get(t.Context(), "/v1/config", &a); err != nil || a.Origins["/lines/0/slic/rx_gain_db"].Layer != config.Owner {
		t.Errorf("origin %+v, %v", a.Origins["/lines/0/slic/rx_gain_db"], err)
	}
	if code, out, msg := d.owner("config", "unset", "/lines/0/name"); code != exitOK || strings.Contains(out, `→ "Hall"`) {
		t.Errorf("unset: %d %s%s", code, out, msg)
	}
	d.eventually("the file's name is back", func(s serviceStatus) bool { return s.Lines[0].Name != "Hall" })

	code, out, msg = d.owner("audit")
	for _, want := range []string{"Ann: config set /lines/0/name\n", resetActor + ": config set /provision/auth/password\n", ": config unset /lines/0/name\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the audit log lacks %q: %d %s%s", want, code, out, msg)
		}
	}
	if _, last, _ := d.owner("audit", "-json", "-n", "1"); strings.Count(last, "\n") != 1 || !strings.Contains(last, `"action":"config unset"`) {
		t.Errorf("audit -json -n 1: %s", last)
	}
	if said := d.log.String() + out; strings.Contains(said, "hunter2-of") {
		t.Error("the password is printed")
	}
	data, err := os.ReadFile(filepath.Join(d.state, "audit.log"))
	if err != nil || strings.Contains(string(data), "hunter2") || strings.Contains(string(data), "Hall") {
		t.Errorf("the audit log says what was set: %s, %v", data, err)
	}
}

// TestOwnerRefused sets what the owner may not, and what cannot be: every refusal
// names the key, and nothing changes.
func TestOwnerRefused(t *testing.T) {
	d := newDevice(t)
	d.start()
	for _, tt := range []struct {
		key, value, want string
	}{
		{"lines.0.sip.user", "7", "owner's settings:1:26: /lines/0/sip/user"},
		{"provision.trust.config_keys", "[]", "/provision/trust/config_keys"},
		{"deprovision", "true", "/deprovision"},
		{"lines.0.nam", "x", `did you mean "name"?`},
		{"lines.0.slic.rx_gain_db", "99", "/lines/0/slic/rx_gain_db: 99 is out of range"},
		{"lines.0.slic.rx_gain_db", "loud", "/lines/0/slic/rx_gain_db: not JSON"},
		{"lines.7.name", "x", "/lines/7"},
		{"lines.0.callerid.scheme", "morse", `"morse" is not allowed`},
		{"lines.0.name", "a\u0007b", "must not contain control characters"},
	} {
		code, out, msg := d.owner("config", "set", tt.key, tt.value)
		if code != exitFailed || out != "" || !strings.Contains(msg, tt.want) {
			t.Errorf("%s = %q: %d %s%s, want %q", tt.key, tt.value, code, out, msg, tt.want)
		}
	}
	if code, _, msg := d.owner("config", "unset", "lines.0.name"); code != exitFailed || !strings.Contains(msg, "/lines/0/name") {
		t.Errorf("unset of what is not set: %d %s", code, msg)
	}
	for _, args := range [][]string{{"config", "set"}, {"config", "set", "lines.0.name"}, {"config", "unset"}, {"config", "set", "-by", "", "lines.0.name", "x"}, {"audit", "x"}, {"audit", "-n", "-1"}} {
		if code, _, _ := d.owner(args...); code != exitUsage {
			t.Errorf("%v: exit %d, want %d", args, code, exitUsage)
		}
	}
	if _, out, _ := d.owner("audit"); strings.Count(out, ": refused") != 10 {
		t.Errorf("audit log: %s", out)
	}
	var a configAnswer
	if err := d.client.get(t.Context(), "/v1/config", &a); err != nil {
		t.Fatal(err)
	}
	for path, o := range a.Origins {
		if o.Layer == config.Owner {
			t.Errorf("%s is the owner's", path)
		}
	}
}

// TestOwnerAlone asks without a running agent.
func TestOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	vars := map[string]string{"ATA_AGENT_STATE": dir}
	if code, _, msg := command(t, vars, "config", "set", "lines.0.name", "x"); code != exitFailed || !strings.Contains(msg, "no running agent") {
		t.Errorf("set: %d %s", code, msg)
	}
	if code, out, msg := command(t, vars, "audit"); code != exitOK || out != "" {
		t.Errorf("an empty audit log: %d %s%s", code, out, msg)
	}
	vars["ATA_AGENT_STATE"] = filepath.Join(dir, "missing")
	if code, _, _ := command(t, vars, "audit"); code != exitFailed {
		t.Errorf("no state folder: exit %d", code)
	}
}
