package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
)

// provider is a provisioning server.
type provider struct {
	*httptest.Server
	mu      sync.Mutex
	text    string
	paths   []string
	reports []provision.Report
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{text: "{}"}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodPost {
		var report provision.Report
		if json.NewDecoder(r.Body).Decode(&report) == nil {
			p.reports = append(p.reports, report)
		}
		return
	}
	p.paths = append(p.paths, r.URL.Path)
	fmt.Fprint(w, p.text)
}

func (p *provider) set(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = fmt.Sprintf(format, args...)
}

// reported is the last report.
func (p *provider) reported() (r provision.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.reports) > 0 {
		r = p.reports[len(p.reports)-1]
	}
	return r
}

// settings are the section of a configuration that names the server.
func (p *provider) settings() map[string]any {
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw})
	return map[string]any{
		"url": p.URL + "/ata/{mac}.json", "report": p.URL + "/report", "confirm_s": 30,
		"trust": map[string]any{"ca_pem": string(ca)},
	}
}

// provisionedDevice is a device whose file names a server.
func provisionedDevice(t *testing.T, p *provider) *device {
	t.Helper()
	d := newDevice(t)
	var doc map[string]any
	if err := json.Unmarshal(d.document(nil), &doc); err != nil {
		t.Fatal(err)
	}
	doc["provision"] = p.settings()
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *device) resync() {
	d.t.Helper()
	if code, out, msg := command(d.t, nil, "resync", "-state", d.state); code != exitOK {
		d.t.Fatalf("resync: %s%s", out, msg)
	}
}

// TestProvisioned takes documents from a server: one that is good, also while the
// telephone is in use, one that is not, and remembers without the server.
func TestProvisioned(t *testing.T) {
	p := newProvider(t)
	d := provisionedDevice(t, p)
	const doc = `{"generation": %d, "lines": [{"name": %q%s}]}`
	p.set(doc, 3, "from the server", "")
	d.start()
	d.eventually("the server's name holds", func(s serviceStatus) bool {
		return s.Lines[0].Name == "from the server" && s.Provisioning.State == provision.Waiting && s.Provisioning.Generation == 3
	})
	p.mu.Lock()
	if len(p.paths) == 0 || !strings.HasPrefix(p.paths[0], "/ata/") || strings.Contains(p.paths[0], "{") {
		t.Errorf("asked for %q", p.paths)
	}
	p.mu.Unlock()
	if r := p.reported(); r.Result != "applied" || r.Generation != 3 {
		t.Errorf("reported %+v", r)
	}

	d.phone("offhook wait tone:dial")
	p.set(doc, 4, "while in use", "")
	d.resync()
	d.eventually("what is live holds at once", func(s serviceStatus) bool { return s.Lines[0].Name == "while in use" && s.Lines[0].OffHook })
	d.eventually("it is confirmed", func(s serviceStatus) bool { return s.Provisioning.Generation == 4 })
	d.phone("onhook")

	p.set(doc, 5, "not valid", `, "title": ""`)
	d.resync()
	s := d.eventually("it is refused", func(s serviceStatus) bool { return s.Provisioning.Reason == provision.NotValid })
	if s.Lines[0].Name != "while in use" || !strings.Contains(s.Provisioning.Detail, ":1:") {
		t.Errorf("name %q, detail %q", s.Lines[0].Name, s.Provisioning.Detail)
	}
	var a configAnswer
	if err := d.client.get(t.Context(), "/v1/config", &a); err != nil || a.Origins["/lines/0/name"].Layer != config.Device {
		t.Errorf("origin %+v, %v", a.Origins["/lines/0/name"], err)
	}
	if code, out, _ := command(t, nil, "status", "-state", d.state); code != exitOK || !strings.Contains(out, string(provision.NotValid)) {
		t.Errorf("status says %s", out)
	}
	if err := d.end(); err != nil {
		t.Fatal(err)
	}
	p.Close()
	d.start()
	d.eventually("the server's word holds without it", func(s serviceStatus) bool { return s.Lines[0].Name == "while in use" })
	d.resync()
	d.eventually("it is missed", func(s serviceStatus) bool { return s.Provisioning.Reason == fetch.Unreachable })
}

// TestRolledBack pushes a configuration under which the line never registers, in
// a class that starts the agent anew.
func TestRolledBack(t *testing.T) {
	if os.Getenv("ATA_FULL") == "" {
		t.Skip("a trial takes half a minute; ATA_FULL=1 runs it")
	}
	p := newProvider(t)
	d := provisionedDevice(t, p)
	d.start()
	d.eventually("the server answered", func(s serviceStatus) bool {
		return !s.Provisioning.Looked.IsZero() && s.Provisioning.State == provision.Waiting
	})
	p.set(`{"generation": 2, "provision": {"url": "https://127.0.0.1:1/lost.json"}, "lines": [{"name": "lost", "sip": {"local_port": %d}}]}`, freePort(t))
	d.resync()
	d.eventually("it is tried", func(s serviceStatus) bool { return s.Lines[0].Name == "lost" })
	time.Sleep(25 * time.Second) // provision.confirm_s, in real time
	s := d.eventually("it is rolled back", func(s serviceStatus) bool {
		return s.Lines[0].Name == "" && s.Lines[0].PortUp && s.Provisioning.Reason == provision.NotProven
	})
	if s.Provisioning.Generation != 0 {
		t.Errorf("generation %d", s.Provisioning.Generation)
	}
	if r := p.reported(); r.Result != "rolled-back" || r.Reason != provision.NotProven {
		t.Errorf("reported %+v", r)
	}
	d.phone("offhook wait tone:dial onhook")
}
