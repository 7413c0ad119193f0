package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/state"
)

// memory is the configuration in force and what the device remembers of it. It
// belongs to the goroutine of the agent's life.
type memory struct {
	dir     state.Dir
	file    string // the factory's layer
	region  string // country of lines that name none
	log     *slog.Logger
	keepers []state.Keeper

	vault     *state.Vault    // nil: it cannot be opened
	document  *state.Document // nil as well
	trouble   error           // why
	layers    []config.Layer
	effective *config.Effective
	told      func(state.Entry) // of what is written down; nil: nobody
	trial     bool              // what is taken over has yet to prove itself
	good      []config.Layer    // while it has: what was in force before
}

// configDocument is the name of the stored configuration: all its layers.
const configDocument = "config"

// recall opens the vault and starts with what was good last, laid over the
// file's present content, which it returns. A file with a fault does not keep
// a device from starting with what it remembers.
func (m *memory) recall() (file []byte, err error) {
	m.openVault()
	stored := m.stored()
	file, err = os.ReadFile(m.file)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) || len(stored) == 0 {
			return nil, err
		}
		m.log.Warn("there is no configuration file, the remembered configuration is used", "file", m.file)
		return nil, m.use(stored)
	}
	err = m.use(config.WithLayer(stored, config.Layer{Name: config.Factory, Source: m.file, Data: file}))
	if err == nil {
		m.save(m.file)
		return file, nil
	}
	if len(stored) > 0 && m.use(stored) == nil {
		m.log.Error("the configuration file is refused, the remembered configuration is used", "err", err)
		return file, nil
	}
	return nil, fmt.Errorf("the configuration is not valid\n%w", err)
}

// openVault is no reason not to start: without it nothing is remembered.
func (m *memory) openVault() {
	m.vault, m.document = nil, nil
	resumed, err := m.dir.ResumeWipe(m.keepers...)
	if resumed || err != nil {
		m.log.Warn("a reset that was interrupted is finished", "err", err)
	}
	m.vault, m.trouble = m.dir.Vault(m.keepers...)
	if m.trouble == nil {
		m.document, m.trouble = m.vault.Document(configDocument)
	}
	if m.trouble == nil {
		m.trouble = m.document.Start()
	}
	if m.trouble != nil {
		m.log.Error("nothing can be remembered", "err", m.trouble)
		return
	}
	if err := m.vault.Passed(); err != nil {
		m.log.Warn("the data key has a lesser keeper", "keeper", m.vault.Keeper(), "err", err)
	}
}

// stored returns the layers that were good last, nil if none are remembered.
func (m *memory) stored() (layers []config.Layer) {
	if m.document == nil {
		return nil
	}
	_, data, err := m.document.LastGood()
	if data != nil {
		err = errors.Join(err, json.Unmarshal(data, &layers))
	}
	if err != nil && !errors.Is(err, state.ErrNoVersion) {
		m.log.Error("part of what is remembered is damaged", "err", err)
	}
	return layers
}

// use makes layers the configuration in force.
func (m *memory) use(layers []config.Layer) error {
	e, err := config.Merge(m.region, layers...)
	if err == nil {
		m.layers, m.effective = layers, e
	}
	return err
}

// save remembers the layers in force as good, or as tried.
func (m *memory) save(source string) { m.remember(m.layers, m.effective, source) }

// remember writes layers down as good, or as tried.
func (m *memory) remember(layers []config.Layer, e *config.Effective, source string) {
	if m.document == nil {
		return
	}
	data, err := json.Marshal(layers)
	if err == nil {
		save := m.document.Save
		if m.trial {
			save = m.document.SaveTrial
		}
		_, err = save(state.Meta{Source: source, Generation: e.Config.Generation}, data)
	}
	if err != nil {
		m.log.Error("the configuration is not remembered", "err", err)
	}
}

// audit writes down what somebody did.
func (m *memory) audit(e state.Entry) {
	if m.told != nil {
		m.told(e)
	}
	if err := m.dir.Audit().Log(e); err != nil {
		m.log.Error("the audit log is not written", "err", err)
	}
}

// storageStatus is how well what the device remembers is kept.
type storageStatus struct {
	Keeper    string `json:"keeper,omitempty"` // of the data key
	Protected bool   `json:"protected"`        // false: whoever has the disk has the secrets
	Error     string `json:"error,omitempty"`
}

func (m *memory) status() storageStatus {
	if m.trouble != nil {
		return storageStatus{Error: m.trouble.Error()}
	}
	k := m.vault.Keeper()
	return storageStatus{Keeper: k, Protected: k != state.SoftwareName}
}

// newest is when a configuration was last saved, zero if none is remembered. The
// clock of a board may have been right then and be wrong now.
func (m *memory) newest() time.Time {
	if m.document == nil || len(m.document.History()) == 0 {
		return time.Time{}
	}
	return m.document.History()[0].Time
}

// String says it in words.
func (s storageStatus) String() string {
	switch {
	case s.Error != "":
		return "nothing is remembered: " + s.Error
	case s.Protected:
		return "remembered, its secrets sealed; the key is kept by: " + s.Keeper
	}
	return "remembered, its secrets sealed by software only: whoever has the disk has the key"
}
