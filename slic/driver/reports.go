package driver

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// Reports hands the events of a port to who runs it, in the order of their times,
// and logs them. It belongs to the goroutine of Run.
type Reports struct {
	driver string // begins the errors
	line   string
	log    *slog.Logger
	notify func(slic.Event)

	last  time.Time
	noted map[string]bool
	down  bool // a Lost was sent since the last Ready
}

// NewReports returns the reports of a driver for a line.
func NewReports(driver, line string, log *slog.Logger, notify func(slic.Event)) *Reports {
	return &Reports{driver: driver, line: line, log: log, notify: notify, noted: make(map[string]bool)}
}

// Emit reports an event. It is not earlier than the one before it.
func (r *Reports) Emit(kind slic.EventKind, at time.Time, err error) {
	r.Send(slic.Event{At: at, Kind: kind, Err: err})
}

// Send does it for an event that has more to say. Keys are not logged: they may be
// a secret.
func (r *Reports) Send(e slic.Event) {
	if e.At.Before(r.last) {
		e.At = r.last
	}
	r.last = e.At
	switch {
	case e.Err != nil:
		e.Err = fmt.Errorf("%s: %w", r.driver, e.Err)
		r.log.Warn("line "+e.Kind.String(), "line", r.line, "err", e.Err)
	case e.Kind != slic.Key:
		r.log.Debug("line "+e.Kind.String(), "line", r.line)
	}
	if e.Kind == slic.Ready {
		r.down = false
	}
	r.notify(e)
}

// CaughtUp reports that there is nothing left to report.
func (r *Reports) CaughtUp() { r.notify(slic.Event{At: r.last, Kind: slic.CaughtUp}) }

// Last returns the time of the last event.
func (r *Reports) Last() time.Time { return r.last }

// Note reports something once.
func (r *Reports) Note(text string) {
	if !r.noted[text] {
		r.noted[text] = true
		r.Emit(slic.Note, time.Now(), errors.New(text))
	}
}

// Lost reports that the port is out of service. Attempts to bring it back that fail
// are logged alone.
func (r *Reports) Lost(err error) {
	if r.down {
		r.StillLost(err)
		return
	}
	r.down = true
	r.Emit(slic.Lost, time.Now(), err)
}

// StillLost logs an attempt that failed as the one before it.
func (r *Reports) StillLost(err error) {
	r.log.Debug("still lost", "line", r.line, "err", err)
}
