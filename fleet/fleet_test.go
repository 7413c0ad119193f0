package fleet

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/provision/fetch"
	"github.com/ata-agent/ata-agent/sip/siptest"
)

const firstMAC = 0x00005e000000

// world is a fleet with its servers on a network in memory, in virtual time.
type world struct {
	*Fleet
	t         *testing.T
	registrar *siptest.Registrar

	mu       sync.Mutex
	document func(mac string) string // of the provisioning server
	reports  map[string]int          // by result
}

// client is a device's way to the provisioning server.
type client struct {
	*world
	mac string
}

func (c client) Get(_ context.Context, url string, have fetch.Validator) (*fetch.Document, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if url != "https://prov.test/"+c.mac+".json" {
		c.t.Errorf("%s asks for %s", c.mac, url)
	}
	d := &fetch.Document{URL: url, Data: []byte(c.document(c.mac))}
	d.Validator.ETag = string(d.Data)
	d.Unchanged = d.Validator == have
	return d, nil
}

func (c client) Report(_ context.Context, _ string, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, result := range []string{"applied", "refused", "rolled-back"} {
		if strings.Contains(string(body), `"result":"`+result+`"`) {
			c.reports[result]++
		}
	}
	return nil
}

func (c client) Fetch(ctx context.Context, r fetch.Request) (*fetch.Document, error) {
	return c.Get(ctx, r.URL, r.Have)
}

func (client) Close() {}

// factory is what the agents come with.
const factory = `{"provision": {"url": "https://prov.test/{mac}.json", "report": "https://prov.test/report",
	"confirm_s": 30, "resync": {"jitter_s": 60}}, "lines": [{"enabled": false}]}`

// account is a document with one account.
func document(generation int, mac, registrar, password string) string {
	return fmt.Sprintf(`{"generation": %d, "device": %q, "lines": [{"enabled": true, "sip": {"registrar": %q, "user": %q, "password": %q, "start_spread_s": 60}}]}`,
		generation, mac, registrar, mac, password)
}

const registrarAddr = "10.255.0.1:5060"

// inWorld leads a fleet.
func inWorld(t *testing.T, count int, drive func(context.Context, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, reports: map[string]int{}}
		w.serve(1, registrarAddr, "right")
		network, users := siptest.NewNet(), map[string]string{}
		for i := range count {
			users[fmt.Sprintf("%012x", firstMAC+i)] = "right"
		}
		conn, err := network.Listen(netip.MustParseAddrPort(registrarAddr))
		if err != nil {
			t.Fatal(err)
		}
		if w.registrar, err = siptest.NewRegistrar(conn, siptest.Opts{Domain: "10.255.0.1", Users: users}); err != nil {
			t.Fatal(err)
		}
		w.Fleet, err = New(Opts{
			Count: count, First: firstMAC, Config: []byte(factory), Over: time.Minute, Addresses: netip.MustParsePrefix("10.0.0.0/16"),
			Listen: network.ListenPacket,
			Dial: func(id provision.Identity, from netip.Addr, _ *config.Provision) (provision.Client, error) {
				if !from.IsValid() {
					t.Error("no address to send from")
				}
				return client{w, id.MAC}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.registrar.Run(ctx) }()
		if err := w.Run(ctx, func(ctx context.Context) error { drive(ctx, w); return nil }); err != nil {
			t.Error(err)
		}
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// serve makes the server give all agents the same account data from now on.
func (w *world) serve(generation int, registrar, password string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.document = func(mac string) string { return document(generation, mac, registrar, password) }
}

// bound is how many agents the registrar knows.
func (w *world) bound() (n int) {
	for _, m := range w.members {
		if len(w.registrar.Bindings(m.id.MAC)) > 0 {
			n++
		}
	}
	return n
}

// phase ends the test if one was not to be had.
func (w *world) phase(p *Phase, err error) *Phase {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Logf("%s: %.0f s, %d settled, %d registered, %d applied, %d rolled back, %d alarmed, %d refused; requests %d of %.1f/s, at most %d; REGISTER %d of %.1f/s, at most %d; %d KiB each",
		p.Name, p.Took, p.Settled, p.Registered, p.Applied, p.RolledBack, p.Alarmed, p.Refused, p.Provisioning.Total, p.Provisioning.Mean, p.Provisioning.Peak,
		p.Registration.Total, p.Registration.Mean, p.Registration.Peak, p.Memory/1024/int64(p.Agents))
	return p
}

func noHerd(t *testing.T, what string, r Rate, total int) {
	t.Helper()
	if r.Total < total || float64(r.Peak) > 3*r.Mean {
		t.Errorf("%s: %d, at most %d a second, on average %.1f", what, r.Total, r.Peak, r.Mean)
	}
}

// TestNoHerd has a fleet installed and then lose its power at one moment: the
// servers see no more than three times the mean in any second.
func TestNoHerd(t *testing.T) {
	count := 300
	if os.Getenv("ATA_FULL") != "" {
		count = 10_000
	}
	inWorld(t, count, func(ctx context.Context, w *world) {
		w.opts.Over = time.Duration(count) * time.Second / 10
		p := w.phase(w.Install(ctx))
		if p.Settled != count || p.Registered != count || p.Applied != count || !p.Onboard() {
			t.Errorf("installed: %+v", p)
		}
		noHerd(t, "installing, requests", p.Provisioning, 2*count)
		noHerd(t, "installing, registrations", p.Registration, count)

		p = w.phase(w.PowerCut(ctx))
		if p.Registered != count || p.Applied != 0 || !p.Onboard() {
			t.Errorf("after the power cut: %+v", p)
		}
		noHerd(t, "power cut, requests", p.Provisioning, count)
		noHerd(t, "power cut, registrations", p.Registration, count)
	})
}

// TestWrongPush gives half of a fleet a wrong password and the other half a
// registrar that is not there. The former stay with an alarm, the latter return
// to what was good, and all take what repairs them.
func TestWrongPush(t *testing.T) {
	const count = 100
	inWorld(t, count, func(ctx context.Context, w *world) {
		w.phase(w.Install(ctx))
		w.mu.Lock()
		w.document = func(mac string) string {
			if mac[11]%2 == 0 {
				return document(2, mac, registrarAddr, "wrong")
			}
			return document(2, mac, "10.255.0.9", "right")
		}
		w.mu.Unlock()
		p := w.phase(w.Push(ctx))
		if p.Settled != count || p.Alarmed != count/2 || p.RolledBack != count/2 || p.Registered != count/2 || p.Unserved != 0 {
			t.Errorf("after the wrong push: %+v", p)
		}
		if w.reports["rolled-back"] != count/2 || w.reports["applied"] != count+count/2 {
			t.Errorf("reports: %v", w.reports)
		}
		w.serve(3, registrarAddr, "right")
		p = w.phase(w.Push(ctx))
		if p.Registered != count || p.Applied != count || p.Alarmed != 0 {
			t.Errorf("after the repair: %+v", p)
		}
	})
}

// TestPowerCutInTrial takes the power while a wrong configuration is on trial: the
// good one is there again.
func TestPowerCutInTrial(t *testing.T) {
	inWorld(t, 10, func(ctx context.Context, w *world) {
		w.opts.Over = 0
		w.phase(w.Install(ctx))
		w.serve(2, "10.255.0.9", "right")
		for _, m := range w.members {
			m.manager.Load().Resync(provision.Asked)
		}
		time.Sleep(10 * time.Second)
		for _, m := range w.members {
			if s := m.manager.Load().Status().State; s != provision.Trial {
				t.Errorf("%s is %s, not on trial", m.id.MAC, s)
			}
		}
		w.serve(1, registrarAddr, "right")
		if p := w.phase(w.PowerCut(ctx)); p.Registered != 10 || p.RolledBack != 0 || p.Refused != 0 {
			t.Errorf("after the power cut: %+v", p)
		}
	})
}

// TestDark sees that an agent without power is not unregistered, and one that is
// told to end is.
func TestDark(t *testing.T) {
	inWorld(t, 10, func(ctx context.Context, w *world) {
		w.phase(w.Install(ctx))
		for _, m := range w.members {
			m.powerOff()
			m.wait()
		}
		if n := w.bound(); n != 10 {
			t.Errorf("%d of 10 are bound after the power cut", n)
		}
		for _, m := range w.members[:5] {
			m.powerOn(ctx)
		}
		time.Sleep(10 * time.Minute)
		for _, m := range w.members[:5] {
			m.end()
			m.wait()
		}
		if n := w.bound(); n != 5 {
			t.Errorf("%d of 10 are bound after five ended, want 5", n)
		}
	})
}

// TestImpatient sums up also when an agent does not settle.
func TestImpatient(t *testing.T) {
	inWorld(t, 3, func(ctx context.Context, w *world) {
		w.opts.Patience = 10 * time.Minute
		w.serve(1, "10.255.0.9", "right") // nothing was better before
		p := w.phase(w.Install(ctx))
		if p.Applied != 3 || p.Registered != 0 || p.Settled != 0 || p.Unserved != 3 || p.Onboard() {
			t.Errorf("with a registrar that is not there: %+v", p)
		}
		w.document = func(string) string { return "{" }
		if p = w.phase(w.Push(ctx)); p.Refused != 3 || p.Reasons[provision.NotValid] != 3 {
			t.Errorf("with half a document: %+v", p)
		}
	})
}

func TestNew(t *testing.T) {
	for name, o := range map[string]Opts{
		"no agents":         {Config: []byte(factory)},
		"beyond the last":   {Count: 2, First: maxMAC, Config: []byte(factory)},
		"too few addresses": {Count: 4, First: firstMAC, Config: []byte(factory), Addresses: netip.MustParsePrefix("10.0.0.0/30")},
		"fault":             {Count: 1, First: firstMAC, Config: []byte(`{"lines": 1}`)},
	} {
		if _, err := New(o); err == nil || !strings.HasPrefix(err.Error(), "fleet: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMeter(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var m meter
	m.begin(start)
	if r := m.rate(); r.Total != 0 || r.Mean != 0 || r.Peak != 0 {
		t.Errorf("nothing: %+v", r)
	}
	for _, at := range []float64{2, 2.5, 2.9, 3, 5.1} {
		m.mark(start.Add(time.Duration(at * float64(time.Second))))
	}
	r := m.rate()
	if r.Total != 5 || r.Peak != 3 || r.Mean != 1.25 || fmt.Sprint(r.PerSecond) != "[0 0 3 1 0 1]" {
		t.Errorf("%+v", r)
	}
}
