package dsptest

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the recorded figures")

// Bars are figures of quality measured by the tests of a package, recorded in a
// file so that a change that makes one worse fails. Run the tests with -update
// to record what they measure.
type Bars struct {
	path string

	mu       sync.Mutex
	recorded map[string]Bar
}

// Bar is one recorded figure: what was measured and how far a later measurement
// may be above it (Slack > 0) or below it (Slack < 0) before it counts as worse.
type Bar struct {
	Value float64 `json:"value"`
	Slack float64 `json:"slack"`
	Unit  string  `json:"unit,omitempty"`
}

// OpenBars reads the figures recorded in path.
func OpenBars(path string) (*Bars, error) {
	b := &Bars{path: path, recorded: map[string]Bar{}}
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("dsptest: read bars: %w", err)
	}
	if err := json.Unmarshal(text, &b.recorded); err != nil {
		return nil, fmt.Errorf("dsptest: read bars %s: %w", path, err)
	}
	return b, nil
}

// Check compares a measured figure with the recorded one. A positive slack
// means less is better, a negative one that more is.
func (b *Bars) Check(t testing.TB, name string, value, slack float64, unit string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	t.Logf("%s: %.4g %s", name, value, unit)
	if *update {
		b.recorded[name] = Bar{math.Round(value*1e4) / 1e4, slack, unit}
		if err := b.write(); err != nil {
			t.Fatal(err)
		}
		return
	}
	bar, ok := b.recorded[name]
	switch {
	case !ok:
		t.Errorf("%s: no figure recorded, run with -update", name)
	case bar.Slack >= 0 && value > bar.Value+bar.Slack, bar.Slack < 0 && value < bar.Value+bar.Slack:
		t.Errorf("%s: %.4g %s, recorded %.4g with slack %g", name, value, unit, bar.Value, bar.Slack)
	}
}

func (b *Bars) write() error {
	text, err := json.MarshalIndent(b.recorded, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(b.path, append(text, '\n'), 0o644)
}
