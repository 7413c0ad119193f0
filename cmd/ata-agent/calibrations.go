package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/slic/si321x"
	"github.com/ata-agent/ata-agent/state"
)

// calibrations keeps what the chips of a board found out about themselves across
// restarts, which spares a line a second or more at each start.
//
// Results are used for the same line of the same board file, when part and
// revision of the chip are the same, which its driver knows, and while they are
// at most calibrationAge old. Whether a chip was exchanged for another of its
// kind cannot be seen: a factory reset forgets the results.
type calibrations struct {
	dir   state.Dir
	board string // id of the board file
	log   *slog.Logger
	dirty chan struct{} // there is something to write

	mu    sync.Mutex
	lines map[int]savedCalibration
}

// savedCalibration is the result of one line.
type savedCalibration struct {
	si321x.Calibration
	At time.Time `json:"at"`
}

// calibrationFile is the document in the state folder.
type calibrationFile struct {
	Board string                   `json:"board"`
	Lines map[int]savedCalibration `json:"lines"` // by number, from 1
}

const calibrationName = "calibration.json"

// calibrationAge bounds the age of results: parts drift with the years and the
// seasons.
const calibrationAge = 90 * 24 * time.Hour

// loadCalibrations reads what was kept. A file that is missing or broken is no
// reason not to serve: the chips calibrate themselves again.
func loadCalibrations(dir state.Dir, board string, now time.Time, log *slog.Logger) *calibrations {
	c := &calibrations{dir: dir, board: board, log: log, dirty: make(chan struct{}, 1), lines: map[int]savedCalibration{}}
	data, err := os.ReadFile(dir.Path(calibrationName))
	if errors.Is(err, fs.ErrNotExist) {
		return c
	}
	var f calibrationFile
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil {
		log.Warn("calibration results are lost", "err", err)
		return c
	}
	for n, saved := range f.Lines {
		if f.Board == board && saved.valid(now) {
			c.lines[n] = saved
		}
	}
	return c
}

// valid says whether the results are young enough. A clock that is not set yet
// is behind them and says nothing about their age.
func (s savedCalibration) valid(now time.Time) bool { return now.Sub(s.At) <= calibrationAge }

// of returns the results of a line, from 0, or nil.
func (c *calibrations) of(line int) *si321x.Calibration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if saved, ok := c.lines[line+1]; ok {
		return &saved.Calibration
	}
	return nil
}

// put keeps the results of a line, from 0. It does not wait for the file.
func (c *calibrations) put(line int, found si321x.Calibration) {
	c.mu.Lock()
	c.lines[line+1] = savedCalibration{found, time.Now()}
	c.mu.Unlock()
	select {
	case c.dirty <- struct{}{}:
	default:
	}
}

// run writes new results until ctx ends and, for the last time, then.
func (c *calibrations) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-c.dirty:
			c.write()
		}
	}
	select {
	case <-c.dirty:
		c.write()
	default:
	}
}

// write replaces the file. A failure costs a calibration at the next start.
func (c *calibrations) write() {
	c.mu.Lock()
	data, err := json.MarshalIndent(calibrationFile{c.board, c.lines}, "", "  ")
	c.mu.Unlock()
	if err == nil {
		err = c.dir.WriteFile(calibrationName, append(data, '\n'))
	}
	if err != nil {
		c.log.Warn("calibration results not kept", "err", err)
	}
}
