package telemetry

import (
	"bytes"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"periph.io/x/conn/v3/physic"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/slic"
)

func value(t *testing.T, items []privacy.Item, f privacy.Field) float64 {
	t.Helper()
	for _, i := range items {
		if i.Field == f {
			return i.Value
		}
	}
	t.Fatalf("no %s", f.Name)
	return 0
}

func TestTooManySeries(t *testing.T) {
	n := 300
	r := NewRegistry(slog.New(slog.DiscardHandler), NewCollector("many", func(s *Samples) error {
		for i := range n {
			s.Set(temperature, 1, strconv.Itoa(i))
		}
		return nil
	}))
	items := r.Gather()
	if got := seriesOf(items); got != seriesLimit {
		t.Errorf("%d series, want %d", got, seriesLimit)
	}
	if got := value(t, items, seriesDropped); got != 102 {
		t.Errorf("%g series were counted as left out, want 102", got)
	}
	n = 3
	if got := seriesOf(r.Gather()); got != 5 {
		t.Errorf("%d series, want 5", got)
	}
}

func TestFailingCollectorIsCountedAndSaidOnce(t *testing.T) {
	var log bytes.Buffer
	err := errors.New("broken")
	r := NewRegistry(slog.New(slog.NewTextHandler(&log, nil)), NewCollector("part", func(*Samples) error { return err }))
	r.Gather()
	if got := value(t, r.Gather(), collectorErrors); got != 2 {
		t.Errorf("%g errors were counted, want 2", got)
	}
	if n := strings.Count(log.String(), "collector=part err=broken"); n != 1 {
		t.Errorf("it was said %d times:\n%s", n, log.String())
	}
	err = nil
	r.Gather()
	err = errors.New("broken")
	r.Gather()
	if n := strings.Count(log.String(), "collector=part"); n != 2 {
		t.Errorf("after it worked again it was said %d times", n)
	}
}

// eightLines is the largest board, each line in a call.
func eightLines() ([]agent.LineStatus, []slic.Line) {
	var lines []agent.LineStatus
	var ports []slic.Line
	for n := range 8 {
		up := call(1, true).CallStatus
		lines = append(lines, agent.LineStatus{Line: n + 1, Enabled: true, PortUp: true, Registration: "registered", Calls: []agent.CallStatus{up}})
		ports = append(ports, fakeLine{caps: slic.Caps{Measure: true}, m: slic.Measurement{RingCurrent: 20 * physic.MilliAmpere, TripAt: 34 * physic.MilliAmpere}})
	}
	return lines, ports
}

// TestLargestBoardFits has everything at once: of eight lines only measurements
// of the last may be left out.
func TestLargestBoardFits(t *testing.T) {
	a := &fakeAgent{}
	var ports []slic.Line
	a.lines, ports = eightLines()
	for n := range 8 {
		c := call(uint32(n), true)
		c.Line, c.Codec = n+1, []string{"PCMU", "PCMA"}[n%2]
		a.past = append(a.past, c)
	}
	r := NewRegistry(slog.New(slog.DiscardHandler), Device(pi(), "1.2", "generic")...)
	r.Add(FreeSpace(t.TempDir()), Clock(), links0(pi()), Lines(a.status), NewCalls(a.status, a.calls), Loops(a.status, ports))
	items := r.Gather()
	if n := seriesOf(items); n > seriesLimit {
		t.Errorf("%d series", n)
	}
	measured := 0
	for _, i := range items {
		if i.Field == lineCurrent || i.Field == lineVoltage || i.Field == ringTripMargin {
			measured++
		}
	}
	if left := value(t, items, seriesDropped); measured < 4 || int(left) != 40-measured {
		t.Errorf("%d measurements are told, %g series left out", measured, left)
	}
}

// TestFieldsAreDeclaredWell keeps what Prometheus and owners expect.
func TestFieldsAreDeclaredWell(t *testing.T) {
	for _, f := range Fields().Fields() {
		metric := f.Kind != privacy.Text && !strings.Contains(f.Name, ".")
		switch {
		case metric && !strings.HasPrefix(f.Name, "ata_"):
			t.Errorf("%s does not begin with ata_", f.Name)
		case metric && (f.Kind == privacy.Counter) != strings.HasSuffix(f.Name, "_total"):
			t.Errorf("%s: counters, and they alone, end in _total", f.Name)
		case f.Kind == privacy.Info && !strings.HasSuffix(f.Name, "_info"):
			t.Errorf("%s: infos end in _info", f.Name)
		case f.Unit == "s" && !strings.Contains(f.Name, "seconds"), f.Unit == "By" && !strings.Contains(f.Name, "bytes"):
			t.Errorf("%s does not name its unit %s", f.Name, f.Unit)
		case !strings.HasSuffix(f.Help, "."):
			t.Errorf("%s: help is no sentence", f.Name)
		case f.Level == privacy.Necessary && f.Purpose != privacy.Consent:
			t.Errorf("%s is not necessary", f.Name)
		}
	}
}

func BenchmarkGather(b *testing.B) {
	a := &fakeAgent{}
	lines, ports := eightLines()
	a.lines = lines[:2]
	r := NewRegistry(slog.New(slog.DiscardHandler), Device(pi(), "1.2", "generic")...)
	r.Add(links0(pi()), Lines(a.status), NewCalls(a.status, a.calls), Loops(a.status, ports[:2]))
	for b.Loop() {
		r.Gather()
	}
}
