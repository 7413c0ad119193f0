package sip

import "sync"

// mailbox brings work to the one goroutine that owns a UA. Posting never
// blocks. Work that comes from the network is bounded: what the owner cannot
// keep up with is refused, so a flood costs no memory.
type mailbox struct {
	mu      sync.Mutex
	work    []func()
	network int // of work, how many came from the network
	closed  bool
	ready   chan struct{}
}

const maxNetworkBacklog = 256

func newMailbox() *mailbox { return &mailbox{ready: make(chan struct{}, 1)} }

// post queues f. After close it is forgotten.
func (m *mailbox) post(f func()) { m.add(f, false) }

// postMessage queues the handling of a message; false: too many are waiting.
func (m *mailbox) postMessage(f func()) bool { return m.add(f, true) }

func (m *mailbox) add(f func(), network bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || network && m.network >= maxNetworkBacklog {
		return false
	}
	if network {
		m.network++
	}
	m.work = append(m.work, f)
	select {
	case m.ready <- struct{}{}:
	default:
	}
	return true
}

// take returns all that waits, in order.
func (m *mailbox) take() []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	work := m.work
	m.work, m.network = nil, 0
	return work
}

func (m *mailbox) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.work = true, nil
}
