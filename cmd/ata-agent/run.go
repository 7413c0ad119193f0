package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/provision"
	"github.com/ata-agent/ata-agent/state"
)

func runAgent(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "run", "run the agent until it is told to end")
	file := f.String("config", defaultConfig, "configuration file: the lowest layer of the configuration")
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
	makeRoomForAudio(env.getenv)
	dir, err := state.Open(*stateDir)
	if err != nil {
		return err
	}
	if err := notInUse(*stateDir); err != nil {
		return err
	}
	level := new(slog.LevelVar)
	log := newLogger(env.stderr, level)
	s := &service{
		dir: dir, log: log, level: level, getenv: env.getenv, watchdog: *dog, identity: m.identity,
		open:   func(cfg *config.Config) (*board, error) { return m.open(cfg, dir, log) },
		memory: &memory{dir: dir, file: *file, region: m.region(), log: log, keepers: keepers(env.getenv, log)},
	}
	defer thrifty(env.getenv)()
	applied, err := s.begin()
	if err != nil {
		return err
	}
	s.watch = &provision.File{Path: *file, Applied: applied}
	return s.run(ctx)
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
