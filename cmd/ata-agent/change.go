package main

import (
	"context"
	"errors"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/state"
	"github.com/ata-agent/ata-agent/telemetry"
)

// fileChanged takes over a changed configuration file, or says all that is wrong
// with it and keeps what is in force.
func (s *service) fileChanged(ctx context.Context, data []byte) {
	layer := config.Layer{Name: config.Factory, Source: s.watch.Path, Data: data}
	if err := s.take(ctx, layer, "file"); err != nil && ctx.Err() == nil {
		s.log.Error("changed configuration refused, the one in force stays", "err", err)
	}
}

// take has a layer taken over, on whose behalf it says, as soon as the class of
// the change allows. It returns when it is in force, or will be once the lines
// are idle; an error leaves what is in force. Any goroutine may call it.
func (s *service) take(ctx context.Context, layer config.Layer, actor string) error {
	if s.memory == nil {
		return errors.New("this agent remembers nothing")
	}
	return s.order(ctx, func(l *life) (func() error, error) {
		err := s.change(l, layer)
		entry := state.Entry{Actor: actor, Action: "configure", Object: layer.Name, Detail: layer.Source}
		if err != nil {
			entry.Result = "refused"
		}
		s.memory.audit(entry)
		return nil, err
	})
}

// change takes a layer over, or has it wait for a life of its own.
func (s *service) change(l *life, layer config.Layer) error {
	err := s.changeTo(l, config.WithLayer(s.layers(), layer), layer.Source)
	switch {
	case err != nil:
		s.operations.Applied(telemetry.Rejected)
	case s.waiting != nil:
		s.operations.Applied(telemetry.Deferred)
	default:
		s.operations.Applied(telemetry.Taken)
	}
	return err
}

// layers are those that will be in force once all lines are idle.
func (s *service) layers() []config.Layer {
	if s.waiting != nil {
		return s.waiting.layers
	}
	return s.memory.layers
}

// changeTo takes all layers over.
func (s *service) changeTo(l *life, layers []config.Layer, source string) error {
	next, err := config.Merge(s.memory.region, layers...)
	if err != nil {
		return err
	}
	if err := s.board.holds(next.Config); err != nil {
		return err
	}
	s.waiting = nil
	class := config.Diff(s.config, next.Config).Class()
	if class >= config.OfBox || s.board.lacks(next.Config) {
		s.waiting = &waiting{layers, next, source, time.Now()}
		setLevel(s.level, next.Config)
		s.log.Info("configuration changed, it holds when all lines are idle", "source", source, "class", class.String())
		return nil
	}
	if err := l.agent.Apply(next.Config); err != nil {
		return err
	}
	s.inForce(layers, next, source)
	s.board.moveTo(next.Config)
	if l.telemetry != nil {
		l.telemetry.Apply(next.Config)
	}
	s.log.Info("configuration changed", "source", source, "class", class.String())
	return nil
}

// inForce remembers what was taken over.
func (s *service) inForce(layers []config.Layer, e *config.Effective, source string) {
	s.config = e.Config
	s.memory.layers, s.memory.effective = layers, e
	s.memory.save(source)
	setLevel(s.level, s.config)
}

// may says whether the agent may start anew: nobody calls, and nobody holds a
// handset, unless that one keeps the change waiting for too long.
func (w *waiting) may(st agent.Status, now time.Time) bool {
	r := w.effective.Config.Provision.Resync
	patient := now.Sub(w.since) < r.MaxDefer.Duration()
	for _, l := range st.Lines {
		if len(l.Calls) > 0 || l.OffHook && patient {
			return false
		}
	}
	return r.InWindow(now)
}

// renew opens the board for the configuration that waited. If it does not open,
// the one before goes on.
func (s *service) renew() error {
	w := s.waiting
	s.waiting = nil
	b, err := s.open(w.effective.Config)
	if err != nil {
		s.log.Error("the board does not open for the changed configuration, the one in force stays", "err", err)
		if s.memory.trial {
			s.memory.remember(w.layers, w.effective, w.source) // for the roll-back to say that it failed
		}
		s.board, err = s.open(s.config)
		return err
	}
	s.board = b
	s.operations.Applied(telemetry.Taken)
	s.inForce(w.layers, w.effective, w.source)
	s.log.Info("configuration changed, the agent starts anew", "source", w.source)
	return nil
}
