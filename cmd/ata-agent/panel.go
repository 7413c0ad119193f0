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

// openFront opens the panel of the board, nil if it has none. A part that is
// missing is no reason not to serve.
func (s *service) openFront() *front {
	f, err := s.board.front()
	if err != nil {
		s.log.Warn("part of the panel is missing", "err", err)
	}
	return f
}

// runPanel serves the lamps and the button of a life until ctx ends.
func (s *service) runPanel(ctx context.Context, l *life) {
	if l.front == nil {
		return
	}
	err := l.front.Run(ctx, panel.Opts{
		Logger: s.log,
		State:  func() panel.State { return panelState(l.agent.Status()) },
		Act:    s.pressed,
		Button: s.holds,
	})
	if err = errors.Join(err, l.front.close()); err != nil {
		s.log.Warn("panel", "err", err)
	}
}

// pressed takes what the button asks for to obey. It does not wait: a second
// press while the first is carried out is none.
func (s *service) pressed(act button.Action) {
	s.log.Info("button", "action", act.String())
	select {
	case s.presses <- act:
	default:
	}
}

// buttonActor is who resets by the button, in the audit log.
const buttonActor = "button of the device"

// obey does what the button asks for until ctx ends or a restart is wanted: its
// return ends the program, which the service manager starts again.
func (s *service) obey(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case act := <-s.presses:
			switch act {
			case button.Restart:
				return
			case button.FactoryReset:
				if err := s.reset(ctx, resetOrder{Actor: buttonActor, Force: true}); err != nil {
					s.log.Error("reset by the button", "err", err)
				}
			}
		}
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

// serveLamps answers what every lamp shows.
func (f *front) serveLamps(w http.ResponseWriter, _ *http.Request) {
	lamps := []panel.Lamp{} // not nil: JSON shows an empty list
	if f != nil {
		lamps = append(lamps, f.Lamps()...)
	}
	answerJSON(w, lamps)
}

// buttonRequest is the body of POST /v1/button.
type buttonRequest struct {
	Hold float64 `json:"hold_s"`
}

// longestHold is longer than any time that has a meaning.
const longestHold = 60 * time.Second

// serveButton holds the button of a virtual board.
func (f *front) serveButton(w http.ResponseWriter, r *http.Request) {
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
