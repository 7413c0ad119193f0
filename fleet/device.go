package fleet

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/state"
)

// The methods of provision.Device. They run on the goroutine of the member's life.

// Current is what is in force.
func (m *member) Current() ([]config.Layer, *config.Effective) { return m.layers, m.effective }

// Try takes a layer over on trial.
func (m *member) Try(_ state.Meta, l config.Layer) error {
	before, layers := m.effective.Config, m.layers
	if err := m.use(config.WithLayer(layers, l)); err != nil {
		return err
	}
	m.good = layers
	m.renew(before, false)
	return nil
}

// Confirm ends the trial well.
func (m *member) Confirm() error {
	m.good = nil
	m.confirmed.Store(new(time.Now()))
	return nil
}

// RollBack returns to what was good, and remembers what failed.
func (m *member) RollBack(reason string) error {
	if i := slices.IndexFunc(m.layers, func(l config.Layer) bool { return l.Name == config.Device }); i >= 0 {
		m.fail(m.layers[i], reason)
	}
	before := m.effective.Config
	m.restore()
	m.renew(before, false)
	return nil
}

// restore has in force what was good before the trial; it merged before.
func (m *member) restore() {
	if err := m.use(m.good); err != nil {
		m.fleet.opts.Logger.Error("what was good is not", "mac", m.id.MAC, "err", err)
	}
	m.good = nil
}

func (m *member) fail(l config.Layer, reason string) {
	mark := sha256.Sum256(l.Data)
	if m.failed == nil {
		m.failed = map[[sha256.Size]byte]state.Version{}
	}
	m.failed[mark] = state.Version{
		Mark: string(mark[:]), Time: time.Now(), Result: state.RolledBack, Reason: reason, Failures: m.failed[mark].Failures + 1,
	}
}

// Known finds a layer among those that failed; of what is good nothing is asked.
func (m *member) Known(l config.Layer) (state.Version, bool) {
	v, ok := m.failed[sha256.Sum256(l.Data)]
	return v, ok
}

// Health is how the accounts are. There is no sound that could stop and there are
// no calls.
func (m *member) Health() provision.Health {
	h := provision.Health{Sound: true}
	for i, a := range m.lines {
		l := a.health()
		l.Enabled = m.effective.Config.Lines[i].Enabled
		h.Lines = append(h.Lines, l)
	}
	return h
}

// Restart begins all accounts anew.
func (m *member) Restart() error {
	m.renew(nil, false)
	return nil
}

// Wipe forgets all that the server gave.
func (m *member) Wipe(string) error {
	before := m.effective.Config
	m.good, m.failed = nil, nil
	err := m.use(slices.DeleteFunc(slices.Clone(m.layers), func(l config.Layer) bool { return l.Name != config.Factory }))
	m.renew(before, false)
	return err
}
