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
	"sync"

	"github.com/ata-agent/ata-agent/state"
)

const bootsFile = "boots.json"

// Why a computer started.
const (
	startedByPanic    = "panic"    // the kernel left a record of its end
	startedByWatchdog = "watchdog" // the watchdog's driver says so
	startedByUser     = "user"     // the agent was told to end before
	startedByPower    = "power"    // none of these: the power came back
)

var bootReasons = []string{startedByPanic, startedByWatchdog, startedByUser, startedByPower}

// boots counts the starts of the computer that the agent has seen. It writes twice
// in a run of the program: at its begin and at its end.
type boots struct {
	dir state.Dir

	mu     sync.Mutex
	record bootRecord
}

// bootRecord is what is kept of it.
type bootRecord struct {
	Boot   string            `json:"boot"`  // the kernel's id of the last one
	Ended  bool              `json:"ended"` // whether the agent was told to end
	Counts map[string]uint64 `json:"counts"`
}

// openBoots reads what is kept. A record that is damaged begins anew.
func openBoots(dir state.Dir) (*boots, error) {
	b := &boots{dir: dir}
	data, err := os.ReadFile(dir.Path(bootsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	if json.Unmarshal(data, &b.record) != nil {
		b.record = bootRecord{}
	}
	return b, nil
}

// begin counts the present start, if it was not counted before.
func (b *boots) begin(root fs.FS) error {
	boot, err := readText(root, "proc/sys/kernel/random/boot_id")
	if err != nil || boot == "" {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.record
	switch {
	case r.Boot == "": // there is no start to compare with
	case r.Boot != boot:
		r.Counts = maps.Clone(r.Counts)
		tally(&r.Counts, startReason(root, r.Ended))
	case !r.Ended:
		return nil // the agent was started again within a boot, after a fault
	}
	r.Boot, r.Ended = boot, false
	return b.write(r)
}

// end notes that the agent was told to end.
func (b *boots) end() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.record.Boot == "" {
		return nil
	}
	r := b.record
	r.Ended = true
	return b.write(r)
}

func (b *boots) write(r bootRecord) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	if err := b.dir.WriteFile(bootsFile, data); err != nil {
		return err
	}
	b.record = r
	return nil
}

// byWatchdog is the bit of a watchdog's boot status that says that it made the
// computer start (WDIOF_CARDRESET of linux/watchdog.h).
const byWatchdog = 0x20

// startReason is why the computer started, as far as can be seen.
func startReason(root fs.FS, ended bool) string {
	if records, err := fs.Glob(root, "sys/fs/pstore/dmesg-*"); err == nil && len(records) > 0 {
		return startedByPanic
	}
	dogs, err := fs.Glob(root, "sys/class/watchdog/watchdog*/bootstatus")
	if err == nil && slices.ContainsFunc(dogs, func(name string) bool { return barked(root, name) }) {
		return startedByWatchdog
	}
	if ended {
		return startedByUser
	}
	return startedByPower
}

func barked(root fs.FS, name string) bool {
	text, err := readText(root, name)
	if err != nil {
		return false
	}
	bits, err := strconv.ParseUint(text, 0, 32)
	return err == nil && bits&byWatchdog != 0
}

// Name implements Collector.
func (b *boots) Name() string { return "boots" }

// Collect implements Collector.
func (b *boots) Collect(s *Samples) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, reason := range bootReasons {
		s.Set(reboots, float64(b.record.Counts[reason]), reason)
	}
	return nil
}
