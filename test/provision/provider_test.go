//go:build provision

package provision

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/test/peer"
)

// provider is a provisioning server that notes all that it is told.
type provider struct {
	*httptest.Server
	mu     sync.Mutex
	text   string
	files  map[string]string // by path, in place of text
	gets   int
	heard  strings.Builder // requests and bodies, all but Authorization
	last   provision.Report
	passed string // Authorization of the last request
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{text: "{}"}
	p.Server = httptest.NewTLSServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // what came of it is seen
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.passed = r.Header.Get("Authorization"); p.passed == "" && strings.HasPrefix(r.URL.Path, "/login/") {
		w.Header().Set("WWW-Authenticate", `Basic realm="ata"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.Header.Del("Authorization")
	fmt.Fprintf(&p.heard, "%s %s %v\n%s\n", r.Method, r.URL, r.Header, body)
	if r.Method == http.MethodPost {
		_ = json.Unmarshal(body, &p.last) // another report is none
		return
	}
	p.gets++
	if text, ok := p.files[r.URL.Path]; ok {
		fmt.Fprint(w, text)
		return
	}
	fmt.Fprint(w, p.text)
}

// serving has the server give a document from now on.
func (p *provider) serving(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = text
}

// holding has the server give a file at a path from now on.
func (p *provider) holding(path, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.files == nil {
		p.files = map[string]string{}
	}
	p.files[path] = text
}

func (p *provider) looks() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gets
}

func (p *provider) reported() provision.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}

// section is that of a configuration which names the server.
func (p *provider) section() map[string]any {
	return map[string]any{
		"url": p.URL + "/ata.json", "report": p.URL + "/report", "confirm_s": 30, "resync": map[string]any{"jitter_s": 0},
		"trust": map[string]any{"ca_pem": string(pemOf("CERTIFICATE", p.Certificate().Raw))},
	}
}

// account is a line with an account at a registrar of loopback.
func account(port int, user, password string) map[string]any {
	return map[string]any{"sip": map[string]any{
		"registrar": fmt.Sprintf("127.0.0.1:%d", port), "domain": "ata.test", "user": user, "password": password,
	}}
}

// object is a JSON object as text.
func object(t *testing.T, v map[string]any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// device is an agent on a virtual board whose file names a provider.
type device struct {
	*peer.Agent
	*provider
}

func newDevice(t *testing.T, p *provider, lines ...map[string]any) *device {
	t.Helper()
	doc := object(t, map[string]any{"provision": p.section(), "log": map[string]any{"level": "debug"}, "lines": lines})
	return &device{peer.NewAgent(t, program, []byte(doc)), p}
}

// status is what the tests read of it.
type status struct {
	Lines []struct {
		Name, Registration string
		PortUp             bool `json:"port_up"`
	}
	Provisioning provision.Status
}

// until waits for a status.
func (d *device) until(t *testing.T, within time.Duration, what string, ok func(*status) bool) {
	t.Helper()
	peer.Eventually(t, within, what, func() bool {
		var s status
		d.Agent.Status(t, &s)
		return len(s.Lines) > 0 && ok(&s)
	})
}

// push has the device look at a document.
func (d *device) push(t *testing.T, doc map[string]any) {
	t.Helper()
	d.serving(object(t, doc))
	d.command(t, "resync")
}

// command runs the program on the device's state folder and returns what it said.
func (d *device) command(t *testing.T, verb ...string) string {
	t.Helper()
	out, err := d.Command(verb...)
	if err != nil {
		t.Fatalf("%v: %v: %s", verb, err, out)
	}
	return out
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
