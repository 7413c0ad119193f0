package telemetry

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/telemetry/modem"
)

const (
	modemPeriod = 30 * time.Second // from one look at the modem to the next
	modemWait   = 5 * time.Second  // for ModemManager to answer
)

// Modem asks ModemManager on the system's message bus.
func Modem(ctx context.Context) (modem.Modem, bool, error) {
	address := os.Getenv("DBUS_SYSTEM_BUS_ADDRESS")
	if address == "" {
		address = modem.SystemBus
	}
	return modem.Read(ctx, address)
}

// mobile tells how the modem fares. ModemManager may take seconds to answer, so a
// goroutine of its own asks, and those who collect get the last answer.
type mobile struct {
	read   func(context.Context) (modem.Modem, bool, error)
	wanted func() bool // whether anybody may know

	mu    sync.Mutex
	last  modem.Modem
	there bool
	err   error
}

// run asks until ctx ends, while anybody may know.
func (m *mobile) run(ctx context.Context) {
	tick := time.NewTicker(modemPeriod)
	defer tick.Stop()
	for {
		m.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (m *mobile) look(ctx context.Context) {
	if !m.wanted() {
		m.note(modem.Modem{}, false, nil)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, modemWait)
	defer cancel()
	m.note(m.read(ctx))
}

func (m *mobile) note(last modem.Modem, there bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last, m.there, m.err = last, there, err
}

// Name implements Collector.
func (m *mobile) Name() string { return "modem" }

// Collect implements Collector. An error is told once.
func (m *mobile) Collect(s *Samples) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.err
	m.err = nil
	if !m.there {
		return err
	}
	for _, f := range m.last.Signals {
		s.Set(modemSignal, f.Value, string(f.Kind), string(f.Technology))
	}
	for _, t := range m.last.Technologies {
		s.Info(modemTechnology, string(t))
	}
	if m.last.State != "" {
		s.Info(modemState, string(m.last.State))
	}
	if m.last.Operator != "" {
		s.Info(modemOperator, m.last.Operator)
	}
	return err
}
