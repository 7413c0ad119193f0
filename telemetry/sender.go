package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/telemetry/receiver"
)

const (
	sendTimeout = 30 * time.Second
	firstRetry  = time.Second
	lastRetry   = 5 * time.Minute
	longestWait = time.Hour   // that a receiver may ask for
	idle        = time.Minute // until a sender with nothing to do looks again
)

// Receiver is where telemetry goes.
type Receiver interface {
	// Name tells receivers apart in the ledger and the queue.
	Name() string
	// Wants reports whether batches of a kind go there.
	Wants(k privacy.BatchKind) bool
	// Send returns nil when the receiver has the batch. A *receiver.Refused says
	// that it never takes it, a *receiver.Busy when to come again; any other
	// error is tried again.
	Send(ctx context.Context, c privacy.Cleared) error
	// Close lets go of connections. Nothing is sent after it.
	Close() error
}

// target is a receiver with what the configuration lets it have.
type target struct {
	Receiver
	categories privacy.Set
}

// sender takes the queue to one receiver, in order, each batch until the
// receiver has it.
type sender struct {
	target
	t   *Telemetry
	log *slog.Logger
}

// run sends until ctx ends.
func (s *sender) run(ctx context.Context) {
	defer func() {
		if err := s.Close(); err != nil {
			s.log.Debug("connection not closed well", "err", err)
		}
	}()
	retry := firstRetry
	failing := false
	for ctx.Err() == nil {
		news, permits := s.t.queue.Changed(), s.t.keeper.Changed()
		sent, err := s.step(ctx)
		var busy *receiver.Busy
		switch {
		case err == nil && sent:
			retry = firstRetry
			if failing {
				s.log.Info("receiver is back")
			}
			failing = false
		case err == nil:
			wait(ctx, idle, news, permits)
		default:
			if !failing && ctx.Err() == nil {
				s.log.Warn("telemetry not sent, kept for later", "err", err)
			}
			failing = true
			pause := retry/2 + rand.N(retry) // so that a fleet does not come back at once
			if errors.As(err, &busy) && busy.After > 0 {
				pause = min(busy.After, longestWait) + rand.N(firstRetry)
			}
			retry = min(2*retry, lastRetry)
			wait(ctx, pause, nil, permits)
		}
	}
}

// wait returns after a while, or when one of the channels closes.
func wait(ctx context.Context, d time.Duration, a, b <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-a:
	case <-b:
	}
}

// step sends one thing. It returns false when there is none.
func (s *sender) step(ctx context.Context) (bool, error) {
	if !s.t.time.right() {
		return false, nil
	}
	if d, untold := s.t.keeper.Untold(s.Name()); untold && s.Wants(privacy.Notice) {
		if err := s.send(ctx, s.t.filter.Clear(s.t.notice(d), privacy.Everything)); err != nil {
			return false, err
		}
		if err := s.t.keeper.Told(s.Name(), d.Serial); err != nil {
			s.log.Error("consent told but not noted", "err", err)
		}
		return true, nil
	}
	e, ok := s.t.queue.Next(s.Name())
	if !ok {
		return false, nil
	}
	if err := s.entry(ctx, e.Data); err != nil {
		return false, err
	}
	s.t.queue.Ack(s.Name(), e.Seq)
	return true, nil
}

// entry sends an entry of the queue, or counts why it is not sent.
func (s *sender) entry(ctx context.Context, data []byte) error {
	c, err := s.t.filter.Restore(data, s.categories)
	if err != nil {
		s.t.drop("damaged")
		return nil
	}
	if c.Empty() || !s.Wants(c.Kind()) {
		return nil
	}
	at, ok := s.t.time.at(c.Stamp())
	if !ok {
		s.t.drop("clock") // of a boot during which the clock was never right
		return nil
	}
	return s.send(ctx, c.WithTime(coarse(c.Kind(), at)))
}

// coarse is the time as it is told: a call's quality is told with the hour, for
// when somebody spoke is nobody's business.
func coarse(k privacy.BatchKind, at time.Time) time.Time {
	if k == privacy.Report {
		return at.Truncate(time.Hour)
	}
	return at
}

// send gives a batch to the receiver, and takes it back when meanwhile the owner
// permits less.
func (s *sender) send(ctx context.Context, c privacy.Cleared) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	s.t.sending(s.Name(), cancel)
	defer s.t.sending(s.Name(), nil)
	err := s.Send(ctx, c)
	var refused *receiver.Refused
	var busy *receiver.Busy
	if err == nil || errors.As(err, &refused) || errors.As(err, &busy) {
		s.t.ledger.Left(s.Name(), c, time.Now()) // it was there, whatever was done with it
	}
	switch {
	case refused != nil:
		s.t.drop("refused")
		s.log.Warn("receiver refused telemetry", "err", err)
		return nil
	case err != nil:
		return fmt.Errorf("telemetry: send to %s: %w", s.Name(), err)
	}
	return nil
}
