package script

import (
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/slic"
)

// bell rings every second, three times, after each lifting, and dials.
type bell struct {
	port line.Port
	next time.Time
	left int
}

func (b *bell) Deadline() (time.Time, bool) { return b.next, b.left > 0 }

func (b *bell) Handle(at time.Time, e line.Event) {
	switch e := e.(type) {
	case line.Hook:
		if e.Off {
			b.left, b.next = 3, at.Add(time.Second)
			b.port.Connect(b.port.Dial("1", false))
		}
	case line.Timer:
		for b.left > 0 && !b.next.After(at) {
			b.left--
			b.next = b.next.Add(time.Second)
			if b.left != 1 {
				b.port.SetFeed(slic.Ringing)
			}
		}
	}
}

func newBell(port line.Port) Machine { return &bell{port: port} }

func run(t *testing.T, play func(*Script, func(line.Port) Machine) *Script, text string) string {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return play(s, newBell).Format()
}

// TestRun checks that timers come by themselves, as steps between steps and as
// later effects within them, and that those without effect leave no trace.
func TestRun(t *testing.T) {
	got := run(t, Run, `
# Comment.
set a b

+0s hook off
	dial 7 "1"
+500ms timer
+5s wait
# Again.
+0s flash 2500ms
+10ms flash 10ms
+2s late timer
+3s wait
# End.
`)
	const want = `
# Comment.
set a b

+0s hook off
	dial 7 "1"
	connect 7
+1s timer
	feed ringing
+2s timer
	feed ringing
+2.5s wait
# Again.
+0s flash 2.5s
	+2.5s dial 101 "1"
	+2.5s connect 101
+10ms flash 10ms
	+10ms dial 102 "1"
	+10ms connect 102
+2s late timer
	feed ringing
+1s timer
	feed ringing
+2s wait
# End.
`
	if got != want {
		t.Errorf("Run gave\n%s\nwant\n%s", got, want)
	}
	if again := run(t, Run, got); again != got {
		t.Errorf("run again it gave\n%s\nwant\n%s", again, got)
	}
}

func TestReplay(t *testing.T) {
	const want = `+0s hook off
	dial 42 "1"
	connect 42
+1.003s timer
	feed ringing
+1.2s timer
+5s timer
	feed ringing
`
	if got := run(t, Replay, want); got != want {
		t.Errorf("Replay gave\n%s\nwant\n%s", got, want)
	}
}

// silent is a port that does nothing; Dial returns ever larger names.
type silent struct{ calls int }

func (s *silent) SetFeed(slic.Feed)                { s.calls++ }
func (s *silent) Play(line.Tone)                   { s.calls++ }
func (s *silent) Alert(line.CallID)                { s.calls++ }
func (s *silent) Answer(line.CallID)               { s.calls++ }
func (s *silent) Reject(line.CallID, line.Refusal) { s.calls++ }
func (s *silent) Hangup(line.CallID)               { s.calls++ }
func (s *silent) Hold(line.CallID, bool)           { s.calls++ }
func (s *silent) Connect(line.CallID)              { s.calls++ }
func (s *silent) SendFlash(line.CallID)            { s.calls++ }

func (s *silent) SendCallerID(line.CallID, line.Signal) time.Duration {
	s.calls++
	return 713 * time.Millisecond
}

func (s *silent) Dial(string, bool) line.CallID {
	s.calls++
	return line.CallID(s.calls)
}

// TestRecorderPort checks that every method is passed on and written down.
func TestRecorderPort(t *testing.T) {
	port := &silent{}
	r := NewRecorder(port, Start, 10)
	r.Play(line.Howler) // before any event: passed on only
	r.Event(Start.Add(time.Second), line.Timer{}, true)
	r.SetFeed(slic.Open)
	r.Play(line.Busy)
	r.Dial("112", true)
	r.Alert(1)
	r.Answer(2)
	r.Reject(3, line.RefuseUnavailable)
	r.Hangup(4)
	r.Hold(5, true)
	r.Connect(6)
	r.SendFlash(7)
	r.SendCallerID(8, line.CallData)
	const want = `+1s timer
	feed open
	play busy
	dial 4 "112" emergency
	alert 1
	answer 2
	reject 3 unavailable
	hangup 4
	hold 5 on
	connect 6
	flash 7
	callerid 8 data 713ms
`
	if got := r.Script().Format(); got != want {
		t.Errorf("recorded\n%s\nwant\n%s", got, want)
	}
	if port.calls != 12 {
		t.Errorf("%d calls passed on, want 12", port.calls)
	}
}

// TestRecorderForgets checks that a long recording is cut where the line was
// idle, and keeps what was said of the network.
func TestRecorderForgets(t *testing.T) {
	r := NewRecorder(&silent{}, Start, 100)
	r.Event(Start, line.Service{Up: true}, true)
	r.Event(Start, line.Messages{Waiting: true}, true)
	r.Event(Start, line.PortState{Up: true}, true)
	for i := range 10000 {
		at := Start.Add(time.Duration(i) * time.Second)
		r.Event(at, line.Digit{Key: '1'}, i%30 == 0)
		if n := len(r.steps); n > 400 {
			t.Fatalf("%d steps are kept", n)
		}
	}
	s := r.Script()
	if len(s.Steps) < 100 {
		t.Errorf("%d steps are left, want at least 100", len(s.Steps))
	}
	for i, want := range []string{"port up", "service up", "messages waiting", "digit 1"} {
		if got := s.Steps[i].Text; got != want {
			t.Errorf("step %d is %q, want %q", i, got, want)
		}
	}
	if first := s.Steps[3].At % (30 * time.Second); first != 0 {
		t.Errorf("the recording begins %v after the line was idle", first)
	}
	if s.Steps[0].At != s.Steps[3].At {
		t.Errorf("what still holds is at %v, the first step at %v", s.Steps[0].At, s.Steps[3].At)
	}
}

// TestRecorderForgetsBusy checks that a line that is never idle does not fill
// the memory.
func TestRecorderForgetsBusy(t *testing.T) {
	r := NewRecorder(&silent{}, Start, 10)
	for i := range 1000 {
		r.Event(Start.Add(time.Duration(i)), line.Timer{}, false)
		if n := len(r.steps); n > 40 {
			t.Fatalf("%d steps are kept", n)
		}
	}
}
