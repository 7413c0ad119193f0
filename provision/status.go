package provision

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ata-agent/ata-agent/provision/fetch"
)

// State is what a Manager does.
type State string

// The states.
const (
	Waiting     State = "waiting"
	Fetching    State = "fetching"
	Staged      State = "staged" // a document waits for the lines to be idle
	Trial       State = "trial"
	RollingBack State = "rolling back"
)

// Status is a picture of a Manager at one moment. It holds no secrets.
type Status struct {
	State      State        `json:"state"`
	Cause      Cause        `json:"cause,omitempty"`      // of the last look
	Looked     time.Time    `json:"looked,omitzero"`      // when that was
	Next       time.Time    `json:"next,omitzero"`        // when the next is due
	Changed    time.Time    `json:"changed,omitzero"`     // when a document last came into force
	Source     string       `json:"source,omitempty"`     // where that came from
	Generation int          `json:"generation,omitempty"` // and its generation
	TrialEnds  time.Time    `json:"trial_ends,omitzero"`  // while one is on trial
	Reason     fetch.Reason `json:"reason,omitempty"`     // why the last look changed nothing though something was new
	Detail     string       `json:"detail,omitempty"`     // the same in words
	Alarm      string       `json:"alarm,omitempty"`      // what somebody must look at
}

// Status returns the picture. Any goroutine may call it.
func (m *Manager) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status
}

func (m *Manager) note(change func(*Status)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.status)
	if m.status.State != Trial {
		m.status.TrialEnds = time.Time{}
	}
}

// Report is what the server hears about its document.
type Report struct {
	Device     string       `json:"device"`
	Time       time.Time    `json:"time"`
	Result     string       `json:"result"` // applied, refused, rolled-back or wiped
	Generation int          `json:"generation"`
	Reason     fetch.Reason `json:"reason,omitempty"`
	Detail     string       `json:"detail,omitempty"`
}

// reportTime is how long a report may take; nothing waits for it longer.
const reportTime = 20 * time.Second

// report tells the server, if it wants to know.
func (m *Manager) report(ctx context.Context, r Report) {
	url := m.settings().Report
	if url == "" {
		return
	}
	r.Device, r.Time, r.Generation = m.opts.Identity.name(), time.Now().UTC(), m.inForce().Generation
	if r.Reason == NotProven {
		r.Result = "rolled-back"
	}
	body, err := json.Marshal(r)
	if err != nil {
		m.log.Error("report", "err", err)
		return
	}
	client, err := m.opts.Dial(m.settings())
	if err != nil {
		return // the look said so already
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	if err := client.Report(ctx, m.opts.Expand(m.settings(), url), body); err != nil {
		m.log.Warn("the server did not take the report", "err", err)
	}
}
