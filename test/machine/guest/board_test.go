//go:build machine && linux

package guest

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/hal/gpio"
	"github.com/ata-agent/ata-agent/test/machine/vboard"
)

var full = flag.Bool("full", false, "the figures of the acceptance bars at full size")

// Lines of the module, in the order of its parameter names.
const (
	lineReset1 = iota
	lineInt1
	lineReset2
	lineInt2
	lineSHK
	lineRM
	lineFR
	linePD
	lineLED
	lineBTN
)

// chip is the label of the module's GPIO chip.
const chip = "vboard-gpio"

// far is the far end of everything; the module admits one.
type far struct {
	board *vboard.Board

	mu       sync.Mutex
	changes  []vboard.Change
	last     map[int]vboard.Change // by line; a line stays as its last user left it
	transfer func(vboard.Message) error
	changed  func(vboard.Change)
}

// LineChanged implements vboard.FarEnd.
func (f *far) LineChanged(c vboard.Change) {
	f.mu.Lock()
	f.changes = append(f.changes, c)
	f.last[c.Line] = c
	then := f.changed
	f.mu.Unlock()
	if then != nil {
		then(c)
	}
}

// Transfer implements vboard.FarEnd.
func (f *far) Transfer(m vboard.Message) error {
	f.mu.Lock()
	then := f.transfer
	f.mu.Unlock()
	if then == nil {
		return fmt.Errorf("no chip")
	}
	return then(m)
}

// use sets what answers.
func (f *far) use(transfer func(vboard.Message) error, changed func(vboard.Change)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.transfer, f.changed, f.changes = transfer, changed, nil
}

// lines returns how the machine's lines are.
func (f *far) lines() map[int]vboard.Change {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.last)
}

// take returns what happened to a line since the last call for any.
func (f *far) take(line int) []vboard.Change {
	time.Sleep(5 * time.Millisecond) // the messages are on their way
	f.mu.Lock()
	defer f.mu.Unlock()
	var of []vboard.Change
	for _, c := range f.changes {
		if c.Line == line {
			of = append(of, c)
		}
	}
	f.changes = nil
	return of
}

var (
	theFar   = far{last: map[int]vboard.Change{}}
	theChips *gpio.Chips
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	if *hog != "" {
		return takeAll(*hog)
	}
	board, err := vboard.Open()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	theFar.board = board
	go func() {
		if err := board.Run(&theFar); err != nil {
			fmt.Println(err)
		}
	}()
	if theChips, err = gpio.Open(); err != nil {
		fmt.Println(err)
		return 1
	}
	return m.Run()
}

// line opens one of the board's lines for a test.
func line(t *testing.T, name string, opts gpio.Opts) *gpio.Line {
	t.Helper()
	l, err := theChips.Line(chip, name, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// set drives a line from outside.
func set(t *testing.T, line int, level vboard.Level) {
	t.Helper()
	if err := theFar.board.Set(line, level); err != nil {
		t.Error(err)
	}
}
