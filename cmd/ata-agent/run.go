package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/hal/watchdog"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/state"
)

func runAgent(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "run", "run the agent until it is told to end")
	file := f.String("config", defaultConfig, "configuration file")
	boardName := f.String("board", "", "board: a name of `ata-agent board list`, a file, or virtual for telephones in this computer; default the detected one")
	stateDir := f.stateFlag()
	dog := f.String("watchdog", "", "watchdog of the kernel that restarts the machine if the agent hangs, such as /dev/watchdog; default none")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return &usageError{fmt.Sprintf("unexpected %q", f.Arg(0))}
	}
	m, err := findMachine(*boardName, env.root)
	if err != nil {
		return err
	}
	cfg, data, err := readConfig(*file, m.region())
	if err != nil {
		return err
	}
	dir, err := state.Open(*stateDir)
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	log := newLogger(env.stderr, level)
	setLevel(level, cfg)
	b, err := m.open(cfg, log)
	if err != nil {
		return err
	}
	s := &service{
		config: cfg, board: b, dir: dir, log: log, region: m.region(),
		watch: &provision.File{Path: *file, Applied: data},
		level: level, getenv: env.getenv, watchdog: *dog,
	}
	return s.run(ctx)
}

// readConfig reads and validates a configuration file. Lines that name no
// country are in the region.
func readConfig(file, region string) (*config.Config, []byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := config.ParseIn(region, file, data)
	if err != nil {
		return nil, nil, fmt.Errorf("the configuration is not valid\n%w", err)
	}
	return cfg, data, nil
}

func newLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

func setLevel(level *slog.LevelVar, cfg *config.Config) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(cfg.Log.Level)); err == nil { // config allows the four names alone
		level.Set(l)
	}
}

// service is the agent with what surrounds it in a process.
type service struct {
	config *config.Config
	board  *board
	region string // country of lines that name none
	dir    state.Dir
	log    *slog.Logger
	level  *slog.LevelVar
	watch  *provision.File // nil: nothing to watch
	opts   agent.Opts
	getenv func(string) string // of the service manager, nil: there is none

	watchdog string // device of the kernel, empty: none
}

// run serves until ctx ends or a part fails, and returns when all have ended.
func (s *service) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	instance, err := s.dir.Instance()
	if err != nil {
		return err
	}
	s.opts.Logger, s.opts.UserAgent, s.opts.InstanceID = s.log, "ata-agent/"+version, instance
	a, err := agent.New(s.config, s.board.hardware, s.opts)
	if err != nil {
		return err
	}
	control, err := listenControl(string(s.dir))
	if err != nil {
		return err
	}
	dog, err := s.openWatchdog()
	if err != nil {
		return errors.Join(err, control.Close())
	}
	var parts sync.WaitGroup
	var errs [6]error
	part := func(i int, f func() error) {
		parts.Go(func() {
			defer stop() // one part that ends ends all
			errs[i] = f()
		})
	}
	part(0, func() error { return a.Run(ctx) })
	part(1, func() error { return serveControl(ctx, control, s.api(a)) })
	if s.watch != nil {
		part(2, func() error {
			return s.watch.Watch(ctx, func(data []byte) { s.apply(a, data) })
		})
	}
	if s.getenv != nil {
		part(3, func() error { return guard(ctx, a, s.getenv, s.log) })
	}
	if dog != nil {
		part(4, func() error { return guardMachine(ctx, a, dog, s.log) })
	}
	parts.Wait()
	if s.board.close != nil {
		errs[5] = s.board.close()
	}
	return errors.Join(errs[:]...)
}

// openWatchdog starts the kernel's watchdog, if one is asked for. It comes last:
// from here on the agent must live or say that it ends.
func (s *service) openWatchdog() (*watchdog.Device, error) {
	if s.watchdog == "" {
		return nil, nil
	}
	return watchdog.Open(s.watchdog, deviceTimeout)
}

// apply takes over a changed file, or says all that is wrong with it and keeps
// what is in force.
func (s *service) apply(a *agent.Agent, data []byte) {
	cfg, err := config.ParseIn(s.region, s.watch.Path, data)
	if err == nil {
		err = a.Apply(cfg)
	}
	if err != nil {
		s.log.Error("changed configuration refused, the one in force stays", "err", err)
		return
	}
	setLevel(s.level, cfg)
	s.board.moveTo(cfg)
	s.log.Info("configuration changed", "file", s.watch.Path)
}

// api is the agent's interface and, on a virtual board, its telephones.
func (s *service) api(a *agent.Agent) http.Handler {
	mux := a.API()
	mux.HandleFunc("POST /v1/phone/{n}", s.board.servePhone)
	return mux
}
