package privacy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/state"
)

const (
	consentFile   = "consent.json"
	keptDecisions = 50
)

// Decision is the record of one decision of the owner.
type Decision struct {
	Serial  int       `json:"serial"`  // counts decisions, from 1
	Version int       `json:"version"` // of the notice the owner was shown
	Actor   string    `json:"actor"`   // who decided, as the interface knows it
	At      time.Time `json:"at"`
	Permit
}

// record is the file.
type record struct {
	Decisions []Decision     `json:"decisions"`      // oldest first, the last is in force
	Told      map[string]int `json:"told,omitempty"` // serial of the decision that each receiver knows
}

// Keeper keeps the owner's decisions. Its methods may be called from any
// goroutine.
type Keeper struct {
	dir state.Dir

	mu     sync.Mutex
	asked  Asked
	record record
	narrow []func()
	change chan struct{} // closed and replaced at each change

	permit atomic.Uint64 // packed: readers must not wait for a file to be written
}

// Open reads the decisions of the folder "privacy" of a state folder. A record
// that is damaged is an error and comes with a keeper under which nothing leaves:
// what the owner had decided cannot be known.
func Open(home state.Dir) (*Keeper, error) {
	dir, err := state.Open(home.Path("privacy"))
	if err != nil {
		return nil, fmt.Errorf("privacy: %w", err)
	}
	k := &Keeper{dir: dir, asked: Asked{Notice: true}, change: make(chan struct{})}
	data, err := os.ReadFile(dir.Path(consentFile))
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, fmt.Errorf("privacy: read consent: %w", err)
	}
	if k.record, err = parseRecord(data); err != nil {
		k.record = record{Decisions: []Decision{{Serial: 1, Actor: "damaged record"}}}
	}
	return k, err
}

// parseRecord reads the file.
func parseRecord(data []byte) (record, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, fmt.Errorf("privacy: read consent: %w", err)
	}
	for _, d := range r.Decisions {
		if !d.Level.Valid() || d.Serial < 1 {
			return record{}, fmt.Errorf("privacy: read consent: decision %d has level %d", d.Serial, d.Level)
		}
	}
	return r, nil
}

// Ask sets what the configuration asks for.
func (k *Keeper) Ask(a Asked) {
	k.mu.Lock()
	before := k.Permit()
	k.asked = a
	narrowed := k.settle(before)
	k.mu.Unlock()
	run(narrowed)
}

// Permit returns what may leave now. It never waits.
func (k *Keeper) Permit() Permit {
	v := k.permit.Load()
	return Permit{Level(v >> 32), Set(v)}
}

// Asked returns what the configuration asks for.
func (k *Keeper) Asked() Asked {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.asked
}

// Changed returns a channel that closes at the next change of the permit or of
// the record.
func (k *Keeper) Changed() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.change
}

// OnNarrow has f called after each change that allows less than before, before
// the call that made the change returns. f must not decide anything itself.
func (k *Keeper) OnNarrow(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.narrow = append(k.narrow, f)
}

// Decide records a decision of the owner and puts it in force. It is in force
// also if it could not be written; the error then says that a restart forgets
// it.
func (k *Keeper) Decide(p Permit, actor string, at time.Time) error {
	if !p.Level.Valid() {
		return fmt.Errorf("privacy: level %d, allowed: 0 to %d", p.Level, levels-1)
	}
	k.mu.Lock()
	before := k.Permit()
	d := Decision{Serial: 1, Version: k.asked.Version, Actor: actor, At: at.UTC().Round(time.Second), Permit: p}
	if last := k.last(); last != nil {
		d.Serial = last.Serial + 1
	}
	ds := append(k.record.Decisions, d)
	k.record.Decisions = ds[max(0, len(ds)-keptDecisions):]
	err := k.write()
	narrowed := k.settle(before)
	k.mu.Unlock()
	run(narrowed)
	return err
}

// settle puts into force what is asked and decided, and returns what must be
// run after it.
func (k *Keeper) settle(before Permit) []func() {
	now := effective(k.asked, k.last())
	k.permit.Store(uint64(now.Level)<<32 | uint64(now.Categories))
	close(k.change)
	k.change = make(chan struct{})
	if now.covers(before) {
		return nil
	}
	return k.narrow
}

func run(fs []func()) {
	for _, f := range fs {
		f()
	}
}

func (k *Keeper) last() *Decision {
	if n := len(k.record.Decisions); n > 0 {
		return &k.record.Decisions[n-1]
	}
	return nil
}

// Decisions returns the record, oldest first.
func (k *Keeper) Decisions() []Decision {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]Decision{}, k.record.Decisions...)
}

// Untold returns the decision in force if a receiver does not know it yet.
func (k *Keeper) Untold(receiver string) (Decision, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	last := k.last()
	if last == nil || k.record.Told[receiver] == last.Serial {
		return Decision{}, false
	}
	return *last, true
}

// Told records that a receiver knows a decision.
func (k *Keeper) Told(receiver string, serial int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.record.Told == nil {
		k.record.Told = map[string]int{}
	}
	k.record.Told[receiver] = serial
	return k.write()
}

func (k *Keeper) write() error {
	data, err := json.MarshalIndent(k.record, "", "  ")
	if err != nil {
		return fmt.Errorf("privacy: write consent: %w", err)
	}
	return k.dir.WriteFile(consentFile, append(data, '\n'))
}
