package privacy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/state"
)

const (
	ledgerFile = "ledger.json"
	ledgerDays = 7
)

// Ledger keeps what left the device in the last days: how often, to whom, which
// fields. It does not keep the values. Its methods may be called from any
// goroutine.
type Ledger struct {
	dir state.Dir

	mu    sync.Mutex
	days  map[string]day
	dirty bool
}

// day is receiver, field, how often.
type day map[string]map[string]uint64

// Entry is what left towards one receiver on one day.
type Entry struct {
	Day      string            `json:"day"` // YYYY-MM-DD, UTC
	Receiver string            `json:"receiver"`
	Fields   map[string]uint64 `json:"fields"` // how often each
}

// OpenLedger reads the ledger. A damaged one is begun anew: it is evidence for
// the owner, and no condition for anything.
func OpenLedger(home state.Dir) (*Ledger, error) {
	dir, err := state.Open(home.Path("privacy"))
	if err != nil {
		return nil, fmt.Errorf("privacy: %w", err)
	}
	l := &Ledger{dir: dir, days: map[string]day{}}
	data, err := os.ReadFile(dir.Path(ledgerFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("privacy: read ledger: %w", err)
	}
	if json.Unmarshal(data, &l.days) != nil || l.days == nil {
		l.days = map[string]day{}
	}
	return l, nil
}

// Left notes that a batch was given to a receiver.
func (l *Ledger) Left(receiver string, c Cleared, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	today := now.UTC().Format(time.DateOnly)
	if l.days[today] == nil {
		l.days[today] = day{}
		l.trim()
	}
	fields := l.days[today][receiver]
	if fields == nil {
		fields = map[string]uint64{}
		l.days[today][receiver] = fields
	}
	for _, i := range c.Items() {
		fields[i.Field.Name]++
	}
	l.dirty = true
}

// trim forgets all but the last days.
func (l *Ledger) trim() {
	days := slices.Sorted(maps.Keys(l.days))
	for _, d := range days[:max(0, len(days)-ledgerDays)] {
		delete(l.days, d)
	}
}

// Entries returns what left, latest day first.
func (l *Ledger) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries := []Entry{}
	for _, d := range slices.Backward(slices.Sorted(maps.Keys(l.days))) {
		for _, r := range slices.Sorted(maps.Keys(l.days[d])) {
			entries = append(entries, Entry{d, r, maps.Clone(l.days[d][r])})
		}
	}
	return entries
}

// Flush writes the ledger if it changed.
func (l *Ledger) Flush() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.dirty {
		return nil
	}
	data, err := json.Marshal(l.days)
	if err != nil {
		return fmt.Errorf("privacy: write ledger: %w", err)
	}
	if err := l.dir.WriteFile(ledgerFile, data); err != nil {
		return err
	}
	l.dirty = false
	return nil
}

// Erase forgets everything.
func (l *Ledger) Erase() error {
	l.mu.Lock()
	l.days, l.dirty = map[string]day{}, true
	l.mu.Unlock()
	return l.Flush()
}
