package telemetry

import (
	"os"
	"strconv"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/state"
)

// TestTimesAreRightAfterTheClockWasSet stamps while the clock says 1970 and asks
// for the times when it has been set.
func TestTimesAreRightAfterTheClockWasSet(t *testing.T) {
	var o origins
	early := stamp{"boot1", 20 * time.Second}
	wrong := time.Unix(20, 0)
	right := time.Date(2026, 11, 21, 12, 0, 40, 0, time.UTC)
	o.learn(early, wrong)
	if at, ok := o.at(early); !ok || !at.Equal(wrong) {
		t.Errorf("at = %v, %v", at, ok)
	}
	if !o.learn(stamp{"boot1", 40 * time.Second}, right) {
		t.Error("that the clock was set is no news")
	}
	if at, _ := o.at(early); !at.Equal(right.Add(-20 * time.Second)) {
		t.Errorf("what was stamped early was at %v", at)
	}
	if o.learn(stamp{"boot1", time.Minute}, right.Add(20*time.Second+300*time.Millisecond)) {
		t.Error("a clock that is led by little is news")
	}
	if _, ok := o.at(stamp{"boot0", time.Second}); ok {
		t.Error("a boot that is not known has times")
	}
}

func TestOldBootsAreForgotten(t *testing.T) {
	var o origins
	for i := range 2 * keptBoots {
		o.learn(stamp{strconv.Itoa(i), 0}, epoch.Add(time.Duration(i)*time.Hour))
	}
	if _, ok := o.at(stamp{"0", 0}); ok || len(o.Boots) != keptBoots {
		t.Errorf("%d boots are kept", len(o.Boots))
	}
	if at, ok := o.at(stamp{strconv.Itoa(2*keptBoots - 1), time.Second}); !ok || !at.Equal(epoch.Add(15*time.Hour+time.Second)) {
		t.Errorf("the last boot: %v, %v", at, ok)
	}
}

func TestStampsSurvive(t *testing.T) {
	want := stamp{"0b0b-1", 123456789 * time.Nanosecond}
	if got, ok := parseStamp(want.String()); !ok || got != want {
		t.Errorf("%v came back as %v", want, got)
	}
	for _, bad := range []string{"", "boot", "boot x", " 1", "boot -1", "boot 1 2"} {
		if s, ok := parseStamp(bad); ok {
			t.Errorf("parseStamp(%q) = %v", bad, s)
		}
	}
}

func FuzzParseStamp(f *testing.F) {
	f.Add("boot 1")
	f.Fuzz(func(t *testing.T, text string) {
		if s, ok := parseStamp(text); ok && s.since < 0 {
			t.Errorf("parseStamp(%q) = %v", text, s)
		}
	})
}

// TestClockThatIsNeverSet waits for a while and then goes on as well as it can.
func TestClockThatIsNeverSet(t *testing.T) {
	dir := state.Dir(t.TempDir())
	synctest.Test(t, func(t *testing.T) { // the clock of a bubble begins in 2000
		set := false
		line, err := newTimeline(dir, fakeRoot(), func() bool { return set })
		if err != nil {
			t.Fatal(err)
		}
		s := line.now()
		if s.since != 100500*time.Millisecond {
			t.Errorf("the first stamp is %v", s)
		}
		time.Sleep(patience - time.Second)
		if line.right() {
			t.Error("a clock that is plainly wrong is believed")
		}
		if _, ok := line.at(s.String()); ok {
			t.Error("a stamp has a time before the clock is right")
		}
		time.Sleep(time.Second)
		if !line.right() {
			t.Error("the clock is waited for too long")
		}
		set = true
		if err := line.flush(); err != nil {
			t.Fatal(err)
		}
		again, err := newTimeline(dir, fakeRoot(), func() bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		if at, ok := again.at(s.String()); !ok || time.Since(at) != patience {
			t.Errorf("after a restart the stamp is %v ago, %v", time.Since(at), ok)
		}
	})
}

func TestComputerThatTellsNoBoot(t *testing.T) {
	dir := state.Dir(t.TempDir())
	if err := os.WriteFile(dir.Path(originsFile), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	one, err := newTimeline(dir, fstest.MapFS{}, func() bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	two, err := newTimeline(dir, fstest.MapFS{}, func() bool { return true })
	if err != nil || one.boot == two.boot || one.boot == "" {
		t.Errorf("boots %q and %q, %v", one.boot, two.boot, err)
	}
}
