package vqrtcpxr_test

import (
	"flag"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/quality"
	"github.com/ata-agent/ata-agent/quality/vqrtcpxr"
	"github.com/ata-agent/ata-agent/quality/vqrtcpxr/vqtest"
)

var update = flag.Bool("update", false, "rewrite the texts in testdata")

var began = time.Date(2026, 11, 21, 12, 0, 3, 0, time.FixedZone("CET", 3600))

// heard is a stream with losses of every kind.
func heard() quality.Report {
	c := quality.Counts{Played: 940, Lost: 40, Discarded: 20, Bursts: 3, InBursts: 100, BurstBad: 48, Gaps: 4, InGaps: 900, GapBad: 12, BadRuns: 30}
	r := c.Report(quality.Conditions{
		Codec: quality.G711PLC, Packet: 20 * time.Millisecond, Jitter: 7400 * time.Microsecond, RoundTrip: 120 * time.Millisecond,
		EndSystem: 60 * time.Millisecond, RemoteEchoLoss: 55,
	})
	r.SpeechDBm0, r.NoiseDBm0, r.EchoLoss = -19.6, -63.2, 42
	r.Buffer, r.BufferMost = 40*time.Millisecond, 200*time.Millisecond
	return r
}

func metricsOf(r quality.Report) vqrtcpxr.Metrics {
	m := vqrtcpxr.Metrics{Start: began, Stop: began.Add(20 * time.Second)}
	m.Take(&r)
	return m
}

func whole() *vqrtcpxr.Report {
	r := &vqrtcpxr.Report{
		CallID: "a84b4c76e66710@10.0.0.2", LocalTag: "1928301774", FarTag: "a6c85cf",
		LocalID: vqrtcpxr.ID{User: "5550101", Host: "ata.test"}, RemoteID: vqrtcpxr.ID{User: "5550102", Host: "ata.test"},
		Local:  vqrtcpxr.Endpoint{Addr: netip.MustParseAddrPort("10.0.0.2:40000"), SSRC: 0x1a3b5c7d},
		Remote: vqrtcpxr.Endpoint{Addr: netip.MustParseAddrPort("[2001:db8::1]:30000"), SSRC: 0xfeed},
		Group:  "ata-agent", Heard: metricsOf(heard()),
	}
	for f, v := range map[vqrtcpxr.Figure]float64{
		vqrtcpxr.PT: 0, vqrtcpxr.SR: 8000, vqrtcpxr.FD: 20, vqrtcpxr.FO: 160, vqrtcpxr.FPP: 1, vqrtcpxr.PPS: 50, vqrtcpxr.PLC: 3,
		vqrtcpxr.SSUP: 0, vqrtcpxr.JBA: 3, vqrtcpxr.JBR: 1, vqrtcpxr.IAJ: 7.4,
	} {
		r.Heard.Set(f, v)
	}
	r.Heard.Payload = "PCMU"
	told := metricsOf(quality.Report{MOSLQ: 4.1, MOSCQ: 4, R: 82, LossRate: 0.01, RoundTrip: 118 * time.Millisecond})
	r.Told = &told
	return r
}

// TestReports compares each kind of report with its text in testdata, and has the
// grammar judge it.
func TestReports(t *testing.T) {
	for name, change := range map[string]func(*vqrtcpxr.Report){
		"session":  func(*vqrtcpxr.Report) {},
		"incoming": func(r *vqrtcpxr.Report) { r.Incoming = true },
		"interval": func(r *vqrtcpxr.Report) { r.Kind, r.Told = vqrtcpxr.Interval, nil },
		"alert": func(r *vqrtcpxr.Report) {
			r.Kind, r.Alert = vqrtcpxr.OnAlert, vqrtcpxr.Alert{Figure: vqrtcpxr.NLR, Severity: vqrtcpxr.Critical}
		},
		"anonymous": func(r *vqrtcpxr.Report) {
			*r = vqrtcpxr.Report{Heard: vqrtcpxr.Metrics{Start: began, Stop: began}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := whole()
			change(r)
			got := r.Marshal()
			file := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if _, err := vqtest.Parse(got); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFigures writes random figures, some of them absurd, and reads them back:
// what is known comes back within its rounding and its bounds, and nothing else
// does.
func TestFigures(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		m := vqrtcpxr.Metrics{Start: began, Stop: began}
		want := map[string]float64{}
		for _, f := range vqrtcpxr.Figures() {
			if rng.IntN(3) == 0 {
				continue
			}
			v := (rng.Float64() - 0.3) * math.Pow(10, float64(rng.IntN(7)))
			m.Set(f, v)
			want[f.String()] = v
		}
		got, err := vqtest.Parse((&vqrtcpxr.Report{Heard: m}).Marshal())
		if err != nil {
			t.Fatal(err)
		}
		for name := range got.Local {
			if _, known := want[name]; !known && name != "START" && name != "STOP" {
				t.Errorf("%s is told, but not known", name)
			}
		}
		for name, v := range want {
			if name == "SSUP" {
				if on := got.Local[name] == "on"; on != (v != 0) {
					t.Errorf("SSUP=%s for %v", got.Local[name], v)
				}
				continue
			}
			n, err := got.LocalNumber(name)
			if err != nil {
				t.Fatal(err)
			}
			if v >= 1 && v <= 3 && math.Abs(n-v) > 0.5 {
				t.Errorf("%s = %v, want %v", name, n, v)
			}
			if v < 0 && n > 1 {
				t.Errorf("%s = %v for %v", name, n, v)
			}
		}
	}
}

// TestLevels: a level below nought keeps its sign, and nought is not "-0".
func TestLevels(t *testing.T) {
	for v, want := range map[float64]string{-19.6: "-20", -0.2: "0", -130: "-99", 3: "3"} {
		var m vqrtcpxr.Metrics
		m.Set(vqrtcpxr.SL, v)
		got, err := vqtest.Parse((&vqrtcpxr.Report{Heard: m}).Marshal())
		if err != nil || got.Local["SL"] != want {
			t.Errorf("SL of %v is %q (%v), want %q", v, got.Local["SL"], err, want)
		}
	}
}

// TestUnknownIsNotTold: a call of which nothing was heard has no figures, and a
// figure that is no number is not known.
func TestUnknownIsNotTold(t *testing.T) {
	m := metricsOf(quality.Report{})
	m.Set(vqrtcpxr.NLR, math.NaN())
	m.Set(vqrtcpxr.IAJ, math.Inf(1))
	text := string((&vqrtcpxr.Report{Heard: m}).Marshal())
	for _, line := range []string{"PacketLoss", "BurstGapLoss", "Delay", "Signal", "QualityEst", "JitterBuffer", "SessionDesc", "RemoteMetrics", "DialogID"} {
		if strings.Contains(text, line) {
			t.Errorf("%s is told:\n%s", line, text)
		}
	}
}

// FuzzReport puts what strangers may send us into a report: it stays one that the
// grammar knows, with the lines it had.
func FuzzReport(f *testing.F) {
	f.Add("a84b4c76e66710@host", "tag", "5550101", "ata.test", "group")
	f.Add("a\r\nVQSessionReport: CallTerm", "t;from-tag=x", "x>\r\nLocalID: <sip:y@z>", "ata.test:5060", "\x00 ")
	f.Add("@@", "", "", "[::1]", "ü")
	f.Fuzz(func(t *testing.T, callID, tag, user, host, group string) {
		r := whole()
		r.CallID, r.FarTag, r.Group = callID, tag, group
		r.RemoteID = vqrtcpxr.ID{User: user, Host: host}
		if _, err := vqtest.Parse(r.Marshal()); err != nil {
			t.Errorf("%v in\n%q", err, r.Marshal())
		}
	})
}

func TestWatch(t *testing.T) {
	thresholds := []vqrtcpxr.Threshold{
		{Figure: vqrtcpxr.MOSLQ, Warning: 3.6, Critical: 2.8, Falls: true, Ease: 0.2},
		{Figure: vqrtcpxr.NLR, Warning: 2, Critical: 5, Ease: 0.5},
		{Figure: vqrtcpxr.IAJ, Critical: 100},
	}
	clear, warning, critical := vqrtcpxr.Clear, vqrtcpxr.Warning, vqrtcpxr.Critical
	mos := func(s vqrtcpxr.Severity) []vqrtcpxr.Alert {
		return []vqrtcpxr.Alert{{Figure: vqrtcpxr.MOSLQ, Severity: s}}
	}
	loss := func(s vqrtcpxr.Severity) []vqrtcpxr.Alert {
		return []vqrtcpxr.Alert{{Figure: vqrtcpxr.NLR, Severity: s}}
	}
	tests := []struct {
		name   string
		figure vqrtcpxr.Figure
		values []float64
		want   [][]vqrtcpxr.Alert
	}{
		{"falls and recovers", vqrtcpxr.MOSLQ, []float64{4.3, 3.5, 3.5, 2.5, 4.3, 4.3, 4.3}, [][]vqrtcpxr.Alert{nil, mos(warning), nil, mos(critical), nil, mos(clear), nil}},
		{"wavers about a threshold", vqrtcpxr.NLR, []float64{1.9, 2.1, 1.9, 2.1, 1.6, 2.1, 1.9}, [][]vqrtcpxr.Alert{nil, loss(warning), nil, nil, nil, nil, nil}},
		{"is better once", vqrtcpxr.NLR, []float64{3, 0, 3, 0, 3}, [][]vqrtcpxr.Alert{loss(warning), nil, nil, nil, nil}},
		{"eases by a step", vqrtcpxr.NLR, []float64{6, 3, 3, 3}, [][]vqrtcpxr.Alert{loss(critical), nil, loss(warning), nil}},
		{"critical at once", vqrtcpxr.NLR, []float64{50}, [][]vqrtcpxr.Alert{loss(critical)}},
		{"no warning is wanted", vqrtcpxr.IAJ, []float64{99, 101, 100, 100}, [][]vqrtcpxr.Alert{nil, {{Figure: vqrtcpxr.IAJ, Severity: critical}}, nil, {{Figure: vqrtcpxr.IAJ, Severity: clear}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := vqrtcpxr.NewWatch(thresholds)
			for i, v := range tt.values {
				var m vqrtcpxr.Metrics
				m.Set(tt.figure, v)
				if got := w.Look(&m); !reflect.DeepEqual(got, tt.want[i]) {
					t.Errorf("look %d at %v: %v, want %v", i+1, v, got, tt.want[i])
				}
			}
			if got := w.Look(&vqrtcpxr.Metrics{}); got != nil {
				t.Errorf("nothing is known: %v", got)
			}
		})
	}
}

// TestGrammar has the judge refuse what is not a report.
func TestGrammar(t *testing.T) {
	good := string(whole().Marshal())
	for name, bad := range map[string]string{
		"no end":            strings.TrimSuffix(good, "\r\n"),
		"another beginning": strings.Replace(good, "VQSessionReport", "VQReport", 1),
		"no group":          strings.Replace(good, "LocalGroup: ata-agent\r\n", "", 1),
		"twice":             strings.Replace(good, "NLR=4.00 JDR=2.00", "NLR=4.00 NLR=2.00", 1),
		"out of order":      strings.Replace(good, "NLR=4.00 JDR=2.00", "JDR=4.00 NLR=2.00", 1),
		"a level of -130":   strings.Replace(good, "SL=-20", "SL=-130", 1),
		"no time":           strings.Replace(good, "START=2026", "START=26", 1),
		"a line more":       good + "Hello: 1\r\n",
	} {
		if bad == good {
			t.Fatalf("%s: the test changes nothing", name)
		}
		if _, err := vqtest.Parse([]byte(bad)); err == nil {
			t.Errorf("%s is taken:\n%s", name, bad)
		}
	}
}
