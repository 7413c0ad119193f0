package keypad_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal/keypad"
	"github.com/ata-agent/ata-agent/hal/keypad/model"
)

var legend = []string{"123", "456", "789", "*0#"}

// bench is a keypad that is being read.
type bench struct {
	*testing.T
	matrix *model.Matrix
	random *rand.Rand

	mu    sync.Mutex
	keys  []byte
	times []time.Time
}

func (b *bench) pressed(at time.Time, key byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keys, b.times = append(b.keys, key), append(b.times, at)
}

// got returns the keys so far.
func (b *bench) got() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.keys)
}

// last returns the time of the last key, zero when there was none.
func (b *bench) last() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.times) == 0 {
		return time.Time{}
	}
	return b.times[len(b.times)-1]
}

// run reads a keypad in a bubble while f works it.
func run(t *testing.T, f func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{T: t, matrix: model.New(4, 3), random: rand.New(rand.NewPCG(1, 1))}
		pad, err := keypad.New(b.matrix.Rows(), b.matrix.Columns(), legend)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- pad.Run(ctx, b.pressed)
		}()
		time.Sleep(53 * time.Millisecond)
		f(b)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for _, m := range b.matrix.Misuses() {
			t.Error("misuse:", m)
		}
	})
}

// set moves a key, whose contact bounces for d.
func (b *bench) set(key byte, down bool, d time.Duration) {
	for row, keys := range legend {
		column := strings.IndexByte(keys, key)
		if column < 0 {
			continue
		}
		for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Duration(100+b.random.IntN(2000)) * time.Microsecond) {
			b.matrix.Set(row, column, b.random.IntN(2) == 0)
		}
		b.matrix.Set(row, column, down)
	}
}

// hold presses keys for d, one after the other released.
func (b *bench) hold(keys string, d time.Duration) {
	for i := range len(keys) {
		b.set(keys[i], true, 0)
	}
	time.Sleep(d)
	for i := range len(keys) {
		b.set(keys[i], false, 0)
	}
	time.Sleep(50 * time.Millisecond)
}

func TestEveryKeyOnce(t *testing.T) {
	run(t, func(b *bench) {
		for _, row := range legend {
			for i := range len(row) {
				begin := time.Now()
				b.set(row[i], true, 15*time.Millisecond)
				time.Sleep(45 * time.Millisecond)
				if late := b.last().Sub(begin); late > 26*time.Millisecond {
					t.Errorf("key %c has the time of %v after it was pressed", row[i], late)
				}
				b.set(row[i], false, 15*time.Millisecond)
				time.Sleep(35 * time.Millisecond)
			}
		}
		if got := b.got(); got != "123456789*0#" {
			t.Errorf("keys = %q", got)
		}
	})
}

func TestLatency(t *testing.T) {
	run(t, func(b *bench) {
		for i := range 20 {
			time.Sleep(time.Duration(i) * time.Millisecond)
			b.set('5', true, 0)
			time.Sleep(30 * time.Millisecond)
			if len(b.got()) != i+1 {
				t.Fatalf("key %d is not reported within 30ms", i)
			}
			b.set('5', false, 0)
			time.Sleep(40 * time.Millisecond)
		}
	})
}

func TestNoRepeat(t *testing.T) {
	run(t, func(b *bench) {
		b.hold("7", 5*time.Second)
		if got := b.got(); got != "7" {
			t.Errorf("keys = %q", got)
		}
	})
}

func TestShortTouchesAreNoKeys(t *testing.T) {
	run(t, func(b *bench) {
		for range 50 {
			b.hold("5", 9*time.Millisecond)
		}
		if got := b.got(); got != "" {
			t.Errorf("keys = %q", got)
		}
	})
}

func TestRollover(t *testing.T) {
	for _, tt := range []struct{ name, down, then, want string }{
		{"two keys of a row", "1", "2", "12"},
		{"two keys of a column", "1", "4", "14"},
		{"a diagonal", "1", "5", "15"},
		{"a whole row", "12", "3", "123"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(b *bench) {
				for i := range len(tt.down) {
					b.set(tt.down[i], true, 0)
					time.Sleep(50 * time.Millisecond)
				}
				b.hold(tt.then, 50*time.Millisecond)
				if got := b.got(); got != tt.want {
					t.Errorf("keys = %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// TestGhosts presses three corners of a rectangle. The third may be reported by
// nobody: it cannot be told from the fourth.
func TestGhosts(t *testing.T) {
	run(t, func(b *bench) {
		for _, key := range "124" {
			b.set(byte(key), true, 0)
			time.Sleep(100 * time.Millisecond)
		}
		if got := b.got(); got != "12" {
			t.Errorf("keys = %q, want 12", got)
		}
		b.set('2', false, 0) // 1 and 4 are a column: the third is told now
		time.Sleep(100 * time.Millisecond)
		b.set('1', false, 0)
		b.set('4', false, 0)
		time.Sleep(100 * time.Millisecond)
		if got := b.got(); got != "124" {
			t.Errorf("keys = %q, want 124", got)
		}
		b.hold("9", 50*time.Millisecond)
		if got := b.got(); got != "1249" {
			t.Errorf("keys = %q: nothing works after a ghost", got)
		}
	})
}

// TestSeen lets go of keys, and presses the next, as soon as the model says that
// the board has seen them: each is reported, and none before.
func TestSeen(t *testing.T) {
	run(t, func(b *bench) {
		if !b.matrix.Seen() {
			t.Fatal("a keypad that nobody touched was not seen")
		}
		seen := func(what string) {
			for begin := time.Now(); !b.matrix.Seen(); time.Sleep(time.Millisecond) {
				if time.Since(begin) > 50*time.Millisecond {
					t.Fatalf("key %s was not seen within 50ms", what)
				}
			}
		}
		for i := range 30 {
			key := legend[i%4][i%3]
			time.Sleep(time.Duration(i) * time.Millisecond)
			b.set(key, true, 0)
			if b.matrix.Seen() {
				t.Fatalf("key %c was seen when it was touched", key)
			}
			seen("pressed")
			if len(b.got()) != i+1 {
				t.Fatalf("%d keys are reported, want %d", len(b.got()), i+1)
			}
			b.set(key, false, 0)
			seen("let go")
		}
	})
}

func TestPinsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := model.New(4, 3)
		pad, err := keypad.New(m.Rows(), m.Columns(), legend)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Second)
			m.Fail(true)
			m.Set(0, 0, true)
		}()
		if err := pad.Run(t.Context(), func(time.Time, byte) {}); err == nil {
			t.Error("Run returns nil although its pins fail")
		}
	})
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		rows, columns int
		legend        []string
		want          string
	}{
		{4, 3, legend, ""},
		{1, 1, []string{" "}, ""},
		{0, 3, nil, "0 rows and 3 columns, want 1 to 8 of each"},
		{9, 3, nil, "9 rows"},
		{3, 3, legend, "4 rows of keys for 3 rows"},
		{4, 4, legend, `row 1 has 3 keys for 4 columns: "123"`},
		{2, 2, []string{"12", "13"}, `key '1' is there twice`},
	} {
		err := keypad.Check(tt.rows, tt.columns, tt.legend)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("Check(%d, %d, %q) = %v, want %q", tt.rows, tt.columns, tt.legend, err, tt.want)
		}
	}
}

// slow is a column that is read late now and then.
type slow struct {
	gpio.PinIO
	late chan time.Duration
}

func (p slow) Read() gpio.Level {
	select {
	case d := <-p.late:
		time.Sleep(d)
	default:
	}
	return p.PinIO.Read()
}

// A look that comes so late that a key may have come and gone is counted.
func TestGaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		matrix := model.New(4, 3)
		columns, late := matrix.Columns(), make(chan time.Duration, 1)
		columns[0] = slow{columns[0], late}
		pad, err := keypad.New(matrix.Rows(), columns, legend)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- pad.Run(ctx, func(time.Time, byte) {}) }()
		for _, tt := range []struct {
			late time.Duration
			want keypad.Gaps
		}{
			{0, keypad.Gaps{}},
			{25 * time.Millisecond, keypad.Gaps{}},
			{100 * time.Millisecond, keypad.Gaps{Count: 1, Longest: 110 * time.Millisecond}},
			{50 * time.Millisecond, keypad.Gaps{Count: 2, Longest: 110 * time.Millisecond}},
		} {
			late <- tt.late
			time.Sleep(500 * time.Millisecond)
			if got := pad.Gaps(); got != tt.want {
				t.Errorf("after a look %v late: %+v, want %+v", tt.late, got, tt.want)
			}
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
