package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ata-agent/ata-agent/config"
)

const (
	afterEmergency = time.Minute      // the line may be called back
	checkEvery     = time.Second      // how the lines are, during a trial
	askEvery       = 15 * time.Second // the server, during a trial
)

// errOvertaken says that another look was asked for while a document waited.
var errOvertaken = errors.New("provision: another look was asked for before the lines were idle")

// bring has a document in force, or says why not.
func (m *Manager) bring(ctx context.Context, c *candidate) error {
	if len(c.changes) == 0 {
		return m.adopt(c)
	}
	if err := m.waitForIdle(ctx, c.changes.Class()); err != nil {
		return err
	}
	return m.try(ctx, c)
}

// adopt takes over a document that says the same in other words.
func (m *Manager) adopt(c *candidate) error {
	if !m.has(c.layer) {
		if err := errors.Join(m.device.Try(c.meta, c.layer), m.device.Confirm()); err != nil {
			return reject(NotApplied, err)
		}
	}
	m.inherit(c)
	return nil
}

// has reports whether a document is the one in force to the last byte.
func (m *Manager) has(l config.Layer) bool {
	layers, _ := m.device.Current()
	i := slices.IndexFunc(layers, ofServer)
	return i >= 0 && bytes.Equal(layers[i].Data, l.Data)
}

// inherit takes note of what is in force now.
func (m *Manager) inherit(c *candidate) {
	m.known, m.from = c.known, c.url
	m.note(func(s *Status) { s.Generation, s.Source, s.Changed = c.meta.Generation, c.meta.Source, time.Now() })
}

// waitForIdle waits until a change may begin. What is live disturbs nobody; what
// interrupts waits for the end of all calls and the window. A wish for a new
// look ends the wait: there may be something better.
func (m *Manager) waitForIdle(ctx context.Context, class config.Class) error {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	since := time.Now()
	for !m.mayBegin(class, since) {
		m.note(func(s *Status) { s.State = Staged })
		select {
		case <-ctx.Done():
			return ctx.Err()
		case why := <-m.asked:
			m.Resync(why)
			m.schedule.at(time.Now().Add(askedApart), why) // at the latest
			return errOvertaken
		case <-tick.C:
		}
	}
	return nil
}

func (m *Manager) mayBegin(class config.Class, since time.Time) bool {
	h, now := m.device.Health(), time.Now()
	if !h.Emergency.IsZero() && now.Sub(h.Emergency) < afterEmergency {
		return false
	}
	if class == config.Live {
		return true
	}
	r := m.settings().Resync
	return h.Calls == 0 && (r.InWindow(now) || now.Sub(since) >= r.MaxDefer.Duration())
}

// try applies a document and keeps it if it proves itself.
func (m *Manager) try(ctx context.Context, c *candidate) error {
	before, start, renewed := m.device.Health(), time.Now(), m.renewed(c)
	if err := m.device.Try(c.meta, c.layer); err != nil {
		return reject(NotApplied, err)
	}
	end := start.Add(c.effective.Config.Provision.Confirm.Duration())
	m.note(func(s *Status) { s.State, s.TrialEnds = Trial, end })
	m.audit("configuration on trial", "", fmt.Sprintf("generation %d, %d changes of class %s", c.meta.Generation, len(c.changes), c.changes.Class()))
	v := m.observe(ctx, c, end, func() verdict { return judge(before, m.device.Health(), start, renewed) })
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // the next start begins with the last good one
	case !v.good:
		return m.rollBack(ctx, c, reject(NotProven, errors.New(v.reason)))
	}
	return m.confirm(ctx, c, v)
}

// observe watches a trial until it is proven or its time is up.
func (m *Manager) observe(ctx context.Context, c *candidate, end time.Time, look func() verdict) verdict {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	answered, asked := false, time.Time{}
	for {
		select {
		case <-ctx.Done():
			return verdict{reason: "ended"}
		case <-tick.C:
		}
		v := look()
		if v.good && !m.has(c.layer) {
			return verdict{reason: "the device went back to what was in force before: it could not begin anew with this"}
		}
		if v.good && !answered && time.Since(asked) >= askEvery {
			asked = time.Now()
			answered = m.answers(ctx, c)
		}
		switch {
		case v.good && answered:
			return v
		case time.Now().Before(end):
		case v.good:
			return verdict{reason: "the provisioning server does not answer to the new settings"}
		default:
			return v
		}
	}
}

// renewed says of which lines the account or what it takes to register changes.
func (m *Manager) renewed(c *candidate) []bool {
	lines, old := c.effective.Config.Lines, m.inForce().Lines
	renewed := make([]bool, max(len(lines), len(m.device.Health().Lines)))
	for i := range lines {
		renewed[i] = i >= len(old) || config.DiffLine(&old[i], &lines[i]).Class() >= config.OfLine
	}
	return renewed
}

// answers reports whether the server still gives the document, asked with its own
// settings.
func (m *Manager) answers(ctx context.Context, c *candidate) bool {
	p := &c.effective.Config.Provision
	client, err := m.opts.Dial(p)
	if err != nil {
		return false
	}
	defer client.Close()
	url := c.url
	if p.URL != "" {
		url = m.opts.Expand(p, p.URL)
	}
	_, err = client.Get(ctx, url, c.known)
	return err == nil
}

// confirm makes a trial the last good configuration.
func (m *Manager) confirm(ctx context.Context, c *candidate, v verdict) error {
	if err := m.device.Confirm(); err != nil {
		return m.rollBack(ctx, c, reject(NotApplied, err))
	}
	m.inherit(c)
	m.excused = ""
	m.log.Info("configuration changed", "generation", c.meta.Generation, "changes", len(c.changes), "class", c.changes.Class())
	m.audit("configuration confirmed", "", fmt.Sprintf("generation %d", c.meta.Generation))
	if v.alarm != "" {
		m.log.Error("the new configuration stays, but somebody must look", "alarm", v.alarm)
		m.audit("alarm", v.alarm, "")
	}
	m.note(func(s *Status) { s.Alarm = v.alarm })
	m.report(ctx, Report{Result: "applied", Detail: v.alarm})
	return nil
}

// rollBack returns to the last good configuration. If that does not do better,
// the network is to blame, and the document may come again.
func (m *Manager) rollBack(ctx context.Context, c *candidate, why error) error {
	m.note(func(s *Status) { s.State = RollingBack })
	m.log.Error("configuration rolled back", "generation", c.meta.Generation, "err", why)
	m.audit("configuration rolled back", why.Error(), fmt.Sprintf("generation %d", c.meta.Generation))
	before := m.device.Health()
	if err := m.device.RollBack(why.Error()); err != nil {
		m.log.Error("roll back", "err", err)
	}
	if before.silent() && !m.recovers(ctx, before) {
		m.excuse(c)
	}
	return why
}

// recovers reports whether a line that did not register under the trial does so
// under the last good configuration.
func (m *Manager) recovers(ctx context.Context, failed Health) bool {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for end := time.Now().Add(m.settings().Confirm.Duration()); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return true
		case <-tick.C:
		}
		for i, l := range m.device.Health().Lines {
			if was := lineOf(failed.Lines, i); l.Registered && !l.Pending && !was.Registered {
				return true
			}
		}
	}
	return false
}

// excuse lets a document be tried again that failed when everything did.
func (m *Manager) excuse(c *candidate) {
	if v, ok := m.device.Known(c.layer); ok {
		m.excused = v.Mark
		m.log.Warn("the last good configuration does no better: the network is at fault, the new one may come again")
	}
}
