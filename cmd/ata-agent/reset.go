package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/ata-agent/ata-agent/state"
)

// resetOrder is the body of POST /v1/reset.
type resetOrder struct {
	Actor string `json:"actor"` // on whose behalf
	Force bool   `json:"force"` // also during a call
}

const resetActor = "owner at the command line"

// runReset forgets all that the device knows.
func runReset(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "reset", "destroy what the device remembers, for good: accounts, history, logs, identity")
	factory := f.Bool("factory", false, "back to the state of the factory: must be said")
	yes := f.Bool("yes", false, "do not ask")
	force := f.Bool("force", false, "also when there is a call")
	andConfig := f.Bool("and-config", false, "destroy the configuration file too; without it the device starts with that")
	file := f.String("config", defaultConfig, "the configuration file")
	dir := f.stateFlag()
	if err := f.parse(args); err != nil {
		return err
	}
	if !*factory || f.NArg() > 0 {
		return &usageError{"say -factory"}
	}
	if !*yes && !confirmed(env, *dir, *file, *andConfig) {
		return errors.New("nothing was done")
	}
	if *andConfig {
		if err := state.Destroy(*file); err != nil {
			return err
		}
	}
	if err := reset(ctx, env, *dir, resetOrder{resetActor, *force}); err != nil {
		return err
	}
	fmt.Fprintln(env.stdout, "all that the device remembered is destroyed")
	return nil
}

// confirmed asks the person at the terminal.
func confirmed(env *environment, dir, file string, andConfig bool) bool {
	what := "everything in " + dir
	if andConfig {
		what += " and " + file
	}
	fmt.Fprintf(env.stdout, "This destroys %s. It cannot be undone. Type yes to go on: ", what)
	line, _ := bufio.NewReader(env.stdin).ReadString('\n')
	return strings.TrimSpace(line) == "yes"
}

// reset asks the running agent, or acts alone if there is none.
func reset(ctx context.Context, env *environment, dir string, o resetOrder) error {
	if notInUse(dir) != nil {
		body, err := json.Marshal(o)
		if err != nil {
			return err
		}
		answer, err := newControlClient(dir).do(ctx, http.MethodPost, "/v1/reset", bytes.NewReader(body))
		if err != nil {
			return err
		}
		return answer.Close()
	}
	d, err := state.Open(dir)
	if err != nil {
		return err
	}
	log := newLogger(env.stderr, nil)
	return d.Wipe(o.Actor, "factory reset", keepers(env.getenv, log)...)
}

// errNothingLeft ends a service whose configuration was destroyed.
var errNothingLeft = errors.New("everything is wiped; there is no configuration to start with")

// reset wipes on behalf of somebody beside the device, who waits for it to be set
// up again.
func (s *service) reset(ctx context.Context, o resetOrder) error {
	done, err := s.wipe(ctx, o)
	if done && s.manager != nil {
		s.manager.Wiped()
	}
	return err
}

// wipe ends the agent's life, destroys what the device remembers and begins anew
// with what is left. It refuses during a call unless it is forced. An error of a
// keeper is told, and does not keep the agent from living on.
func (s *service) wipe(ctx context.Context, o resetOrder) (done bool, err error) {
	kept := make(chan error, 1)
	err = s.order(ctx, func(l *life) (func() error, error) {
		if s.memory == nil {
			return nil, errors.New("this agent remembers nothing")
		}
		for _, line := range l.agent.Status().Lines {
			if len(line.Calls) > 0 && !o.Force {
				return nil, fmt.Errorf("line %d has a call", line.Line)
			}
		}
		s.log.Warn("reset: everything is wiped", "actor", o.Actor)
		return func() error {
			kept <- s.dir.Wipe(o.Actor, "factory reset", s.memory.keepers...)
			return s.wiped()
		}, nil
	})
	if errors.Is(err, errNothingLeft) {
		err = nil // the service says it
	}
	select {
	case failed := <-kept:
		return true, errors.Join(err, failed)
	default:
		return false, err
	}
}

// wiped begins anew.
func (s *service) wiped() error {
	s.waiting = nil
	if _, err := s.begin(); err != nil {
		return fmt.Errorf("%w: %w", errNothingLeft, err)
	}
	return nil
}

// serveReset answers when the reset is done.
func (s *service) serveReset(w http.ResponseWriter, r *http.Request) {
	var o resetOrder
	if err := json.NewDecoder(io.LimitReader(r.Body, 4096)).Decode(&o); err != nil || o.Actor == "" {
		http.Error(w, "reset: say who wants it", http.StatusBadRequest)
		return
	}
	if err := s.reset(r.Context(), o); err != nil {
		s.log.Error("reset", "err", err)
		http.Error(w, "reset: "+err.Error(), http.StatusConflict)
	}
}
