package cause

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/quality"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// sound is a call in order after n seconds.
func sound(n int) Snapshot {
	packets := uint64(50 * n)
	return Snapshot{
		At: began.Add(time.Duration(n) * time.Second), Talking: true,
		Heard:    quality.Report{Counts: quality.Counts{Played: packets}, BufferMost: 200 * time.Millisecond, SpeechDBm0: -20, NoiseDBm0: -70},
		Received: packets, Sent: packets, FarReports: uint64(n / 5), FarReportsOfUs: uint64(n / 5), SSRC: 7,
		SpeechDBm0: -21, NoiseDBm0: -72, ToPhone: -20, SentLevel: -75, EchoCancelled: true,
	}
}

// recorded is a call of so many seconds of which change alters each.
func recorded(seconds int, change func(n int, s *Snapshot)) *Record {
	r := &Record{}
	for n := range seconds + 1 {
		s := sound(n)
		change(n, &s)
		r.Add(s)
	}
	return r
}

func TestCauses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(n int, s *Snapshot)
		want   string // causes in order
		value  float64
	}{
		{"in order", func(int, *Snapshot) {}, "", 0},
		{"loss at random", func(n int, s *Snapshot) {
			s.Heard.Lost, s.Heard.BadRuns = uint64(3*n), uint64(3*n)
		}, "loss-received", 100. * 3 / 53},
		{"loss before the talk", func(n int, s *Snapshot) {
			s.Talking, s.Heard.Lost = n > 30, min(uint64(3*n), 90)
		}, "", 0},
		{"late while the processor stalls", func(n int, s *Snapshot) {
			s.Stalls, s.Stalled = uint64((n+1)/2), time.Second+time.Duration((n+1)/2)*90*time.Millisecond
			s.Concealed, s.Heard.Jitter = time.Duration(n)*50*time.Millisecond, 20*time.Millisecond
		}, "processor-stalls", 30 * 90},
		{"on hold nothing comes", func(n int, s *Snapshot) {
			if n >= 10 && n < 40 {
				s.Talking = false
				s.Received = 500
			}
		}, "", 0},
		{"pauses are left out", func(n int, s *Snapshot) {
			s.Pauses = true
			s.Received = min(s.Received, 500)
		}, "", 0},
		{"far clock", func(n int, s *Snapshot) { s.Transit = -time.Duration(n) * 200 * time.Microsecond }, "clock-drift", 200},
		{"the way became longer", func(n int, s *Snapshot) {
			if n > 30 {
				s.Transit = 20 * time.Millisecond
			}
		}, "", 0},
		{"late and loud", func(n int, s *Snapshot) {
			s.Heard.RoundTrip, s.Heard.SpeechDBm0 = 700*time.Millisecond, -3
		}, "delay far-too-loud", 350},
		{"late bursts on a weak radio link", func(n int, s *Snapshot) {
			s.RadioDBm = -60
			if s.Concealed = time.Duration(n/5) * 200 * time.Millisecond; n%5 == 0 {
				s.RadioDBm = -80
			}
		}, "weak-radio late-bursts-received", -80},
		{"weak radio link that does no harm", func(_ int, s *Snapshot) { s.RadioDBm = -85 }, "", 0},
		{"late bursts on a good radio link", func(n int, s *Snapshot) {
			s.RadioDBm = -55
			s.Concealed = time.Duration(n/5) * 200 * time.Millisecond
		}, "late-bursts-received", 2400},
		{"socket refuses", func(n int, s *Snapshot) { s.SendErrors, s.Sent = s.Sent, 0 }, "cannot-send", 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := recorded(60, tt.change).Causes()
			var names []string
			for _, f := range got {
				names = append(names, f.Cause.String())
			}
			if strings.Join(names, " ") != tt.want {
				t.Fatalf("causes are %v, want %q", got, tt.want)
			}
			if len(got) > 0 && (got[0].Value-tt.value > 0.1 || tt.value-got[0].Value > 0.1) {
				t.Errorf("the figure is %v, want %v", got[0].Value, tt.value)
			}
		})
	}
}

// Codes that say that somebody is busy, absent or unknown are no fault.
func TestRefused(t *testing.T) {
	for code, want := range map[int]bool{200: false, 404: false, 480: false, 486: false, 487: false, 603: false, 403: true, 408: true, 500: true, 503: true} {
		r := Record{Signalling: Signalling{Code: code}}
		if got := r.Causes(); (len(got) == 1 && got[0].Cause == ServerRefused) != want {
			t.Errorf("status %d: %v", code, got)
		}
	}
}

// A counter that begins anew, time that stands still and levels nobody knows must not
// be taken for anything.
func TestStrangeSnapshots(t *testing.T) {
	var r Record
	r.Add(sound(10))
	r.Add(sound(10))
	back := sound(11)
	back.Received, back.Heard.Played, back.Sent = 0, 0, 0
	r.Add(back)
	r.Add(sound(5))
	for n := 12; n < 20; n++ {
		r.Add(sound(n))
	}
	if got := r.Causes(); len(got) > 0 {
		t.Errorf("causes are %v", got)
	}
}

func TestAddDoesNotAllocate(t *testing.T) {
	var r Record
	n := 0
	if got := testing.AllocsPerRun(100, func() { n++; r.Add(sound(n)) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func TestNamesComeBack(t *testing.T) {
	for i, name := range Names() {
		var c Cause
		if err := c.UnmarshalText([]byte(name)); err != nil || int(c) != i || c.String() != name {
			t.Errorf("%s comes back as %v: %v", name, c, err)
		}
		if a := abouts[i]; a.owner == "" || a.shows == "" || a.unit == "" {
			t.Errorf("%s is not described", name)
		}
	}
	var c Cause
	if c.UnmarshalText([]byte("weather")) == nil {
		t.Error("an unknown cause is taken")
	}
}

// TestDocsNameEveryCause reads docs/causes.md.
func TestDocsNameEveryCause(t *testing.T) {
	page, err := os.ReadFile("../../docs/causes.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range Names() {
		if row := "| `" + name + "` | " + abouts[i].shows + ", " + abouts[i].unit + " |"; !strings.Contains(string(page), row) {
			t.Errorf("no row %q", row)
		}
	}
}

func BenchmarkCauses(b *testing.B) {
	r := recorded(60, func(n int, s *Snapshot) { s.Heard.Lost, s.Heard.BadRuns = uint64(3*n), uint64(3*n) })
	b.ReportAllocs()
	for b.Loop() {
		r.Causes()
	}
}
