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

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/state"
)

// setting is the body of POST /v1/config/owner: what the owner decides about one
// key.
type setting struct {
	Path  string  `json:"path"`            // JSON pointer
	Value *string `json:"value,omitempty"` // as written; nil: no longer the owner's to say
	Actor string  `json:"actor"`
}

const ownerSource = "owner's settings"

// in returns the owner's layer with the setting.
func (o *setting) in(layers []config.Layer) (config.Layer, error) {
	own := config.Layer{Name: config.Owner, Source: ownerSource}
	for _, l := range layers {
		if l.Name == config.Owner {
			own = l
		}
	}
	var err error
	if o.Value != nil {
		own.Data, err = config.WithKey(own.Data, o.Path, *o.Value)
	} else {
		own.Data, err = config.WithoutKey(own.Data, o.Path)
	}
	return own, err
}

// decide has a setting of the owner's taken over and says what changes. Any
// goroutine may call it.
func (s *service) decide(ctx context.Context, o setting) (changes config.Changes, err error) {
	if s.memory == nil {
		return nil, errors.New("this agent remembers nothing")
	}
	err = s.order(ctx, func(l *life) (func() error, error) {
		before := s.next()
		layer, err := o.in(s.layers())
		if err == nil {
			err = s.change(l, layer)
		}
		if err == nil {
			changes = config.Diff(before, s.next())
		}
		s.auditSetting(o, err)
		return nil, err
	})
	return changes, err
}

// next is the configuration that will be in force once all lines are idle.
func (s *service) next() *config.Config {
	if s.waiting != nil {
		return s.waiting.effective.Config
	}
	return s.config
}

// auditSetting writes down who decided about which key, and not what: it may be a
// password.
func (s *service) auditSetting(o setting, err error) {
	e := state.Entry{Actor: o.Actor, Action: "config set", Object: o.Path}
	if o.Value == nil {
		e.Action = "config unset"
	}
	if err != nil {
		e.Result = "refused"
	}
	s.memory.audit(e)
}

// maxSetting bounds the body of a setting, in bytes.
const maxSetting = 64 << 10

// serveOwner takes a setting of the owner's: what changes, or with status 422 the
// faults.
func (s *service) serveOwner(w http.ResponseWriter, r *http.Request, _ *life) {
	var o setting
	d := json.NewDecoder(io.LimitReader(r.Body, maxSetting))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil || o.Actor == "" || o.Path == "" {
		http.Error(w, "set: say which key, and who wants it", http.StatusBadRequest)
		return
	}
	changes, err := s.decide(r.Context(), o)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	answerJSON(w, diffAnswer{changes.Class(), changes})
}

func configSet(ctx context.Context, env *environment, args []string) error {
	return configDecide(ctx, env, args, "config set", "the owner's own setting of a key, as lines.0.name; a VALUE of - is read from standard input", 2)
}

func configUnset(ctx context.Context, env *environment, args []string) error {
	return configDecide(ctx, env, args, "config unset", "leave a key to the others again", 1)
}

// configDecide has the running agent take a setting of the owner's.
func configDecide(ctx context.Context, env *environment, args []string, verb, about string, want int) error {
	f := newFlags(env, verb, about)
	dir := f.stateFlag()
	by := f.String("by", resetActor, "who decides, for the audit log")
	asJSON := f.Bool("json", false, "print JSON")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() != want || f.Arg(0) == "" || *by == "" {
		return &usageError{"name a key" + map[int]string{2: " and a value"}[want]}
	}
	o := setting{Path: config.PointerOf(f.Arg(0)), Actor: *by}
	if want == 2 {
		value, err := given(env, f.Arg(1))
		if err != nil {
			return err
		}
		o.Value = &value
	}
	d, err := askToDecide(ctx, *dir, o)
	switch {
	case err != nil:
		return err
	case *asJSON:
		return printJSON(env.stdout, d)
	}
	printDiff(env, d)
	return nil
}

// given is a value of the command line, or the first line of standard input, which
// nobody sees in the list of processes.
func given(env *environment, value string) (string, error) {
	if value != "-" {
		return value, nil
	}
	line, err := bufio.NewReader(io.LimitReader(env.stdin, maxSetting)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func askToDecide(ctx context.Context, dir string, o setting) (d diffAnswer, err error) {
	body, err := json.Marshal(o)
	if err != nil {
		return d, err
	}
	answer, err := newControlClient(dir).do(ctx, http.MethodPost, "/v1/config/owner", bytes.NewReader(body))
	if err != nil {
		return d, err
	}
	defer answer.Close()
	return d, json.NewDecoder(answer).Decode(&d)
}
