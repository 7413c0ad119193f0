package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/hal/button"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/panel"
	"github.com/ata-agent/ata-agent/sip"
)

// front is the panel of a board while it is open.
type front struct {
	*panel.Panel
	virtual *panel.Virtual // nil: a real one
	close   func() error
}

// runPanel serves the lamps and the button until ctx ends.
func (s *service) runPanel(ctx context.Context, a *agent.Agent) error {
	f, err := s.board.front()
	if err != nil {
		s.log.Warn("part of the panel is missing", "err", err)
	}
	if f == nil {
		return nil
	}
	s.front.Store(f)
	err = f.Run(ctx, panel.Opts{
		Logger: s.log,
		State:  func() panel.State { return panelState(a.Status()) },
		Act:    s.pressed,
	})
	return errors.Join(err, f.close())
}

// pressed does what the button asks for. The program ends for a restart and is
// started again by the service manager.
func (s *service) pressed(act button.Action) {
	s.log.Info("button", "action", act.String())
	switch act {
	case button.FactoryReset:
		s.resetting.Store(true)
		s.end()
	case button.Restart:
		s.end()
	}
}

// panelState is what lamps tell of an agent's state.
func panelState(s agent.Status) panel.State {
	out := panel.State{Clock: s.Clock.Running}
	for _, l := range s.Lines {
		out.Lines = append(out.Lines, panel.Line{
			Up: l.PortUp, OffHook: l.OffHook, Messages: l.Messages,
			Ringing:   l.State == line.Ringing.String() || l.State == line.Reminding.String(),
			Registers: l.Registers, Registered: l.Registration == sip.Registered.String(),
		})
	}
	return out
}

// servePanel answers what every lamp shows.
func (s *service) servePanel(w http.ResponseWriter, _ *http.Request) {
	lamps := []panel.Lamp{} // not nil: JSON shows an empty list
	if f := s.front.Load(); f != nil {
		lamps = append(lamps, f.Lamps()...)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(lamps) // fails when the reader went away
}

// buttonRequest is the body of POST /v1/button.
type buttonRequest struct {
	Hold float64 `json:"hold_s"`
}

// longestHold is longer than any time that has a meaning.
const longestHold = 60 * time.Second

// serveButton holds the button of a virtual board.
func (s *service) serveButton(w http.ResponseWriter, r *http.Request) {
	f := s.front.Load()
	if f == nil || f.virtual == nil {
		http.Error(w, "this is not a virtual board", http.StatusConflict)
		return
	}
	var req buttonRequest
	err := json.NewDecoder(io.LimitReader(r.Body, 1<<10)).Decode(&req)
	if err != nil || !(req.Hold > 0 && req.Hold <= longestHold.Seconds()) {
		http.Error(w, fmt.Sprintf("hold_s: want a time of more than 0 and at most %v", longestHold.Seconds()), http.StatusBadRequest)
		return
	}
	f.virtual.Hold(r.Context(), time.Duration(req.Hold*float64(time.Second)))
}

func runButton(ctx context.Context, env *environment, args []string) error {
	f := newFlags(env, "button", "hold the button of a virtual board: 5 s restart the agent, 10 s reset it to its first state")
	state := f.stateFlag()
	hold := f.Duration("hold", 500*time.Millisecond, "how long, at most 60s")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 || *hold <= 0 || *hold > longestHold {
		return &usageError{"say for how long: -hold of at most 60s"}
	}
	body, err := newControlClient(*state).do(ctx, "POST", "/v1/button", strings.NewReader(fmt.Sprintf(`{"hold_s": %g}`, hold.Seconds())))
	if err != nil {
		return err
	}
	return body.Close()
}

// printLamps prints what the lamps show, if there are any.
func printLamps(w io.Writer, lamps []panel.Lamp) {
	if len(lamps) == 0 {
		return
	}
	var all []string
	for _, l := range lamps {
		all = append(all, l.Name+" "+l.Pattern)
	}
	fmt.Fprintf(w, "lamps: %s\n", strings.Join(all, ", "))
}
