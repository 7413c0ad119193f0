package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	boardfile "github.com/ata-agent/ata-agent/board"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/hal/button"
	"github.com/ata-agent/ata-agent/hal/watchdog"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/state"
	"github.com/ata-agent/ata-agent/telemetry"
)

// service is the agent with what surrounds it in a process. The agent may have
// several lives in it: one ends and the next begins when a change cannot be
// taken over otherwise, or after a reset. One goroutine leads them and owns
// what is not said to be another's.
type service struct {
	config *config.Config // in force
	board  *board         // of the present life
	dir    state.Dir
	log    *slog.Logger
	level  *slog.LevelVar
	watch  *provision.File // nil: nothing to watch
	opts   agent.Opts
	getenv func(string) string // of the service manager, nil: there is none

	watchdog string // device of the kernel, empty: none

	open    func(*config.Config) (*board, error) // nil: one life is all
	memory  *memory                              // nil: nothing is remembered
	waiting *waiting                             // for a life of its own, nil: nothing

	operations telemetry.Operations // on this device, over all lives

	manager  *provision.Manager // nil: nobody provisions this agent
	identity boardfile.Identity // of the device

	orders  chan order           // for the leading goroutine
	presses chan button.Action   // of the button, for obey
	holds   button.Opts          // how long it is held for what [its defaults]
	now     atomic.Pointer[life] // for all goroutines, nil between lives
	warm    atomic.Bool          // for all goroutines: there was a life before
}

// life is one run of the agent, for other goroutines to read.
type life struct {
	agent     *agent.Agent
	telemetry *telemetry.Telemetry // nil: it could not begin
	front     *front               // nil: no panel
	kept      *calibrations
	radio     *radio
	api       http.Handler
	view      atomic.Pointer[view]
}

// view is what others may know of the configuration.
type view struct {
	config    *config.Config
	effective *config.Effective // nil: of unknown origin
	layers    []config.Layer
	storage   storageStatus
	waiting   string // class of a change that waits, "" for none
}

// waiting is a configuration that needs a new life.
type waiting struct {
	layers    []config.Layer
	effective *config.Effective
	source    string
	since     time.Time
}

// order is what another goroutine wants of the leading one, which carries it
// out and answers. One that ends the life says what is to be done before the
// next.
type order struct {
	do   func(*life) (between func() error, err error)
	done chan error
}

// begin recalls the configuration and opens the board. It returns the content of
// the configuration file.
func (s *service) begin() ([]byte, error) {
	file, err := s.memory.recall()
	if err != nil {
		return nil, err
	}
	s.config = s.memory.effective.Config
	setLevel(s.level, s.config)
	s.board, err = s.open(s.config)
	return file, err
}

// run serves until ctx ends or a part fails, and returns when all have ended.
func (s *service) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	control, err := listenControl(string(s.dir))
	if err != nil {
		return errors.Join(err, s.board.end())
	}
	dog, err := s.openWatchdog()
	if err != nil {
		return errors.Join(err, control.Close(), s.board.end())
	}
	s.orders, s.presses = make(chan order), make(chan button.Action, 1)
	if s.memory != nil {
		s.memory.told = s.operations.Audited
		s.manager = newManager(ctx, s, s.identity)
		s.opts.CheckSync, s.opts.SIP = s.checkSync, s.sipOpts
	}
	var parts sync.WaitGroup
	var errs [7]error
	part := func(i int, f func() error) {
		parts.Go(func() {
			defer stop() // one part that ends ends all
			errs[i] = f()
		})
	}
	part(0, func() error { return s.lives(ctx) })
	part(1, func() error { return serveControl(ctx, control, s.api()) })
	if s.watch != nil {
		part(2, func() error {
			return s.watch.Watch(ctx, func(data []byte) { s.fileChanged(ctx, data) })
		})
	}
	if s.manager != nil {
		part(4, func() error { return s.manager.Run(ctx) })
	}
	if s.getenv != nil {
		part(3, func() error { return guard(ctx, s.rounds(), s.getenv, s.log) })
	}
	part(5, func() error {
		s.obey(ctx)
		return nil
	})
	if dog != nil {
		part(6, func() error { return guardMachine(ctx, s.rounds(), dog, s.log) })
	}
	parts.Wait()
	return errors.Join(errs[:]...)
}

// openWatchdog starts the kernel's watchdog, if one is asked for. From here on
// the agent must live or say that it ends.
func (s *service) openWatchdog() (*watchdog.Device, error) {
	if s.watchdog == "" {
		return nil, nil
	}
	return watchdog.Open(s.watchdog, deviceTimeout)
}

// lives has the agent live until ctx ends or nothing is to follow.
func (s *service) lives(ctx context.Context) error {
	for {
		between, err := s.live(ctx)
		s.warm.Store(true)
		if err != nil || between == nil || ctx.Err() != nil {
			return err
		}
		if err := between(); err != nil {
			return err
		}
	}
}

// live is one life of the agent on the board that is open, which it closes.
func (s *service) live(ctx context.Context) (between func() error, err error) {
	ctx, end := context.WithCancel(ctx)
	defer end()
	l := &life{}
	if err := s.newAgent(l); err != nil {
		return nil, errors.Join(err, s.board.end())
	}
	l.front, l.kept = s.openFront(), s.board.calibrations
	l.api = s.agentAPI(l)
	s.show(l)
	s.now.Store(l)
	var running sync.WaitGroup
	if l.telemetry != nil {
		running.Go(func() { s.runTelemetry(ctx, l.telemetry) })
	}
	running.Go(func() {
		defer end()
		err = l.agent.Run(ctx)
	})
	running.Go(func() { l.radio.run(ctx) })
	running.Go(func() { s.runPanel(ctx, l) })
	running.Go(func() { l.kept.run(ctx) })
	between = s.lead(ctx, l)
	end()
	running.Wait()
	s.now.Store(nil)
	return between, errors.Join(err, s.board.end())
}

// newAgent makes the agent of a life, and telemetry about it.
func (s *service) newAgent(l *life) error {
	instance, err := s.dir.Instance()
	if err != nil {
		return err
	}
	opts := s.opts
	opts.Logger, opts.UserAgent, opts.InstanceID = s.log, "ata-agent/"+version, instance
	l.radio = &radio{stations: telemetry.KernelStations}
	opts.Radio = l.radio.dBm
	if l.telemetry, err = s.newTelemetry(l); err != nil {
		s.log.Error("nothing is told of this device", "err", err) // calls go on
	} else {
		tapped(&opts, l.telemetry, &s.operations)
	}
	l.agent, err = agent.New(s.config, s.board.hardware, opts)
	return err
}

// lookForIdle is how often the lines are looked at while a change waits for them.
const lookForIdle = time.Second

// lead carries out orders until the life ends, and returns what is to be done
// before the next, nil when there is none.
func (s *service) lead(ctx context.Context, l *life) (between func() error) {
	look := time.NewTicker(lookForIdle)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case o := <-s.orders:
			between, err := o.do(l)
			if between == nil {
				s.show(l)
				o.done <- err
				continue
			}
			return func() error { return s.answered(o, between) }
		case <-look.C:
			if s.waiting != nil && s.waiting.may(l.agent.Status(), time.Now()) {
				return s.renew
			}
		}
	}
}

// answered does what comes between two lives and answers the order for it.
func (s *service) answered(o order, between func() error) error {
	err := between()
	o.done <- err
	return err
}

// order has the leading goroutine do something and waits for its answer.
func (s *service) order(ctx context.Context, do func(*life) (func() error, error)) error {
	o := order{do, make(chan error, 1)}
	select {
	case s.orders <- o:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-o.done: // it may be what ended the service
		return err
	default:
		return ctx.Err()
	}
}

// show lets other goroutines see what is in force.
func (s *service) show(l *life) {
	v := &view{config: s.config}
	if s.memory != nil {
		s.operations.InForce(origin(s.memory.layers), s.config.Generation)
		v.effective, v.layers, v.storage = s.memory.effective, s.memory.layers, s.memory.status()
	}
	if s.waiting != nil {
		v.waiting = config.Diff(s.config, s.waiting.effective.Config).Class().String()
	}
	l.view.Store(v)
}

// rounds returns a function that says whether the audio goroutine has been round
// since it was asked last. A highway without a clock counts: it is tried again,
// and a restart would not bring it back. So does the time between two lives.
func (s *service) rounds() func() bool {
	var last uint64
	return func() bool {
		l := s.now.Load()
		if l == nil {
			return true
		}
		clock := l.agent.Status().Clock
		now := clock.Periods + clock.Errors
		moved := now != last
		last = now
		return moved
	}
}
