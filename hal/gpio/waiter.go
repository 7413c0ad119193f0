package gpio

import (
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// waiter lets one goroutine at a time wait for a descriptor to become readable,
// until a deadline, and any other end that wait. The wait is the Go runtime's:
// it costs no thread.
type waiter struct {
	turn     chan struct{} // holds the one who may wait
	watching *watch        // belongs to whose turn it is

	mu    sync.Mutex
	file  *os.File
	woken bool
}

func (w *waiter) setup() { w.turn = make(chan struct{}, 1) }

// take waits for the turn until ctx ends. A turn that is free is taken even then.
func (w *waiter) take(ctx context.Context) error {
	select {
	case w.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case w.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *waiter) leave() { <-w.turn }

// watch takes over fd.
func (w *waiter) watch(fd int, name string) error {
	if err := syscall.SetNonblock(fd, true); err != nil {
		return fmt.Errorf("set non-blocking: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.file = os.NewFile(uintptr(fd), name)
	return nil
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// wake ends the wait under way or the next one.
func (w *waiter) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.woken = true
	if w.file != nil {
		_ = w.file.SetReadDeadline(past) // fails on a closed file, where waits end anyway
	}
}

// rest forgets earlier calls of wake. What they announced must be looked at
// afterwards.
func (w *waiter) rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.woken = false
}

// read waits until p can be filled or deadline has passed, which may be zero for
// never. It returns os.ErrDeadlineExceeded also when woken.
func (w *waiter) read(p []byte, deadline time.Time) (int, error) {
	w.mu.Lock()
	file := w.file
	if w.woken {
		deadline = past
	}
	err := file.SetReadDeadline(deadline)
	w.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return file.Read(p)
}

func (w *waiter) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.file.Close()
}
