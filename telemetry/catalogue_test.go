package telemetry

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/state"
	"github.com/ata-agent/ata-agent/telemetry/modem"
)

// fullWorld is a device with two lines that has everything there is to tell.
func fullWorld(t testing.TB) *Telemetry {
	t.Helper()
	cfg, err := config.Parse("c.json", []byte(`{"telemetry":{"quality_reports":{"collector":"sip:vq@ata.test"}},"lines":[{"sip":{"user":"1","registrar":"ata.test"}},{"sip":{"user":"2","registrar":"ata.test"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Provision.Auth.Certificate = filepath.Join(t.TempDir(), "device.pem")
	if err := os.WriteFile(cfg.Provision.Auth.Certificate, selfSigned(t, time.Now().Add(24*time.Hour)), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &fakeAgent{}
	lines, ports := eightLines()
	for i := range lines[:2] {
		l := &lines[i]
		l.Audio.Echo = agent.EchoStatus{Loss: 12, Enhancement: 20, Known: true}
		l.Hook = agent.HookStatus{Flash: .3, PulseBreak: .06, PulsePeriod: .1}
		l.LineTest = &slic.TestReport{Results: []slic.TestResult{
			{Test: slic.ForeignEMF, Verdict: slic.Limited},
			{Test: slic.ResistiveFaults, Verdict: slic.Failed},
			{Test: slic.RingerEquivalence, Verdict: slic.Passed, Figures: map[string]float64{"ren": 1.1}},
		}}
		l.Calls[0].Answered = time.Unix(1, 0)
		l.Registers, l.SIP.Register.Answers = true, [7]uint64{2: 1}
		c := call(uint32(10+i), true)
		c.Emergency = i == 1
		c.Line, c.Codec = i+1, []string{"PCMU", "PCMA"}[i]
		a.past = append(a.past, c)
	}
	a.lines = lines[:2]
	done := &Operations{}
	happen(done)
	tel, err := New(cfg, Opts{
		Home: state.Dir(t.TempDir()), Root: pi(), Version: "1.2", Board: "test", Status: a.status, Calls: a.calls, Forget: a.forget,
		Publish: func(context.Context, int, sip.Publication) (sip.Published, error) { return sip.Published{}, nil },
		Lines:   ports[:2], Operations: done, ClockSet: func() bool { return true },
		Addresses: func() ([]Address, error) {
			return []Address{{"eth0", netip.MustParsePrefix("192.0.2.7/24"), false, time.Hour}}, nil
		},
		Stations: func() ([]Station, error) { return []Station{{"wlan0", -60, 65e6, 65e6, 1, 5180}}, nil },
		Modem: func(context.Context) (modem.Modem, bool, error) {
			return modem.Modem{
				State: "connected", Technologies: []modem.Technology{modem.LTE}, Operator: "Example Mobile",
				Signals: []modem.Signal{{Technology: modem.LTE, Kind: modem.RSRP, Value: -92}, {Technology: modem.LTE, Kind: modem.RSRQ, Value: -11}, {Technology: modem.LTE, Kind: modem.RSSI, Value: -61}, {Technology: modem.LTE, Kind: modem.SINR, Value: 7}},
			}, true, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	level := privacy.Tracing
	if err := tel.Choose(Choice{Level: &level}); err != nil {
		t.Fatal(err)
	}
	tel.mobile.look(t.Context())
	return tel
}

// happen has one of each thing happen.
func happen(o *Operations) {
	o.Requested("https", "2xx", 200*time.Millisecond)
	o.Asked(10 * time.Millisecond)
	o.Applied(Taken)
	o.InForce("server", 7)
	o.Audited(state.Entry{Action: "configuration refused", Result: "not-signed"})
}

// TestEveryMetricIsCollected: what is declared is told of a device that has it.
func TestEveryMetricIsCollected(t *testing.T) {
	s := &Samples{}
	for _, c := range fullWorld(t).registry.collectors {
		if err := c.Collect(s); err != nil {
			t.Errorf("%s: %v", c.Name(), err)
		}
	}
	told := map[privacy.Field]bool{
		collectorErrors: true, seriesDropped: true, // by the registry itself
		clockOffset: !ClockSet(), // by the kernel of this computer, where its clock is set
	}
	for _, i := range s.items {
		told[i.Field] = true
	}
	for _, f := range catalogue.Fields() {
		if strings.HasPrefix(f.Name, "ata_") && !told[f] && f.Level != privacy.Necessary {
			t.Errorf("%s is declared and never told", f.Name)
		}
	}
}

// TestTwoLinesFit: of a board with two lines and no radio nothing is left out, and
// with radios it is never more than fits.
func TestTwoLinesFit(t *testing.T) {
	w := fullWorld(t)
	items := w.registry.Gather()
	if n := seriesOf(items); n > seriesLimit {
		t.Errorf("%d series of a board that has everything", n)
	}
	before := value(t, items, seriesDropped)
	w.mobile.note(modem.Modem{}, false, nil)
	w.registry.collectors = slices.DeleteFunc(w.registry.collectors, func(c Collector) bool { return c.Name() == "wireless" })
	items = w.registry.Gather()
	n := seriesOf(items)
	t.Logf("%d series of two lines", n)
	if left := value(t, items, seriesDropped) - before; n > seriesLimit || left > 0 {
		t.Errorf("%d series of two lines, %v left out", n, left)
	}
}

// seriesOf is how many series Prometheus makes of items.
func seriesOf(items []privacy.Item) (n int) {
	for _, i := range items {
		n += series(i)
	}
	return n
}

var notMeasured = regexp.MustCompile("(?m)^\\| `(ata_[a-z0-9_]+)` \\| .{20,} \\|$")

// TestMetricsThatAreAskedFor: each is declared, with its type, or the page says why
// it is not.
func TestMetricsThatAreAskedFor(t *testing.T) {
	list, err := os.ReadFile("testdata/metrics.tsv")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Not measured")
	section, _, _ = strings.Cut(section, "\n## ")
	excused := map[string]bool{}
	for _, m := range notMeasured.FindAllStringSubmatch(section, -1) {
		excused[m[1]] = true
	}
	kinds := map[string][]privacy.Kind{"gauge": {privacy.Gauge, privacy.Info}, "counter": {privacy.Counter}, "histogram": {privacy.Distribution}}
	n := 0
	for line := range strings.Lines(string(list)) {
		name, kind, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue
		}
		n++
		f, declared := catalogue.Lookup(name)
		switch {
		case !declared && !excused[name]:
			t.Errorf("%s is neither collected nor under \"Not measured\" of %s", name, docsFile)
		case declared && !slices.Contains(kinds[kind], f.Kind):
			t.Errorf("%s is no %s", name, kind)
		}
	}
	if n < 60 {
		t.Errorf("the list has %d metrics", n)
	}
}

func TestFigures(t *testing.T) {
	st := agent.Status{Clock: agent.ClockStatus{Work: agent.WorkStatus{Counts: [5]uint64{1, 2}, Seconds: .5, Overruns: 3}}, Lines: []agent.LineStatus{
		{Line: 1, Enabled: true, Trouble: slic.Overload, LineTest: &slic.TestReport{Results: []slic.TestResult{
			{Test: slic.HazardousPotential, Verdict: slic.Limited},
			{Test: slic.ForeignEMF, Verdict: slic.Failed},
			{Test: slic.ResistiveFaults, Verdict: slic.Unmeasured},
			{Test: slic.RingerEquivalence, Verdict: slic.Unmeasured},
		}}},
		{Line: 2, Enabled: true, Hook: agent.HookStatus{Flash: .25}, Audio: agent.AudioStatus{Echo: agent.EchoStatus{Loss: 11, Enhancement: 22, Known: true}}, LineTest: &slic.TestReport{Results: []slic.TestResult{
			{Test: slic.ResistiveFaults, Verdict: slic.Passed}, {Test: slic.RingerEquivalence, Verdict: slic.Failed, Figures: map[string]float64{"ren": 8.1}},
		}}},
		{Line: 3},
	}}
	got, err := collect(t, Figures(func() agent.Status { return st }))
	want := "ata_dsp_frame_overruns_total{} 3\nata_dsp_frame_duration_seconds{} 3 values\n" +
		"ata_line_fault{1,overload} 1\nata_line_fault{1,foreign_voltage} 1\n" +
		"ata_line_fault{2,overload} 0\nata_line_fault{2,leakage} 0\nata_line_ren{2} 8.1\nata_line_hook_flash_seconds{2} 0.25\n" +
		"ata_echo_erl_decibels{2} 11\nata_echo_erle_decibels{2} 22"
	if text := strings.Join(got, "\n"); err != nil || text != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, text, want)
	}
}

func TestRefusedStrangersAreTold(t *testing.T) {
	st := agent.Status{Lines: make([]agent.LineStatus, 2)}
	st.Lines[0].SIP.Counters.Strangers, st.Lines[1].SIP.Counters.Strangers, st.Lines[1].SIP.Counters.Forbidden = 3, 4, 1
	s := &Samples{}
	strangers(s, st)
	if got := strings.Join(text(s), " "); got != "ata_security_events_total{notify_rejected} 1 ata_security_events_total{stranger} 7" {
		t.Error(got)
	}
}

var errBus = errors.New("bus")

func TestMeasuringFailsOnOneLineAlone(t *testing.T) {
	st := func() agent.Status {
		return agent.Status{Lines: []agent.LineStatus{{Line: 1, Enabled: true, PortUp: true}, {Line: 2, Enabled: true, PortUp: true}}}
	}
	good := fakeLine{caps: slic.Caps{Measure: true}, m: slic.Measurement{Tip: -5 * physic.Volt}}
	got, err := collect(t, Loops(st, []slic.Line{fakeLine{caps: slic.Caps{Measure: true}, err: errBus}, good}))
	if len(got) != 4 || !errors.Is(err, errBus) {
		t.Errorf("%q, %v", got, err)
	}
}
