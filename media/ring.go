package media

import "sync/atomic"

// ring hands values from one goroutine to another without a lock: one puts,
// one takes. It is bounded; what does not fit is refused. The slots are
// allocated once.
type ring[T any] struct {
	slots []T           // a power of two of them
	put   atomic.Uint32 // slots ever filled
	taken atomic.Uint32 // slots ever emptied
}

func newRing[T any](size int) *ring[T] { return &ring[T]{slots: make([]T, size)} }

// free returns the slot to fill next, nil if the ring is full. filled hands it
// over.
func (r *ring[T]) free() *T {
	at := r.put.Load()
	if at-r.taken.Load() >= uint32(len(r.slots)) {
		return nil
	}
	return &r.slots[at%uint32(len(r.slots))]
}

func (r *ring[T]) filled() { r.put.Add(1) }

// next returns the oldest value, nil if there is none. done gives its slot
// back.
func (r *ring[T]) next() *T {
	at := r.taken.Load()
	if at == r.put.Load() {
		return nil
	}
	return &r.slots[at%uint32(len(r.slots))]
}

func (r *ring[T]) done() { r.taken.Add(1) }

// flush drops everything; only the taker may call it.
func (r *ring[T]) flush() { r.taken.Store(r.put.Load()) }
