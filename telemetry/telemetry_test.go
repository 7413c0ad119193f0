package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/state"
	"github.com/ata-agent/ata-agent/telemetry/modem"
	"github.com/ata-agent/ata-agent/telemetry/receiver"
)

// fakeReceiver keeps what it gets.
type fakeReceiver struct {
	name string

	mu   sync.Mutex
	err  error
	got  []privacy.Cleared
	hang bool // does not answer
}

func (f *fakeReceiver) Name() string                   { return f.name }
func (f *fakeReceiver) Wants(k privacy.BatchKind) bool { return true }
func (f *fakeReceiver) Close() error                   { return nil }

func (f *fakeReceiver) Send(ctx context.Context, c privacy.Cleared) error {
	f.mu.Lock()
	hang, err := f.hang, f.err
	if err == nil && !hang {
		f.got = append(f.got, c)
	}
	f.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

func (f *fakeReceiver) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fakeReceiver) batches(k privacy.BatchKind) (list []privacy.Cleared) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.got {
		if c.Kind() == k {
			list = append(list, c)
		}
	}
	return list
}

// fakeAgent is what telemetry sees of an agent.
type fakeAgent struct {
	mu    sync.Mutex
	past  []agent.PastCall
	lines []agent.LineStatus
}

func (a *fakeAgent) status() agent.Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	return agent.Status{Lines: slices.Clone(a.lines), Clock: agent.ClockStatus{Running: true}}
}

func (a *fakeAgent) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.past = nil
}

func (a *fakeAgent) calls() []agent.PastCall {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.past)
}

func (a *fakeAgent) end(c agent.PastCall) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.past = append(a.past, c)
}

// world is telemetry of a fake agent towards fake receivers.
type world struct {
	*Telemetry
	home      state.Dir
	agent     *fakeAgent
	receivers []*fakeReceiver
	config    *config.Config
}

const minimal = `{"lines": [{"name": "Kitchen", "sip": {"registrar": "r.test", "user": "5550100", "password": "hunter2hunter2"}}],
	"privacy": {"level": 4, "categories": ["hardware_model", "os_version", "firmware", "device_configuration", "network_configuration",
	"identifiers", "ip_address", "performance", "signal_strength", "call_quality", "mobile_network", "phone_number", "location", "crash", "logs", "trace"]}}`

func newWorld(t testing.TB, home state.Dir, names ...string) *world {
	t.Helper()
	cfg, err := config.Parse("test", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{home: home, agent: &fakeAgent{lines: []agent.LineStatus{{Line: 1, Enabled: true, PortUp: true, Registration: "registered", User: "5550100"}}}, config: cfg}
	w.open(t, names...)
	return w
}

func (w *world) open(t testing.TB, names ...string) {
	t.Helper()
	var err error
	w.Telemetry, err = New(w.config, Opts{
		Home: w.home, Root: fakeRoot(), Version: "1.2", Board: "test", Status: w.agent.status, Calls: w.agent.calls,
		Forget: w.agent.forget, ClockSet: func() bool { return true },
		Addresses: func() ([]Address, error) { return nil, nil },
		Modem:     func(context.Context) (modem.Modem, bool, error) { return modem.Modem{}, false, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.receivers = nil
	var targets []target
	for _, n := range names {
		f := &fakeReceiver{name: n}
		w.receivers = append(w.receivers, f)
		targets = append(targets, target{f, privacy.Everything})
	}
	w.Telemetry.receivers = func(*config.Telemetry, string) ([]target, error) { return targets, nil }
}

func (w *world) allow(t testing.TB, level privacy.Level, off ...privacy.Category) {
	t.Helper()
	c := Choice{Level: &level, Categories: map[string]bool{}}
	for _, x := range off {
		c.Categories[x.String()] = false
	}
	if err := w.Choose(c); err != nil {
		t.Fatal(err)
	}
}

// start runs telemetry; the function it returns ends it.
func (w *world) start(t testing.TB) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

func fakeRoot() fstest.MapFS {
	return fstest.MapFS{
		"proc/uptime":                    {Data: []byte("100.50 80.00\n")},
		"proc/sys/kernel/random/boot_id": {Data: []byte("0b0b0b0b-0000-4000-8000-000000000001\n")},
		"proc/self/stat":                 {Data: []byte("42 (ata agent) S 1 1 1 0 -1 0 0 0 0 0 250 50 0 0 20 0 9 0 1 1 300 0\n")},
	}
}

func ids(cs []privacy.Cleared) (list []string) {
	for _, c := range cs {
		list = append(list, c.ID())
	}
	return list
}

// TestReceiverDownForAnHour: nothing twice, in order, with the right times, and
// what does not fit is counted.
func TestReceiverDownForAnHour(t *testing.T) {
	for name, tt := range map[string]struct {
		kib      int
		complete bool
	}{"room for all": {2048, true}, "room for little": {128, false}} {
		t.Run(name, func(t *testing.T) {
			home := state.Dir(t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, home, "otlp", "mqtt")
				w.config.Telemetry.QueueKiB = tt.kib
				if !tt.complete {
					w.config.Telemetry.Interval = config.Seconds(5 * time.Second)
					w.Add(NewCollector("noise", noise()))
				}
				w.Apply(w.config)
				w.allow(t, privacy.Quality)
				stop := w.start(t)
				down := w.receivers[0]
				time.Sleep(10 * time.Minute)
				before := len(down.batches(privacy.Metrics))
				down.set(errors.New("nobody there"))
				for range 60 {
					time.Sleep(time.Minute)
					if s := w.queue.Stats(); s.Bytes > tt.kib<<10 {
						t.Fatalf("%d bytes are kept, allowed: %d KiB", s.Bytes, tt.kib)
					}
				}
				if n := len(down.batches(privacy.Metrics)); n != before {
					t.Fatalf("%d batches came while the receiver was down", n-before)
				}
				down.set(nil)
				time.Sleep(10*time.Minute + 31*time.Second) // not while a batch is made
				stop()
				check(t, w, tt.complete)
			})
		})
	}
}

// noise fills batches with text that does not compress.
func noise() func(*Samples) error {
	return func(s *Samples) error {
		for i := range 40 {
			s.Info(boardInfo, newRun()+newRun()+newRun()+newRun(), newRun()+newRun()+newRun(), string(rune('a'+i)))
		}
		return nil
	}
}

// check compares the receiver that was down with the one that was not.
func check(t *testing.T, w *world, complete bool) {
	t.Helper()
	got, all := w.receivers[0].batches(privacy.Metrics), w.receivers[1].batches(privacy.Metrics)
	times := map[string]time.Time{}
	for _, c := range all {
		times[c.ID()] = c.At()
	}
	for i, c := range got {
		if i > 0 && !c.At().After(got[i-1].At()) {
			t.Errorf("batch %s of %v came after one of %v", c.ID(), c.At(), got[i-1].At())
		}
		if at, ok := times[c.ID()]; !ok || !at.Equal(c.At()) {
			t.Errorf("batch %s has the time %v, at the other receiver %v", c.ID(), c.At(), at)
		}
	}
	seen := ids(got)
	slices.Sort(seen)
	if len(slices.Compact(seen)) != len(got) {
		t.Error("a batch came twice")
	}
	full := int(w.queue.Stats().Full)
	switch {
	case complete && (full != 0 || !slices.Equal(ids(got), ids(all)) || len(all) < 75):
		t.Errorf("%d of %d batches came, %d were dropped", len(got), len(all), full)
	case !complete && (full == 0 || len(got)+full != len(all)):
		t.Errorf("%d batches came and %d were counted as dropped, of %d", len(got), full, len(all))
	}
}

func TestRestartDuringOutage(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, "otlp")
		w.allow(t, privacy.Quality)
		stop := w.start(t)
		time.Sleep(150 * time.Second)
		first := w.receivers[0].batches(privacy.Metrics)
		w.receivers[0].set(errors.New("nobody there"))
		time.Sleep(3 * time.Minute)
		stop()
		w.open(t, "otlp")
		stop = w.start(t)
		time.Sleep(150 * time.Second)
		stop()
		got := w.receivers[0].batches(privacy.Metrics)
		if len(first) != 2 || len(got) != 3+2 {
			t.Fatalf("%d batches before the outage, %d after the restart; want 2 and 5", len(first), len(got))
		}
		if d := got[1].At().Sub(got[0].At()); d != time.Minute {
			t.Errorf("batches of the earlier run are %v apart", d)
		}
		if len(w.receivers[0].batches(privacy.Notice)) != 0 {
			t.Error("the receiver was told of the consent again after the restart")
		}
	})
}

// TestRevokeDuringOutage: the queue is empty at once, in memory and on the
// flash, and the receiver learns that consent ended when it is back.
func TestRevokeDuringOutage(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, "otlp")
		w.allow(t, privacy.Quality)
		stop := w.start(t)
		time.Sleep(time.Minute)
		r := w.receivers[0]
		r.set(errors.New("nobody there"))
		time.Sleep(2 * time.Hour)
		if s := w.queue.Stats(); s.Entries < 100 {
			t.Fatalf("only %d batches wait", s.Entries)
		}
		w.allow(t, privacy.Necessary)
		files, err := filepath.Glob(home.Path("telemetry/*.segment"))
		if s := w.queue.Stats(); err != nil || s.Entries != 0 || s.Bytes != 0 || len(files) != 0 || s.Revoked < 100 {
			t.Errorf("after consent ended: %+v, files %v", s, files)
		}
		time.Sleep(10 * time.Minute)
		before := len(r.batches(privacy.Metrics))
		r.set(nil)
		time.Sleep(10 * time.Minute)
		stop()
		if n := len(r.batches(privacy.Metrics)); n != before {
			t.Errorf("%d batches came after consent ended", n-before)
		}
		told := r.batches(privacy.Notice)
		if len(told) != 2 {
			t.Fatalf("the receiver was told %d times, want 2", len(told))
		}
		last := map[string]privacy.Item{}
		for _, i := range told[1].Items() {
			last[i.Field.Name] = i
		}
		if last["ata_consent_level"].Value != 0 || last["ata_consent_installation_id"].Text != w.identity.Installation() || len(last) != 3 {
			t.Errorf("the receiver was told %v", last)
		}
	})
}

func TestRevokeStopsWhatIsBeingSent(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, "otlp")
		w.allow(t, privacy.Quality)
		stop := w.start(t)
		time.Sleep(61 * time.Second)
		w.receivers[0].mu.Lock()
		w.receivers[0].hang = true
		w.receivers[0].mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		w.mu.Lock()
		sending := len(w.cancels)
		w.mu.Unlock()
		if sending != 1 {
			t.Fatal("nothing is being sent")
		}
		began := time.Now()
		w.allow(t, privacy.Operational)
		synctest.Wait()
		w.mu.Lock()
		defer stop()
		defer w.mu.Unlock()
		if time.Since(began) > 0 || len(w.receivers[0].got) != 2 { // the notice, and the batch before
			t.Errorf("after %v the receiver has %d batches", time.Since(began), len(w.receivers[0].got))
		}
	})
}

// TestCategoryOff switches each category off and looks for its fields in what
// leaves by every way there is.
func TestCategoryOff(t *testing.T) {
	for c := range privacy.Trace + 1 {
		t.Run(c.String(), func(t *testing.T) {
			home := state.Dir(t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, home, "otlp")
				w.allow(t, privacy.Tracing, c)
				stop := w.start(t)
				w.agent.end(call(1, true))
				slog.New(w.LogHandler(slog.DiscardHandler)).Warn("a warning")
				time.Sleep(2 * time.Minute)
				page := httptest.NewRecorder()
				w.ServeMetrics(page, httptest.NewRequest("GET", "/metrics", nil))
				stop()
				sent := 0
				for _, b := range w.receivers[0].got {
					for _, i := range b.Items() {
						if sent++; i.Field.Category == c && i.Field.Level != privacy.Necessary {
							t.Errorf("%s leaves", i.Field.Name)
						}
					}
				}
				for _, f := range catalogue.Fields() {
					if f.Category == c && f.Level != privacy.Necessary && strings.Contains(page.Body.String(), f.Name) {
						t.Errorf("%s is on /metrics", f.Name)
					}
				}
				if sent < 10 || !strings.Contains(page.Body.String(), "ata_consent_level 4") {
					t.Errorf("%d items were sent; /metrics:\n%s", sent, page.Body)
				}
			})
		})
	}
}

// call is a call that ended.
func call(n uint32, answered bool) agent.PastCall {
	c := agent.PastCall{Line: 1, CallStatus: agent.CallStatus{
		Call: n, Number: "+15551234567", Began: time.Date(2026, 11, 21, 12, 34, 56, 0, time.UTC), Codec: "PCMU",
	}}
	if answered {
		c.Answered = c.Began.Add(5 * time.Second)
		c.Voice = agent.VoiceStatus{Sent: 500, Received: 490, Lost: 10, Discarded: 3, Late: 2, Jitter: .004, RoundTrip: .06, Buffer: .03}
		c.Voice.MOSLQ, c.Voice.MOSCQ, c.Voice.R, c.Voice.LossRate = 4.1, 4.0, 85, .02
	}
	return c
}

func TestCallsAreReportedWithoutWhoAndWhen(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, "otlp")
		w.allow(t, privacy.Quality)
		stop := w.start(t)
		w.agent.end(call(1, true))
		time.Sleep(30 * time.Second)
		w.agent.end(call(2, false))
		time.Sleep(2 * time.Minute)
		stop()
		reports := w.receivers[0].batches(privacy.Report)
		if len(reports) != 2 {
			t.Fatalf("%d reports, want 2", len(reports))
		}
		for _, r := range reports {
			if r.Name() != "call" || !r.At().Equal(r.At().Truncate(time.Hour)) {
				t.Errorf("report %s of %v", r.Name(), r.At())
			}
			if data, err := r.Encode(); err != nil || strings.Contains(string(data), "5551234567") {
				t.Errorf("the report tells the number: %s, %v", data, err)
			}
		}
		got := map[string]float64{}
		for _, i := range reports[0].Items() {
			got[i.Field.Name] = i.Value
		}
		if got["call.mos_lq"] != 4.1 || got["call.loss_ratio"] != .02 || got["call.jitter_seconds"] != .004 || got["call.round_trip_seconds"] != .06 {
			t.Errorf("report %v", got)
		}
	})
}

// TestPlantedSecretsAppearNowhere plants what nobody may see in the
// configuration, in calls and in logs, and looks at all that leaves and all that
// is written to the flash.
func TestPlantedSecretsAppearNowhere(t *testing.T) {
	home := state.Dir(t.TempDir())
	planted := []string{
		"hunter2hunter2", "5550100", "Kitchen", "+15551234567", "15551234567", "0301234567", "bob@example.net", "eyJhbGciOi", "203.0.113.77",
		"2001:db8::77", "02:00:5e:10:00:01", "490154203237518",
	}
	var seen strings.Builder
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, "otlp")
		w.allow(t, privacy.Tracing)
		stop := w.start(t)
		log := slog.New(w.LogHandler(slog.DiscardHandler)).With("line", 1)
		log.Warn("call from 5550100 in the Kitchen to +15551234567", "number", "0301234567", "peer", "bob@example.net")
		log.WithGroup("g").Error("refused", "authorization", "Bearer eyJhbGciOi", "from", "203.0.113.77:5060", "six", "[2001:db8::77]:5060", "password", "hunter2hunter2")
		log.Info("hardware 02:00:5e:10:00:01, imei 490154203237518")
		w.agent.end(call(1, true))
		time.Sleep(2 * time.Minute)
		if n := len(w.receivers[0].batches(privacy.Log)); n != 3 {
			t.Errorf("%d log records were sent, want 3", n)
		}
		w.receivers[0].set(errors.New("nobody there"))
		log.Warn("dialed 0301234567", "user", "5550100")
		time.Sleep(2 * time.Minute)
		stop()
		for _, c := range w.receivers[0].got {
			data, err := receiver.Document(c)
			if err != nil {
				t.Fatal(err)
			}
			seen.Write(data)
		}
		for _, e := range w.queue.All() {
			seen.Write(e.Data)
		}
	})
	err := filepath.WalkDir(string(home), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		seen.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(seen.String(), "call from") || !strings.Contains(seen.String(), "dialed") {
		t.Error("the log records are not there")
	}
	for _, p := range planted {
		if i := strings.Index(seen.String(), p); i >= 0 {
			t.Errorf("%q is there: …%s…", p, seen.String()[max(0, i-100):min(seen.Len(), i+100)])
		}
	}
}

func TestEraseAndExport(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, "otlp")
		w.allow(t, privacy.Quality)
		stop := w.start(t)
		defer stop()
		w.agent.end(call(1, true))
		time.Sleep(2 * time.Minute)
		w.receivers[0].set(errors.New("nobody there"))
		time.Sleep(2*time.Minute + time.Second) // not while a batch is made
		data, err := json.Marshal(w.Export())
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"decisions":[{"serial":1`, `+15551234567`, `"waiting":[{"schema":1`, `ata_line_registered`, `"receiver":"otlp"`} {
			if !strings.Contains(string(data), want) {
				t.Errorf("the export has no %s", want)
			}
		}
		before := w.identity.Installation()
		if err := w.Erase("all"); err != nil {
			t.Fatal(err)
		}
		e := w.Export()
		if len(e.Waiting) != 0 || len(e.Left) != 0 || len(e.Calls.([]agent.PastCall)) != 0 || e.Installation == before || len(e.Decisions) != 1 {
			t.Errorf("after everything was erased: %+v", e)
		}
		if err := w.Erase("everything"); err == nil || !strings.Contains(err.Error(), "known: telemetry") {
			t.Errorf("Erase of an unknown scope = %v", err)
		}
	})
}

func TestBusyReceiverIsLeftAlone(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, "otlp")
		w.allow(t, privacy.Quality)
		stop := w.start(t)
		defer stop()
		time.Sleep(61 * time.Second)
		w.receivers[0].set(&receiver.Busy{Reason: "429", After: 20 * time.Minute})
		time.Sleep(time.Minute)
		w.receivers[0].set(nil)
		n := len(w.receivers[0].batches(privacy.Metrics))
		time.Sleep(18 * time.Minute)
		if got := len(w.receivers[0].batches(privacy.Metrics)); got != n {
			t.Errorf("%d batches came before the receiver wanted them", got-n)
		}
		time.Sleep(3 * time.Minute)
		if got := len(w.receivers[0].batches(privacy.Metrics)); got < n+20 {
			t.Errorf("%d batches came after the wait, want 20", got-n)
		}
	})
}

func TestRefusedBatchIsNotRepeated(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home, "otlp")
		w.allow(t, privacy.Quality)
		stop := w.start(t)
		defer stop()
		time.Sleep(61 * time.Second)
		w.receivers[0].set(&receiver.Refused{Reason: "400"})
		time.Sleep(2 * time.Minute)
		w.receivers[0].set(nil)
		time.Sleep(2 * time.Minute)
		w.mu.Lock()
		refused := w.drops["refused"]
		w.mu.Unlock()
		if got := len(w.receivers[0].batches(privacy.Metrics)); got != 3 || refused != 2 {
			t.Errorf("%d batches came, %g were refused", got, refused)
		}
	})
}

// TestMemory has a receiver down for three hours: what telemetry holds must stay
// small, for the collector of garbage lets it grow to twice that.
func TestMemory(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		before := heap()
		w := newWorld(t, home, "otlp")
		w.allow(t, privacy.Tracing)
		stop := w.start(t)
		w.receivers[0].set(errors.New("nobody there"))
		log := slog.New(w.LogHandler(slog.DiscardHandler))
		for range 3 * 60 {
			log.Info("something happened", "line", 1)
			time.Sleep(time.Minute)
		}
		if grown := heap() - before; grown > 3<<19 {
			t.Errorf("telemetry holds %d KiB", grown>>10)
		} else {
			t.Logf("telemetry holds %d KiB", grown>>10)
		}
		if s := w.queue.Stats(); s.Entries < 300 {
			t.Errorf("only %d batches wait", s.Entries)
		}
		stop()
	})
}

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// scrapeLimit is what an answer to Prometheus may take of the processor.
const scrapeLimit = 2 * time.Millisecond

// BenchmarkScrape answers Prometheus for two lines that have everything there is to
// tell, from the files of this computer.
func BenchmarkScrape(b *testing.B) {
	w := fullWorld(b)
	w.registry.Add(Device(os.DirFS("/"), "1.2", "test")...)
	w.registry.Add(links0(os.DirFS("/")))
	r := httptest.NewRequest("GET", "/metrics", nil)
	b.ReportAllocs()
	begin := processorTime(b)
	for b.Loop() {
		w.ServeMetrics(httptest.NewRecorder(), r)
	}
	each := (processorTime(b) - begin) / time.Duration(b.N)
	b.ReportMetric(each.Seconds()*1e3, "cpu-ms/op")
	if each > scrapeLimit {
		b.Errorf("an answer takes %v of the processor, at most %v is allowed", each, scrapeLimit)
	}
}

// processorTime is what this process has used, in user and kernel mode.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
