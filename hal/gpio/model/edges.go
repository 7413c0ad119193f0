package model

import (
	"context"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

// queueLength is what the agent asks the kernel to keep. The kernel drops the oldest
// of more.
const queueLength = 128

// Edges is the kernel's queue of edges of an input. The pin of a model embeds it;
// its methods may be called from several goroutines, and under the model's own lock.
type Edges struct {
	mu     sync.Mutex
	wanted gpio.Edge
	broken error
	queue  [queueLength]hal.Edge
	head   int
	n      int
	wake   chan struct{}
}

// Listen is what In does: it forgets the edges and asks for those of a kind.
func (q *Edges) Listen(edge gpio.Edge) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wanted, q.n = edge, 0
}

// Record keeps an edge if it is of the kind that was asked for.
func (q *Edges) Record(e hal.Edge) {
	q.mu.Lock()
	defer q.mu.Unlock()
	wanted := q.wanted == gpio.BothEdges ||
		q.wanted == gpio.FallingEdge && e.Level == gpio.Low ||
		q.wanted == gpio.RisingEdge && e.Level == gpio.High
	if !wanted {
		return
	}
	if q.n == queueLength {
		q.drop()
	}
	q.queue[(q.head+q.n)%queueLength] = e
	q.n++
	q.signal()
}

// Break has reading fail with err, or work again with nil.
func (q *Edges) Break(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.broken = err
	q.signal()
}

// Waiting is the number of edges that nobody has taken.
func (q *Edges) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.n
}

// WaitForEdge waits at most timeout, for ever when it is negative.
func (q *Edges) WaitForEdge(timeout time.Duration) bool {
	ctx := context.Background()
	if timeout >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	_, err := q.ReadEdge(ctx)
	return err == nil
}

// ReadEdge implements hal.EdgePin.
func (q *Edges) ReadEdge(ctx context.Context) (hal.Edge, error) {
	for {
		e, ok, err := q.pop()
		if ok || err != nil {
			return e, err
		}
		select {
		case <-ctx.Done():
			return q.last(ctx)
		case <-q.woken():
		}
	}
}

// last returns an edge that came before ctx ended.
func (q *Edges) last(ctx context.Context) (hal.Edge, error) {
	e, ok, err := q.pop()
	if !ok && err == nil {
		err = ctx.Err()
	}
	return e, err
}

func (q *Edges) pop() (e hal.Edge, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken != nil || q.n == 0 {
		return e, false, q.broken
	}
	e = q.queue[q.head]
	q.drop()
	return e, true, nil
}

// drop forgets the oldest edge.
func (q *Edges) drop() {
	q.head = (q.head + 1) % queueLength
	q.n--
}

// signal wakes who waits for an edge, or will.
func (q *Edges) signal() {
	if q.wake == nil {
		q.wake = make(chan struct{}, 1)
	}
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *Edges) woken() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.wake == nil {
		q.wake = make(chan struct{}, 1)
	}
	return q.wake
}
