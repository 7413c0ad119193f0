// Package model is a keypad matrix at pin level: a key that is down connects the
// wires of its row and column, and wires that are connected, over however many
// keys, share a level. That is also how ghosts come about.
package model

import (
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	gpiomodel "github.com/ata-agent/ata-agent/hal/gpio/model"
)

// Matrix is a keypad of up to 8 rows and columns. Its methods may be called from
// several goroutines.
type Matrix struct {
	mu      sync.Mutex
	rows    []wire
	columns []wire
	down    [8][8]bool
	changed place // the key that was moved last
	unseen  int   // looks at it that are left until a board is certain of it
	fail    bool
	misuses []string
}

// place is a key of the matrix.
type place struct{ row, column int }

// certain is how many looks at a key make a board certain that it was pressed or
// let go. Boards look every 5 ms or more rarely and want 20 ms that agree.
const certain = 6

// wire is how the board drives one wire.
type wire struct {
	driven bool
	level  gpio.Level
	pull   gpio.Pull
}

// New returns a keypad with nothing pressed.
func New(rows, columns int) *Matrix {
	return &Matrix{rows: make([]wire, rows), columns: make([]wire, columns)}
}

// Set presses the key of a row and column or lets go of it. The contact does not
// bounce: who presses does that.
func (m *Matrix) Set(row, column int, down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down[row][column] == down {
		return
	}
	m.down[row][column] = down
	m.changed, m.unseen = place{row, column}, certain
}

// Seen says whether the board has looked at the keys for long enough to be
// certain of what was done to them last. It looks at a key by reading its column
// while no row but the key's is low. With nothing pressed, one read with all rows
// low, which is how a board waits for the next key, tells as much.
func (m *Matrix) Seen() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.unseen == 0
}

// look notes that a column was read.
func (m *Matrix) look(column int) {
	pulled := 0
	for i := range m.rows {
		if m.rows[i].driven {
			pulled++
		}
	}
	switch {
	case m.unseen == 0:
	case pulled == len(m.rows) && m.down == [8][8]bool{}:
		m.unseen = 0
	case pulled == 1 && m.rows[m.changed.row].driven && column == m.changed.column:
		m.unseen--
	}
}

// Fail makes every pin return errors, or work again.
func (m *Matrix) Fail(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = on
}

// Misuses tells what must not be done to a matrix and was done.
func (m *Matrix) Misuses() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.misuses...)
}

// Rows returns the pins of the rows.
func (m *Matrix) Rows() []gpio.PinIO { return m.pins("ROW", m.rows) }

// Columns returns the pins of the columns.
func (m *Matrix) Columns() []gpio.PinIO { return m.pins("COLUMN", m.columns) }

func (m *Matrix) pins(name string, wires []wire) (pins []gpio.PinIO) {
	for i := range wires {
		pin := gpiomodel.Pin{Label: fmt.Sprintf("%s%d", name, i), Index: i, Bias: gpio.Float}
		pins = append(pins, &matrixPin{Pin: pin, matrix: m, wire: &wires[i], row: name == "ROW"})
	}
	return pins
}

// low says whether a wire is pulled low, by itself or over keys.
func (m *Matrix) low(start *wire) bool {
	seen := map[*wire]bool{start: true}
	for todo := []*wire{start}; len(todo) > 0; {
		w := todo[0]
		todo = todo[1:]
		if w.driven && w.level == gpio.Low {
			return true
		}
		for _, next := range m.joined(w) {
			if !seen[next] {
				seen[next] = true
				todo = append(todo, next)
			}
		}
	}
	return false
}

// joined returns the wires that keys connect to w.
func (m *Matrix) joined(w *wire) (all []*wire) {
	for r := range m.rows {
		for c := range m.columns {
			switch {
			case !m.down[r][c]:
			case w == &m.rows[r]:
				all = append(all, &m.columns[c])
			case w == &m.columns[c]:
				all = append(all, &m.rows[r])
			}
		}
	}
	return all
}

// matrixPin is one wire of the matrix.
type matrixPin struct {
	gpiomodel.Pin
	matrix *Matrix
	wire   *wire
	row    bool
}

func (p *matrixPin) In(pull gpio.Pull, _ gpio.Edge) error {
	p.matrix.mu.Lock()
	defer p.matrix.mu.Unlock()
	if p.matrix.fail {
		return gpiomodel.ErrGone
	}
	*p.wire = wire{pull: pull}
	return nil
}

// Out drives the wire. To drive a row high is a misuse: two keys would short it
// to another row.
func (p *matrixPin) Out(l gpio.Level) error {
	p.matrix.mu.Lock()
	defer p.matrix.mu.Unlock()
	if p.matrix.fail {
		return gpiomodel.ErrGone
	}
	if l == gpio.High || !p.row {
		p.matrix.misuses = append(p.matrix.misuses, fmt.Sprintf("%s driven %v", p.Label, l))
	}
	*p.wire = wire{driven: true, level: l}
	return nil
}

// Read reads the wire. An output must not be read, nor an input that floats.
func (p *matrixPin) Read() gpio.Level {
	p.matrix.mu.Lock()
	defer p.matrix.mu.Unlock()
	if p.wire.driven || p.wire.pull != gpio.PullUp {
		p.matrix.misuses = append(p.matrix.misuses, p.Label+" read although it is no input with pull-up")
	}
	if !p.row {
		p.matrix.look(p.Index)
	}
	return gpio.Level(!p.matrix.low(p.wire))
}

// WaitForEdge returns false.
func (p *matrixPin) WaitForEdge(time.Duration) bool { return false }
