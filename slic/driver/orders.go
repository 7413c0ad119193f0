// Package driver is what the drivers of all kinds of ports share: [Orders] that
// callers leave for the goroutine that owns the port, and [Reports] of what
// happens there, in order.
package driver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/slic"
)

// Wanted is what callers asked for last.
type Wanted struct {
	Feed       slic.Feed
	Feeds      uint64 // number of calls of SetFeed
	Electrical slic.Electrical
}

// Orders is the side of a port that any goroutine may call: a note of what is
// wanted, and a wake-up for the one that runs the port.
type Orders struct {
	driver  string
	wake    chan struct{}
	running atomic.Bool
	asked   atomic.Bool

	mu     sync.Mutex
	wanted Wanted
}

// NewOrders returns the orders of a port that wants an open line and the usual
// settings. The driver's name begins the errors.
func NewOrders(driver string) *Orders {
	return &Orders{driver: driver, wake: make(chan struct{}, 1), wanted: Wanted{Electrical: slic.Electrical{}.WithDefaults()}}
}

// SetFeed notes a feed.
func (o *Orders) SetFeed(f slic.Feed) {
	o.mu.Lock()
	o.wanted.Feed = f
	o.wanted.Feeds++
	o.mu.Unlock()
	Poke(o.wake)
}

// Configure notes electrical settings with their defaults. The error says which
// value is out of range.
func (o *Orders) Configure(e slic.Electrical) error {
	if err := e.Validate(); err != nil {
		return fmt.Errorf("%s: configure: %w", o.driver, err)
	}
	o.mu.Lock()
	o.wanted.Electrical = e.WithDefaults()
	o.mu.Unlock()
	Poke(o.wake)
	return nil
}

// Wanted returns what is wanted now.
func (o *Orders) Wanted() Wanted {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.wanted
}

// Changed receives when something else may be wanted than before.
func (o *Orders) Changed() <-chan struct{} { return o.wake }

// CatchUp asks the one that runs the port for a CaughtUp.
func (o *Orders) CatchUp() {
	o.asked.Store(true)
	Poke(o.wake)
}

// Asked says whether CatchUp was called since the last time.
func (o *Orders) Asked() bool { return o.asked.Swap(false) }

// Begin claims the port for one Run, which calls end when it returns.
func (o *Orders) Begin() (end func(), err error) {
	if !o.running.CompareAndSwap(false, true) {
		return nil, errors.New(o.driver + ": run: already running")
	}
	return func() { o.running.Store(false) }, nil
}

// Poke wakes who receives from a channel of capacity one.
func Poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Pause waits for d or the end of ctx, whose cause it returns.
func Pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
