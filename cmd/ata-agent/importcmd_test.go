package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ata-agent/ata-agent/config"
)

const flatProfile = `<flat-profile>
<Proxy_1_>pbx.example</Proxy_1_><User_ID_1_>1001</User_ID_1_><Password_1_>hunter2</Password_1_>
<Dial_Tone>350@-19</Dial_Tone>
</flat-profile>
`

func TestConfigImport(t *testing.T) {
	in := filepath.Join(t.TempDir(), "spa112.xml")
	if err := os.WriteFile(in, []byte(flatProfile), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, msg := command(t, nil, "config", "import", in)
	if code != exitOK || !strings.Contains(out, `"password": "***"`) || !strings.Contains(msg, in+":3:1: ignored: Dial_Tone: ") || strings.Contains(msg, "lossless") {
		t.Errorf("code %d\n%s%s", code, out, msg)
	}
	if _, err := config.Parse("printed", []byte(out)); err != nil {
		t.Errorf("what was printed is no configuration: %v", err)
	}

	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, msg = command(t, nil, "config", "import", "-format", "cisco", "-all", "-o", file, in)
	if code != exitOK || out != "" || !strings.Contains(msg, "lossless: User_ID_1_: taken over as /lines/0/sip/user") {
		t.Errorf("code %d\n%s%s", code, out, msg)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse(file, data)
	if err != nil || c.Lines[0].SIP.Password.Reveal() != "hunter2" {
		t.Errorf("written: %v\n%s", err, data)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v, want 0600", info.Mode(), err)
	}
	if code, out, msg := command(t, nil, "config", "check", file); code != exitOK {
		t.Errorf("config check: %s%s", out, msg)
	}
}

func TestConfigImportJSON(t *testing.T) {
	in := filepath.Join(t.TempDir(), "bad.xml")
	if err := os.WriteFile(in, []byte(strings.Replace(flatProfile, "1001", "{$user}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, msg := command(t, nil, "config", "import", "-json", in)
	var plain map[string]any
	if err := json.Unmarshal([]byte(out), &plain); err != nil || code != exitFailed || !strings.Contains(out, `"severity": "invalid"`) {
		t.Errorf("code %d, %v\n%s%s", code, err, out, msg)
	}
}

func TestConfigImportRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	other := write("other.xml", "<gs_provision><mac>000b82000001</mac><config><P35>1</P35></config></gs_provision>")
	for _, tt := range []struct {
		code int
		say  string
		args []string
	}{
		{exitUsage, "which files", nil},
		{exitUsage, "-ports", []string{"-ports", "9", other}},
		{exitFailed, "no such file", []string{filepath.Join(dir, "missing")}},
		{exitFailed, "neither", []string{write("json", "{}")}},
		{exitFailed, "other.xml:1:15: the file is for another device", []string{"-mac", "000b82000002", other}},
		{exitFailed, "no key opens", []string{"-key-file", write("keys", "a\r\n\nb\n"), write("sealed", "Salted__12345678"+strings.Repeat("x", 32))}},
		{exitFailed, "unknown format", []string{"-format", "yealink", other}},
	} {
		code, _, msg := command(t, nil, append([]string{"config", "import"}, tt.args...)...)
		if code != tt.code || !strings.Contains(msg, tt.say) {
			t.Errorf("config import %v: code %d: %s, want %d and %q", tt.args, code, msg, tt.code, tt.say)
		}
	}
}
