package telemetry

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/quality"
	"github.com/ata-agent/ata-agent/quality/vqrtcpxr/vqtest"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/state"
)

// collector is who is told by SIP. It answers as a test wants.
type collector struct {
	mu       sync.Mutex
	answer   sip.Published
	err      error
	hang     bool // until ctx ends
	got      []sip.Publication
	inFlight int
	most     int
}

func (c *collector) publish(ctx context.Context, _ int, p sip.Publication) (sip.Published, error) {
	c.mu.Lock()
	c.got = append(c.got, p)
	c.inFlight++
	c.most = max(c.most, c.inFlight)
	answer, err, hang := c.answer, c.err, c.hang
	c.mu.Unlock()
	if hang {
		<-ctx.Done()
		err = ctx.Err()
	} else {
		time.Sleep(50 * time.Millisecond) // there and back
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	return answer, err
}

func (c *collector) set(code int, retry time.Duration, err error, hang bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer, c.err, c.hang = sip.Published{Code: code, RetryAfter: retry}, err, hang
}

// reports are what came, read by the grammar.
func (c *collector) reports(t *testing.T) (list []*vqtest.Report) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.got {
		if p.To != collectorURI || p.Event != "vq-rtcpxr" || p.ContentType != "application/vq-rtcpxr" {
			t.Errorf("published %+v", p)
		}
		r, err := vqtest.Parse(p.Body)
		if err != nil {
			t.Errorf("%v in\n%s", err, p.Body)
		}
		list = append(list, r)
	}
	return list
}

func (c *collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.got)
}

const collectorURI = "sip:collector@quality.test"

// inCollected runs f with telemetry that reports to a collector, of which the owner
// permits all but some categories.
func inCollected(t *testing.T, off []privacy.Category, f func(*testing.T, *world, *collector)) {
	t.Helper()
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: sip.Published{Code: 200}}
		w := newWorld(t, home)
		w.config.Telemetry.Reports = config.QualityReports{
			Collector: collectorURI, Alerts: config.Alerts{MOSWarning: 3.6, MOSCritical: 2.8, LossWarning: 3, LossCritical: 10},
		}
		w.publish.send = c.publish
		w.allow(t, privacy.Tracing, off...)
		if !slices.Contains(off, privacy.PhoneNumber) {
			if err := w.Choose(Choice{Categories: map[string]bool{"phone_number": true}}); err != nil {
				t.Fatal(err)
			}
		}
		w.Apply(w.config)
		stop := w.start(t)
		defer stop()
		f(t, w, c)
	})
}

// heardCall is a call of line 1 that lost some packets.
func heardCall(n uint32, lost uint64) agent.CallStatus {
	counts := quality.Counts{Played: 1000 - lost, Lost: lost, BadRuns: lost, Gaps: 1, InGaps: 1000, GapBad: lost}
	s := media.Stats{
		SSRC: 0xabc, RemoteSSRC: 0xdef, Sent: 1000, Received: 1000 - lost,
		Quality: counts.Report(quality.Conditions{Codec: quality.G711PLC, Packet: 20 * time.Millisecond, Jitter: 3 * time.Millisecond, RoundTrip: 40 * time.Millisecond}),
	}
	return agent.CallStatus{
		Call: n, Number: "5550199", Began: time.Now().Add(-22 * time.Second), Answered: time.Now().Add(-20 * time.Second), Codec: "PCMU",
		Detail: agent.CallDetail{
			User: "5550100", Domain: "r.test", Dialog: sip.Dialog{CallID: "callid@r.test", LocalTag: "here1", FarTag: "there1"},
			Local: netip.MustParseAddrPort("10.7.8.9:16384"), Agreed: sip.Media{Remote: netip.MustParseAddrPort("192.0.2.77:30000"), Codec: "PCMU", PTime: 20 * time.Millisecond},
			Stats: s,
		},
	}
}

func endedCall(n uint32, lost uint64) agent.PastCall {
	c := agent.PastCall{Line: 1, CallStatus: heardCall(n, lost)}
	c.Ended = time.Now()
	return c
}

// counted is a value of ata_quality_reports_total.
func counted(w *world, result string) float64 {
	for _, i := range w.registry.Gather() {
		if i.Field == vqResults && i.Labels[0] == result {
			return i.Value
		}
	}
	return 0
}

// queued is how many reports wait.
func queued(w *world) int {
	w.publish.mu.Lock()
	defer w.publish.mu.Unlock()
	return len(w.publish.waiting)
}

// TestSessionReport: a call that ended is reported once, with its figures; one that
// nobody answered is not.
func TestSessionReport(t *testing.T) {
	inCollected(t, nil, func(t *testing.T, w *world, c *collector) {
		w.agent.end(endedCall(1, 40))
		missed := endedCall(2, 0)
		missed.Answered = time.Time{}
		w.agent.end(missed)
		stop := time.Now().UTC().Format(time.RFC3339)
		time.Sleep(time.Minute)
		got := c.reports(t)
		if len(got) != 1 {
			t.Fatalf("%d reports, want 1", len(got))
		}
		r := got[0]
		for name, want := range map[string]string{
			"CallID": "callid@r.test", "LocalID": "<sip:5550100@r.test>", "RemoteID": "<sip:5550199@r.test>", "OrigID": "<sip:5550100@r.test>",
			"LocalAddr": "IP=10.7.8.0 PORT=16384 SSRC=0x00000ABC", "RemoteAddr": "IP=192.0.2.0 PORT=30000 SSRC=0x00000DEF",
			"DialogID": "callid@r.test;to-tag=there1;from-tag=here1", "LocalGroup": w.identity.Installation(),
		} {
			if r.Session[name] != want {
				t.Errorf("%s is %q, want %q", name, r.Session[name], want)
			}
		}
		for name, want := range map[string]string{"NLR": "4.00", "JDR": "0.00", "IAJ": "3", "RTD": "40", "PT": "0", "PD": "PCMU", "PPS": "50", "FO": "160", "SSUP": "off", "JBA": "3", "STOP": stop} {
			if r.Local[name] != want {
				t.Errorf("%s is %q, want %q", name, r.Local[name], want)
			}
		}
		if r.First != "VQSessionReport: CallTerm" || r.Remote != nil {
			t.Errorf("%+v", r)
		}
		if n := counted(w, "sent"); n != 1 {
			t.Errorf("%v sent", n)
		}
		entries := w.ledger.Entries()
		if len(entries) != 1 || entries[0].Receiver != "sip" || entries[0].Fields["vq.figure"] == 0 {
			t.Errorf("the ledger has %+v", entries)
		}
	})
}

// TestRemoteFigures: what the far end told by XR, by plain RTCP or at the end of the
// call is reported, and nothing where it told nothing.
func TestRemoteFigures(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*agent.CallStatus)
		want   map[string]string
	}{
		"nothing": {func(*agent.CallStatus) {}, nil},
		"XR": {func(c *agent.CallStatus) {
			c.Detail.Stats.RemoteReportsUs = 3
			c.Detail.Stats.RemoteQuality = quality.Report{LossRate: 0.02, MOSLQ: 4.1, MOSCQ: 4, R: 81, SpeechDBm0: -18, NoiseDBm0: -62, EchoLoss: 45}
			c.Voice.RemoteJitter = 0.012
		}, map[string]string{"NLR": "2.00", "MOSLQ": "4.10", "MOSCQ": "4.00", "RCQ": "81", "SL": "-18", "NL": "-62", "RERL": "45", "IAJ": "12"}},
		"RTCP alone": {func(c *agent.CallStatus) {
			c.Detail.Stats.RemoteReportsUs = 1
			c.Voice.Sent, c.Voice.RemoteLost = 1000, 25
		}, map[string]string{"NLR": "2.50", "IAJ": "0"}},
		"the end of the call": {func(c *agent.CallStatus) {
			c.FarEnd = &agent.FarStatus{Lost: 5}
			c.Voice.Sent, c.Voice.RemoteLost, c.Voice.RemoteJitter = 1000, 5, 0.004
		}, map[string]string{"NLR": "0.50", "IAJ": "4"}},
	} {
		t.Run(name, func(t *testing.T) {
			inCollected(t, nil, func(t *testing.T, w *world, c *collector) {
				call := endedCall(1, 0)
				tt.change(&call.CallStatus)
				w.agent.end(call)
				time.Sleep(time.Minute)
				got := c.reports(t)
				if len(got) != 1 || (got[0].Remote == nil) != (tt.want == nil) {
					t.Fatalf("got %+v", got)
				}
				for name, want := range tt.want {
					if got[0].Remote[name] != want {
						t.Errorf("%s is %q, want %q", name, got[0].Remote[name], want)
					}
				}
			})
		})
	}
}

// TestReportTellsWhatIsPermitted: without phone numbers and addresses a report says
// how a call was, not whose it was, nor when to the minute; without call quality
// there is none.
func TestReportTellsWhatIsPermitted(t *testing.T) {
	inCollected(t, []privacy.Category{privacy.PhoneNumber, privacy.IPAddress, privacy.Identifiers}, func(t *testing.T, w *world, c *collector) {
		w.agent.end(endedCall(1, 40))
		time.Sleep(time.Minute)
		got := c.reports(t)
		if len(got) != 1 {
			t.Fatalf("%d reports, want 1", len(got))
		}
		r, text := got[0], string(c.got[0].Body)
		for _, secret := range []string{"5550100", "5550199", "10.7.", "192.0.2", "16384", "callid", "here1", "there1", "r.test", "ABC", w.identity.Installation()} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is told:\n%s", secret, text)
			}
		}
		if want := "<sip:" + w.identity.Pseudonym("5550199") + "@anonymous.invalid>"; r.Session["RemoteID"] != want {
			t.Errorf("RemoteID %s, want %s", r.Session["RemoteID"], want)
		}
		if !strings.HasSuffix(r.Local["STOP"], ":00:00Z") || r.Local["START"] != r.Local["STOP"] || r.Local["NLR"] != "4.00" {
			t.Errorf("%v", r.Local)
		}
	})
	inCollected(t, []privacy.Category{privacy.CallQuality}, func(t *testing.T, w *world, c *collector) {
		w.agent.end(endedCall(1, 40))
		time.Sleep(time.Minute)
		if n := c.count(); n != 0 || counted(w, "withheld") != 1 {
			t.Errorf("%d reports left, %v withheld", n, counted(w, "withheld"))
		}
	})
}

// TestCollectorInTrouble: an attempt that failed is made again, later each time, one
// at a time; a collector that wants no reports is left alone for an hour.
func TestCollectorInTrouble(t *testing.T) {
	for name, tt := range map[string]struct {
		code             int
		retry            time.Duration
		err              error
		hang             bool
		least, most      int // attempts in half an hour
		waiting, refused float64
	}{
		"silent":              {err: sip.ErrNotSent, least: 5, most: 16, waiting: 3},
		"hangs":               {hang: true, least: 5, most: 16, waiting: 3},
		"overloaded":          {code: 503, least: 5, most: 16, waiting: 3},
		"overloaded for long": {code: 503, retry: 20 * time.Minute, least: 2, most: 2, waiting: 3},
		"knows no such event": {code: 489, least: 1, most: 1, waiting: 2, refused: 1},
		"forbids it":          {code: 403, least: 1, most: 1, waiting: 2, refused: 1},
		"has no such method":  {code: 405, least: 1, most: 1, waiting: 2, refused: 1},
		"does not understand": {code: 400, least: 3, most: 3, refused: 3},
	} {
		t.Run(name, func(t *testing.T) {
			inCollected(t, nil, func(t *testing.T, w *world, c *collector) {
				c.set(tt.code, tt.retry, tt.err, tt.hang)
				for n := range uint32(3) {
					w.agent.end(endedCall(n, 0))
				}
				time.Sleep(30 * time.Minute)
				if n := c.count(); n < tt.least || n > tt.most {
					t.Errorf("%d attempts, want %d to %d", n, tt.least, tt.most)
				}
				if n := queued(w); n != int(tt.waiting) || counted(w, "refused") != tt.refused || c.most != 1 {
					t.Errorf("%d wait, %v refused, %d at a time", n, counted(w, "refused"), c.most)
				}
				c.set(200, 0, nil, false)
				time.Sleep(31 * time.Minute)
				if sent := counted(w, "sent"); sent+counted(w, "expired") != tt.waiting {
					t.Errorf("%v sent, %v expired of %v", sent, counted(w, "expired"), tt.waiting)
				}
			})
		})
	}
}

// TestReportsAreBounded: as many wait as there is room for, the oldest goes first,
// and less permission forgets all of them.
func TestReportsAreBounded(t *testing.T) {
	inCollected(t, nil, func(t *testing.T, w *world, c *collector) {
		c.set(0, 0, nil, true)
		for n := range uint32(publishQueue + 5) {
			e, _ := sessionReport(endedCall(n, 0))
			w.publish.put(e)
		}
		time.Sleep(time.Second)
		if queued(w) != publishQueue || counted(w, "full") != 5 || w.publish.waiting[0].event.call.Call != 5 {
			t.Errorf("%d wait, %v were too many", queued(w), counted(w, "full"))
		}
		w.allow(t, privacy.Operational)
		synctest.Wait()
		if n := queued(w); n != 0 || c.inFlight != 0 {
			t.Errorf("%d wait and %d are under way after consent ended", n, c.inFlight)
		}
		c.set(200, 0, nil, false)
		before := c.count()
		time.Sleep(time.Hour)
		if n := c.count() - before; n != 0 {
			t.Errorf("%d reports left after consent ended", n)
		}
	})
}

// TestAlerts: a call that becomes bad is told while it lasts, once, and so is that it
// is good again.
func TestAlerts(t *testing.T) {
	inCollected(t, nil, func(t *testing.T, w *world, c *collector) {
		call := heardCall(1, 0)
		talk := func(d time.Duration, lost float64) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
				q := &call.Detail.Stats.Quality
				q.Played += uint64(50 * (1 - lost))
				q.Lost += uint64(50 * lost)
				q.BadRuns += uint64(50 * lost)
				w.agent.mu.Lock()
				w.agent.lines[0].Calls = []agent.CallStatus{call}
				w.agent.mu.Unlock()
			}
		}
		talk(20*time.Second, 0)
		talk(20*time.Second, 0.4)
		talk(40*time.Second, 0)
		var got []string
		for _, r := range c.reports(t) {
			if a := strings.TrimPrefix(r.First, "VQAlertReport: "); !strings.Contains(a, "Warning") { // on the way there is one
				got = append(got, a)
			}
		}
		want := "Type=MOSLQ Severity=Critical Dir=local|Type=NLR Severity=Critical Dir=local|Type=MOSLQ Severity=Clear Dir=local|Type=NLR Severity=Clear Dir=local"
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("got %s\nwant %s", s, want)
		}
	})
}

// TestIntervalReports: a call that lasts is reported on from time to time, each time
// on what happened since.
func TestIntervalReports(t *testing.T) {
	home := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, home)
		watch := newVQWatch(&config.QualityReports{Interval: config.Seconds(30 * time.Second)})
		call := heardCall(1, 0)
		var events []vqEvent
		for n := range 14 { // 65 s
			if n == 9 { // in the second half minute
				call.Detail.Stats.Quality.Lost += 10
				call.Detail.Stats.Quality.BadRuns += 10
			}
			call.Detail.Stats.Quality.Played += 250
			w.agent.lines[0].Calls = []agent.CallStatus{call}
			events = append(events, watch.look(w.agent.status())...)
			time.Sleep(5 * time.Second)
		}
		if len(events) != 2 || events[0].heard.Lost != 0 || events[1].heard.Lost != 10 || events[1].heard.Played != 1500 {
			t.Fatalf("%d events: %+v", len(events), events)
		}
		if d := events[1].stop.Sub(events[1].start); d != 30*time.Second || !events[0].stop.Equal(events[1].start) {
			t.Errorf("the second is about %v", d)
		}
		w.agent.lines[0].Calls = nil
		watch.look(w.agent.status())
		if len(watch.calls) != 0 {
			t.Error("an ended call is watched")
		}
	})
}
