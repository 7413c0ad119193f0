package telemetry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/state"
)

const (
	originsFile = "origins.json"
	keptBoots   = 8
	// shift is by how much the clock must move before the origin of a boot is
	// written again: flash is dear, and a second is exact enough for yesterday.
	shift = time.Second
)

// stamp is a moment that does not depend on the clock's being right: which boot,
// and how long after it.
type stamp struct {
	boot  string
	since time.Duration
}

func (s stamp) String() string { return s.boot + " " + strconv.FormatInt(int64(s.since), 10) }

func parseStamp(text string) (stamp, bool) {
	boot, since, ok := strings.Cut(text, " ")
	n, err := strconv.ParseInt(since, 10, 64)
	return stamp{boot, time.Duration(n)}, ok && err == nil && boot != "" && n >= 0
}

// origins knows when each of the last boots was, once the clock was right during
// it. It is pure: times come from outside.
type origins struct {
	Boots map[string]time.Time `json:"boots"` // when the boot was
}

// learn takes over that at the moment of a stamp the time was now. It reports
// whether that is news.
func (o *origins) learn(s stamp, now time.Time) bool {
	if o.Boots == nil {
		o.Boots = map[string]time.Time{}
	}
	at := now.Add(-s.since).UTC()
	if old, ok := o.Boots[s.boot]; ok && at.Sub(old).Abs() < shift {
		return false
	}
	o.Boots[s.boot] = at
	for len(o.Boots) > keptBoots {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(o.Boots)), func(a, b string) int { return o.Boots[a].Compare(o.Boots[b]) })
		delete(o.Boots, oldest)
	}
	return true
}

// at is the time of a stamp, if its boot is known.
func (o *origins) at(s stamp) (time.Time, bool) {
	origin, ok := o.Boots[s.boot]
	return origin.Add(s.since), ok
}

// timeline makes stamps and tells their times.
type timeline struct {
	dir   state.Dir
	boot  string
	start time.Time     // with the monotonic reading
	up    time.Duration // of the computer at start
	set   func() bool   // whether the clock follows a time server

	mu      sync.Mutex
	origins origins
}

// patience is how long a clock that is plainly wrong is waited for.
const patience = 10 * time.Minute

// epoch is before any time at which this program can run.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// newTimeline reads which boot this is.
func newTimeline(dir state.Dir, root fs.FS, set func() bool) (*timeline, error) {
	boot, err1 := readText(root, "proc/sys/kernel/random/boot_id")
	up, err2 := readText(root, "proc/uptime")
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	seconds, _, _ := strings.Cut(up, " ")
	v, err := strconv.ParseFloat(seconds, 64)
	if err != nil || boot == "" || strings.Contains(boot, " ") {
		boot, v = newRun(), 0 // a computer that does not tell: each start counts as a boot
	}
	t := &timeline{dir: dir, boot: boot, start: time.Now(), up: time.Duration(v * float64(time.Second)), set: set}
	data, err := os.ReadFile(dir.Path(originsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	if json.Unmarshal(data, &t.origins) != nil {
		t.origins = origins{}
	}
	return t, nil
}

func (t *timeline) now() stamp { return stamp{t.boot, t.up + time.Since(t.start)} }

// right reports whether the clock can be believed, or no longer be waited for,
// and takes over what it says.
func (t *timeline) right() bool {
	wall := time.Now().Round(0)
	believed := wall.After(epoch) || t.set()
	if !believed && time.Since(t.start) < patience {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.origins.learn(t.now(), wall)
	return true
}

// at is the time of a stamp, as the clock is now.
func (t *timeline) at(text string) (time.Time, bool) {
	s, ok := parseStamp(text)
	if !ok {
		return time.Time{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.origins.at(s)
}

// flush writes the origins if they changed.
func (t *timeline) flush() error {
	t.mu.Lock()
	data, err := json.Marshal(t.origins)
	t.mu.Unlock()
	if err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	if old, err := os.ReadFile(t.dir.Path(originsFile)); err == nil && string(old) == string(data) {
		return nil
	}
	return t.dir.WriteFile(originsFile, data)
}
