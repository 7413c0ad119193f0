package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/state"
)

const (
	serverURL = "https://prov.test/ata/{mac}.json"
	mac       = "00005e005301"
)

// doc is a configuration of one line as a server gives it.
func doc(generation int, registrar, password string, more string) string {
	return fmt.Sprintf(`{"generation": %d, "provision": {"url": %q, "report": "https://prov.test/report"},
		"lines": [{"sip": {"registrar": %q, "user": "100", "password": %q}%s}]}`, generation, serverURL, registrar, password, more)
}

// world is a device, its server and its registrar, in virtual time.
//
// The test owns it but while it sleeps; then it is the manager's.
type world struct {
	t        *testing.T
	mu       sync.Mutex
	m        *Manager
	document *state.Document
	stop     func()

	// the server
	answer  func(url string) (*fetch.Document, error)
	asked   []time.Time
	named   []fetch.Request // by files
	reports []Report
	deaf    bool // it answers to no settings but the first

	// the device
	layers     []config.Layer
	effective  *config.Effective
	config     *config.Config
	applied    []time.Time
	registrars map[string]int // status of REGISTER by host; 0: no answer
	since      time.Time
	calls      int
	emergency  time.Time
	wiped      string
	restarts   int
	down       bool // nothing reaches anything
	weak       bool // it goes back to what it had: it cannot begin anew
}

func (w *world) Get(_ context.Context, url string, have fetch.Validator) (*fetch.Document, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, time.Now())
	if w.down || w.deaf && len(w.applied) > 0 {
		return nil, &fetch.Refusal{Reason: fetch.Unreachable}
	}
	d, err := w.answer(url)
	if err == nil {
		d.Validator.ETag = string(d.Data)
		d.Unchanged = d.Validator == have
	}
	return d, err
}

func (w *world) Fetch(ctx context.Context, r fetch.Request) (*fetch.Document, error) {
	w.mu.Lock()
	w.named = append(w.named, r)
	w.mu.Unlock()
	return w.Get(ctx, r.URL, r.Have)
}

func (w *world) Report(_ context.Context, _ string, body []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var r Report
	if err := json.Unmarshal(body, &r); err != nil {
		w.t.Error(err)
	}
	w.reports = append(w.reports, r)
	return nil
}

func (w *world) Close() {}

func (w *world) Current() ([]config.Layer, *config.Effective) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.layers, w.effective
}

func (w *world) Try(m state.Meta, l config.Layer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	e, err := config.Merge("", l)
	if err != nil {
		return err
	}
	if len(e.Config.Lines) > 1 {
		return errors.New("one port")
	}
	if _, err := w.document.SaveTrial(m, l.Data); err != nil {
		return err
	}
	w.applied = append(w.applied, time.Now())
	if !w.weak {
		w.use(l, e)
	}
	return nil
}

func (w *world) use(l config.Layer, e *config.Effective) {
	if config.DiffLine(&w.config.Lines[0], &e.Config.Lines[0]).Class() >= config.OfLine {
		if w.calls > 0 {
			w.t.Error("a line was changed during a call")
		}
		w.since = time.Now().Add(300 * time.Millisecond)
	}
	w.layers, w.effective, w.config = []config.Layer{l}, e, e.Config
}

func (w *world) Confirm() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.document.Confirm()
}

func (w *world) RollBack(reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.document.RollBack(reason); err != nil {
		return err
	}
	_, data, err := w.document.LastGood()
	if err != nil {
		return err
	}
	l := config.Layer{Name: config.Device, Source: "last good", Data: data}
	e, err := config.Merge("", l)
	w.use(l, e)
	return err
}

func (w *world) Known(l config.Layer) (state.Version, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.document.Same(l.Data)
}

func (w *world) Wipe(reason string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wiped = reason
	return nil
}

func (w *world) Restart() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.restarts++
	return nil
}

func (w *world) Health() Health {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := LineHealth{Enabled: true, Up: true, Registers: true}
	l.Code = w.registrars[w.config.Lines[0].SIP.Registrar]
	if w.down {
		l.Code = 0
	}
	l.Registered = l.Code == 200 && !time.Now().Before(w.since)
	l.Since = w.since
	return Health{Lines: []LineHealth{l}, Sound: true, Calls: w.calls, Emergency: w.emergency}
}

// sleep lets the manager work for d.
func (w *world) sleep(d time.Duration) {
	w.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
	w.mu.Lock()
}

// inWorld runs a manager whose device works with generation 5 of registrar good.
func inWorld(t *testing.T, change func(*Opts), test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, registrars: map[string]int{"good.test": 200, "also.test": 200, "wrong.test": 403}}
		dir, err := state.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		vault, err := dir.Vault(state.Software())
		if err != nil {
			t.Fatal(err)
		}
		if w.document, err = vault.Document("device"); err != nil {
			t.Fatal(err)
		}
		first := []byte(doc(5, "good.test", "a", ""))
		if _, err := w.document.Save(state.Meta{Generation: 5}, first); err != nil {
			t.Fatal(err)
		}
		w.layers = []config.Layer{{Name: config.Device, Source: "first", Data: first}}
		if w.effective, err = config.Merge("", w.layers...); err != nil {
			t.Fatal(err)
		}
		w.config, w.since = w.effective.Config, time.Now()
		w.serve(string(first))
		opts := Opts{
			Identity: Identity{MAC: mac, Serial: "SN1"},
			Dial:     func(*config.Provision) (Client, error) { return w, nil },
			Expand:   func(_ *config.Provision, url string) string { return strings.ReplaceAll(url, "{mac}", mac) },
		}
		if change != nil {
			change(&opts)
		}
		w.m = New(w, opts)
		w.mu.Lock()
		defer w.mu.Unlock()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.m.Run(ctx) }()
		w.stop = func() {
			cancel()
			w.mu.Unlock()
			defer w.mu.Lock()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			cancel, ended = func() {}, nil
		}
		w.sleep(11 * time.Minute) // the look after the start
		w.asked = nil
		test(w)
		if ended != nil {
			w.stop()
		}
	})
}

// serve makes the server give a document from now on.
func (w *world) serve(text string) {
	w.answer = func(url string) (*fetch.Document, error) {
		if url != "https://prov.test/ata/"+mac+".json" {
			w.t.Errorf("asked for %s", url)
		}
		return &fetch.Document{URL: url, Data: []byte(text)}, nil
	}
}

// push has the device look and lets it take d.
func (w *world) push(text string, d time.Duration) {
	w.serve(text)
	w.m.Resync(Asked)
	w.sleep(d)
}

// holds expects a generation in force and as the last good one.
func (w *world) holds(generation int) {
	w.t.Helper()
	_, data, err := w.document.LastGood()
	if err != nil || !strings.Contains(string(data), fmt.Sprintf(`"generation": %d,`, generation)) {
		w.t.Errorf("last good %s, %v, want generation %d", data, err, generation)
	}
	if w.config.Generation != generation {
		w.t.Errorf("generation %d in force, want %d", w.config.Generation, generation)
	}
}

// reported expects the last report.
func (w *world) reported(result string, reason fetch.Reason) {
	w.t.Helper()
	if len(w.reports) == 0 {
		w.t.Fatal("nothing was reported")
	}
	if r := w.reports[len(w.reports)-1]; r.Result != result || r.Reason != reason || r.Device != mac {
		w.t.Errorf("report %+v, want %s %s", r, result, reason)
	}
}

func TestGoodChange(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.push(doc(6, "also.test", "b", ""), 3*time.Second)
		w.holds(6)
		w.reported("applied", "")
		if s := w.m.Status(); s.State != Waiting || s.Generation != 6 || s.Reason != "" {
			t.Errorf("status %+v", s)
		}
		w.asked = nil
		w.sleep(2 * time.Hour) // period and jitter
		if n := len(w.asked); n < 1 || n > 2 {
			t.Errorf("%d looks in two hours", n)
		}
	})
}

// A registrar that never answers costs the owner three minutes.
func TestDeadRegistrar(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		bad := doc(6, "dead.test", "a", "")
		w.push(bad, 179*time.Second)
		if w.m.Status().State != Trial {
			t.Errorf("state %s during the trial", w.m.Status().State)
		}
		w.sleep(5 * time.Second)
		w.holds(5)
		w.sleep(5 * time.Second)
		w.reported("rolled-back", NotProven)

		w.push(bad, time.Minute)
		w.holds(5)
		w.reported("refused", FailedBefore)
		w.sleep(time.Hour)
		w.push(bad, time.Minute)
		if w.config.Generation != 6 {
			t.Error("it was not tried again after an hour")
		}
		w.sleep(10 * time.Minute)
		w.holds(5)
		w.push(doc(7, "also.test", "a", ""), time.Minute)
		w.holds(7)
	})
}

// A device that cannot begin anew with a document goes on with what it had. Its
// lines work, and yet nothing was applied.
func TestDeviceGoesBack(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.weak = true
		heavy := doc(6, "good.test", "a", `, "name": "x"`)
		w.push(heavy, 5*time.Second)
		w.holds(5)
		w.reported("rolled-back", NotProven)
		if s := w.m.Status(); s.Generation == 6 {
			t.Errorf("status %+v", s)
		}
		w.push(heavy, time.Minute)
		w.reported("refused", FailedBefore)
		if len(w.applied) != 1 {
			t.Errorf("it was tried %d times", len(w.applied))
		}
	})
}

// The account has changed at the server: the old password is as dead as the new
// one, so going back would help nobody.
func TestRefusedAccount(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.push(doc(6, "wrong.test", "b", ""), time.Minute)
		w.holds(6)
		if s := w.m.Status(); s.Alarm == "" {
			t.Error("nobody was told")
		}
	})
}

// When nothing works at all, the new document is not to blame.
func TestNetworkDown(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		next := doc(6, "also.test", "a", "")
		w.serve(next)
		w.answer = func(answer func(string) (*fetch.Document, error)) func(string) (*fetch.Document, error) {
			return func(url string) (*fetch.Document, error) { d, err := answer(url); w.down = true; return d, err }
		}(w.answer)
		w.m.Resync(Asked)
		w.sleep(10 * time.Minute)
		w.holds(5)
		w.down = false
		w.push(next, time.Minute)
		w.holds(6)
	})
}

// The provisioning server must answer to the new settings.
func TestLostServer(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.deaf = true
		w.push(doc(6, "good.test", "a", ""), 4*time.Minute)
		w.holds(5)
		w.reported("rolled-back", NotProven)
	})
}

func TestDuringACall(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.calls = 1
		w.push(doc(6, "good.test", "a", `, "dial": {"plan": "(x.)"}`), 3*time.Second)
		w.holds(6) // live: at once
		w.push(doc(7, "also.test", "a", ""), time.Hour)
		if s := w.m.Status(); s.State != Staged {
			t.Errorf("state %s while a call is up", s.State)
		}
		w.calls = 0
		w.sleep(4 * time.Second)
		w.holds(7)
	})
}

func TestAfterAnEmergencyCall(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.emergency = time.Now()
		start := time.Now()
		w.push(doc(6, "good.test", "a", `, "dial": {"plan": "(x.)"}`), 5*time.Minute)
		w.holds(6)
		if took := w.applied[0].Sub(start); took < afterEmergency || took > afterEmergency+2*time.Second {
			t.Errorf("applied %v after an emergency call, want %v", took, afterEmergency)
		}
	})
}

// What overtakes a document that waits is what comes into force.
func TestOvertaken(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.calls = 1
		w.push(doc(6, "also.test", "a", ""), time.Minute)
		w.push(doc(7, "good.test", "b", ""), time.Minute)
		w.calls = 0
		w.sleep(time.Minute)
		w.holds(7)
		if len(w.applied) != 1 {
			t.Errorf("%d configurations were applied, want the last alone", len(w.applied))
		}
	})
}

func TestRefusals(t *testing.T) {
	safe := func(text string) func(string) (*fetch.Document, error) {
		return func(url string) (*fetch.Document, error) { return &fetch.Document{URL: url, Data: []byte(text)}, nil }
	}
	plain := func(text string) func(string) (*fetch.Document, error) {
		return func(string) (*fetch.Document, error) {
			return &fetch.Document{URL: "http://prov.test/x", Data: []byte(text)}, nil
		}
	}
	for name, tt := range map[string]struct {
		answer func(string) (*fetch.Document, error)
		want   fetch.Reason
	}{
		"older":      {plain(doc(4, "also.test", "a", "")), Older},
		"another's":  {plain(strings.Replace(doc(6, "also.test", "a", ""), "{", `{"device": "00005e005302",`, 1)), OtherDevice},
		"two lines":  {safe(strings.Replace(doc(6, "also.test", "a", ""), `"lines": [`, `"lines": [{"enabled": false},`, 1)), NotApplied},
		"not valid":  {plain(doc(6, "also.test", "a", `, "sipp": {}`)), NotValid},
		"cut":        {plain(doc(6, "also.test", "a", "")[:70]), NotValid},
		"nothing":    {plain(""), Unreadable},
		"a web page": {plain("<html>"), Unreadable},
		"binary":     {plain("\x00\x01"), Unreadable},
		"a password": {plain(doc(6, "also.test", "another", "")), PlainSecrets},
		"a bad signature": {func(string) (*fetch.Document, error) {
			return &fetch.Document{Signature: []byte("x"), Data: []byte("{}")}, nil
		}, NotSigned},
		"too large": {func(string) (*fetch.Document, error) { return nil, &fetch.Refusal{Reason: fetch.TooLarge} }, fetch.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				w.answer = tt.answer
				w.m.Resync(Asked)
				w.sleep(time.Minute)
				synctest.Wait()
				w.holds(5)
				w.reported("refused", tt.want)
				if s := w.m.Status(); s.Reason != tt.want || s.Detail == "" {
					t.Errorf("status %+v", s)
				}
			})
		})
	}
}

// A document for this device may name it in several ways.
func TestOwnNames(t *testing.T) {
	for _, name := range []string{mac, "00:00:5E:00:53:01", "00-00-5e-00-53-01", "SN1", ""} {
		if !(Identity{MAC: mac, Serial: "SN1"}).is(name) {
			t.Errorf("%q is not this device", name)
		}
	}
	for _, name := range []string{"00005e005302", "SN", "sn2", "-"} {
		if (Identity{MAC: mac, Serial: "SN1"}).is(name) || (Identity{}).is(name) {
			t.Errorf("%q is this device", name)
		}
	}
}

func TestManyNotifiesAreOneLook(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.sleep(2 * time.Minute)
		w.asked = nil
		for range 100 {
			w.m.Resync(Notified)
			w.sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		if n := len(w.asked); n != 1 {
			t.Errorf("%d looks for a hundred NOTIFYs, want 1", n)
		}
		w.sleep(2 * time.Minute)
		if n := len(w.asked); n != 2 {
			t.Errorf("%d looks in all, want one more, for what the first may have missed", n)
		}
	})
}

// The connection to a push server follows the configuration.
func TestPush(t *testing.T) {
	var servers []string
	var nudge func()
	listen := func(o *Opts) {
		o.Listen = func(ctx context.Context, p *config.Provision, f func()) error {
			servers, nudge = append(servers, p.Push.URL), f
			<-ctx.Done()
			servers = append(servers, "end")
			return nil
		}
	}
	inWorld(t, listen, func(w *world) {
		push := func(generation int, url string) string {
			return strings.Replace(doc(generation, "good.test", "a", ""), `"report"`, fmt.Sprintf(`"push": {"url": %q}, "report"`, url), 1)
		}
		w.push(push(6, "wss://one.test"), time.Minute)
		w.push(push(7, "wss://one.test"), time.Minute)
		w.asked = nil
		nudge()
		w.sleep(2 * time.Minute)
		if len(w.asked) == 0 {
			t.Error("a nudge did nothing")
		}
		w.push(push(8, "wss://two.test"), time.Minute)
		w.push(push(9, ""), time.Minute)
		if want := []string{"wss://one.test", "end", "wss://two.test", "end"}; !slices.Equal(servers, want) {
			t.Errorf("connections %q, want %q", servers, want)
		}
	})
}

// A restart comes after the look, whatever that gave.
func TestRestart(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.serve("")
		w.sleep(2 * time.Minute)
		w.asked = nil
		w.m.Restart(Notified)
		w.sleep(time.Second)
		if len(w.asked) != 1 || w.restarts != 1 {
			t.Errorf("%d looks, %d restarts, want one each", len(w.asked), w.restarts)
		}
	})
}

// A device that was wiped takes the document again that it had.
func TestWiped(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		layers, effective, cfg := w.layers, w.effective, w.config
		w.push(doc(6, "also.test", "b", ""), time.Minute)
		w.holds(6)
		w.layers, w.effective, w.config = layers, effective, cfg
		w.m.Wiped()
		w.sleep(10 * time.Second)
		w.holds(6)
		if len(w.applied) != 2 {
			t.Errorf("applied %d times, want 2", len(w.applied))
		}
	})
}

func TestGone(t *testing.T) {
	for _, mutual := range []bool{true, false} {
		inWorld(t, nil, func(w *world) {
			w.answer = func(string) (*fetch.Document, error) {
				return nil, &fetch.Refusal{Reason: fetch.Gone, Mutual: mutual, Status: 410}
			}
			w.sleep(80 * time.Minute) // the next look comes within 70
			if (w.wiped != "") != mutual {
				t.Errorf("mutual %v: wiped %q", mutual, w.wiped)
			}
			if mutual {
				w.reported("wiped", "")
			}
			if n := len(w.asked); n > 4 {
				t.Errorf("mutual %v: %d looks within 80 minutes", mutual, n)
			}
		})
	}
}

// Power that fails during a trial leaves the last good document in place.
func TestEndDuringATrial(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.push(doc(6, "dead.test", "a", ""), time.Minute)
		w.stop()
		if v, data, err := w.document.LastGood(); err != nil || v.Generation != 5 || len(data) == 0 {
			t.Errorf("last good %+v, %v", v, err)
		}
	})
}

func TestServersInOrder(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		second := strings.Replace(doc(6, "good.test", "a", ""), `"report"`, `"fallback": ["https://second.test/x"], "report"`, 1)
		w.push(second, time.Minute)
		w.holds(6)
		var asked []string
		w.answer = func(url string) (*fetch.Document, error) {
			asked = append(asked, url)
			if strings.Contains(url, "prov.test") {
				return nil, &fetch.Refusal{Reason: fetch.Busy}
			}
			return &fetch.Document{URL: url, Data: []byte(strings.Replace(second, "6", "7", 1))}, nil
		}
		w.m.Resync(Asked)
		w.sleep(time.Minute)
		if !slices.Contains(asked, "https://second.test/x") || w.config.Generation != 7 {
			t.Errorf("asked %q, generation %d", asked, w.config.Generation)
		}
	})
}

// A device whose file has an account is not led elsewhere by the local network; one
// that a server provisioned asks the network again.
func TestWhoMayBeLed(t *testing.T) {
	for name, tt := range map[string]struct {
		layer string
		want  bool
	}{"own account": {config.Factory, false}, "provisioned": {config.Device, true}} {
		found := 0
		discover := func(o *Opts) {
			o.Discover = func(context.Context, *config.Provision) ([]string, error) {
				found++
				return []string{"https://found.test/x"}, nil
			}
		}
		inWorld(t, discover, func(w *world) {
			l := config.Layer{Name: tt.layer, Source: "x", Data: []byte(`{"lines": [{"sip": {"registrar": "good.test", "user": "100", "password": "a"}}]}`)}
			e, err := config.Merge("", l)
			if err != nil {
				t.Fatal(err)
			}
			w.layers, w.effective = []config.Layer{l}, e
			w.answer = func(string) (*fetch.Document, error) { return nil, &fetch.Refusal{Reason: fetch.NotFound} }
			w.m.Resync(Asked)
			w.sleep(time.Second)
			if (found > 0) != tt.want {
				t.Errorf("%s: discovered %d times", name, found)
			}
		})
	}
}

func TestDiscovered(t *testing.T) {
	const found = "https://found.test/{mac}"
	discover := func(o *Opts) {
		o.Discover = func(context.Context, *config.Provision) ([]string, error) { return []string{found}, nil }
	}
	inWorld(t, discover, func(w *world) {
		asked := ""
		w.answer = func(url string) (*fetch.Document, error) {
			asked = url
			return nil, &fetch.Refusal{Reason: fetch.NotFound}
		}
		w.m.Resync(Asked)
		w.sleep(time.Second)
		if strings.Contains(asked, "found.test") {
			t.Error("the network overrode the configured server")
		}
	})
}
