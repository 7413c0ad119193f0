package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x"
	"github.com/ata-agent/ata-agent/state"
)

// TestCalibrationIsKept: what the agent's chips find out is on disk when it has
// ended, and serves a start of the same board.
func TestCalibrationIsKept(t *testing.T) {
	t.Parallel() // in real time, mostly asleep
	s := startService(t, sim.Si321x, "US")
	log := slog.New(slog.DiscardHandler)
	load := func(board string, at time.Time) *si321x.Calibration {
		return loadCalibrations(s.dir, board, at, log).of(0)
	}
	now := time.Now()
	soon(t, "the results are kept", func() bool { return load("virtual", now) != nil })
	if got := load("virtual", now); got.Part != si321x.Si3215 || got.Revision != 5 || got.Results == [10]byte{} {
		t.Errorf("kept %+v", got)
	}
	for name, tt := range map[string]struct {
		board string
		at    time.Time
		want  bool
	}{
		"young":                  {"virtual", now.Add(89 * 24 * time.Hour), true},
		"old":                    {"virtual", now.Add(91 * 24 * time.Hour), false},
		"before the time is set": {"virtual", time.Unix(100, 0), true},
		"another board":          {"rpi-si3210-dual", now, false},
	} {
		if got := load(tt.board, tt.at); (got != nil) != tt.want {
			t.Errorf("%s: %+v, want it used: %v", name, got, tt.want)
		}
	}
}

// TestRestoredCalibration: a chip that gets its results back starts faster and
// is not calibrated.
func TestRestoredCalibration(t *testing.T) {
	t.Parallel() // in real time, mostly asleep
	dir, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	took := func() time.Duration {
		c := loadCalibrations(dir, "virtual", time.Now(), slog.New(slog.DiscardHandler))
		restored := c.of(0) != nil
		b, err := sim.NewBoard(sim.BoardOpts{Lines: 1, Realtime: true, Calibration: c.of, Calibrated: c.put})
		if err != nil {
			t.Fatal(err)
		}
		took := startUp(t, b)
		if calibrated := len(c.dirty) > 0; calibrated == restored {
			t.Errorf("restored %v, calibrated %v", restored, calibrated)
		}
		over, end := context.WithCancel(t.Context())
		end()
		c.run(over) // writes what is new
		return took
	}
	first, second := took(), took()
	t.Logf("ready after %v, with kept results after %v", first, second)
	if second > first-100*time.Millisecond {
		t.Errorf("ready after %v with kept results, %v without", second, first)
	}
}

func TestBrokenCalibrationFile(t *testing.T) {
	dir := state.Dir(t.TempDir())
	var log bytes.Buffer
	for _, text := range []string{"", "[]", `{"board": "b", "lines": {"1": {"part": "toaster"}}}`} {
		if err := os.WriteFile(dir.Path(calibrationName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		log.Reset()
		c := loadCalibrations(dir, "b", time.Now(), slog.New(slog.NewTextHandler(&log, nil)))
		if c.of(0) != nil || !strings.Contains(log.String(), "calibration results are lost") {
			t.Errorf("%q: %+v, log %q", text, c.of(0), log.String())
		}
	}
	c := loadCalibrations(state.Dir(dir.Path("none")), "b", time.Now(), slog.New(slog.NewTextHandler(&log, nil)))
	log.Reset()
	c.put(0, si321x.Calibration{})
	c.write()
	if !strings.Contains(log.String(), "calibration results not kept") {
		t.Errorf("a folder that is not there: log %q", log.String())
	}
}

// startUp is how long the line of a board needs to be ready.
func startUp(t *testing.T, b *sim.Board) time.Duration {
	t.Helper()
	begin := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { clockBoard(ctx, b) })
	running.Go(func() { _ = b.Lines[0].Run(ctx, readyThen(cancel)) })
	running.Wait()
	return time.Since(begin)
}

// FuzzCalibrationFile: whatever the file holds, it is read or refused.
func FuzzCalibrationFile(f *testing.F) {
	data, err := json.Marshal(calibrationFile{"b", map[int]savedCalibration{1: {At: time.Unix(1e9, 0)}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := state.Dir(t.TempDir())
		if err := os.WriteFile(dir.Path(calibrationName), data, 0o600); err != nil {
			t.Fatal(err)
		}
		loadCalibrations(dir, "b", time.Now(), slog.New(slog.DiscardHandler)).of(0)
	})
}

// clockBoard exchanges silence until ctx ends.
func clockBoard(ctx context.Context, b *sim.Board) {
	to, from := [][]int16{make([]int16, b.PCM.Period())}, [][]int16{make([]int16, b.PCM.Period())}
	for ctx.Err() == nil {
		_ = b.PCM.Exchange(to, from) // the clock of a virtual board does not fail
	}
}

// readyThen calls done when the port works.
func readyThen(done func()) func(slic.Event) {
	return func(e slic.Event) {
		if e.Kind == slic.Ready {
			done()
		}
	}
}
