package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/line"
	"github.com/ata-agent/ata-agent/line/script"
	"github.com/ata-agent/ata-agent/slic"
)

// Settings of an incident's script.
const (
	settingBegan  = "began"  // RFC 3339, when time 0 was
	settingConfig = "config" // what of the line's configuration the machine knows, as JSON
	settingPort   = "port"   // abilities of the port that the machine knows, as JSON
)

// incidentWait bounds how long the goroutine of a line may be busy.
const incidentWait = 5 * time.Second

// portAbilities are the abilities of a port that decide what a machine does.
type portAbilities struct {
	OpenLoop       bool `json:"open_loop"`
	OnHookTransmit bool `json:"on_hook_transmit"`
}

// Incident returns the last minutes of line n, from 1, as a script that [Replay]
// takes: events, decisions and how the voice fared. It holds the digits that were
// dialled and the numbers of callers, but no account, address or secret.
func (a *Agent) Incident(ctx context.Context, n int) (string, error) {
	if n < 1 || n > len(a.ports) {
		return "", fmt.Errorf("%w: %d, there are 1 to %d", ErrNoLine, n, len(a.ports))
	}
	ctx, cancel := context.WithTimeout(ctx, incidentWait)
	defer cancel()
	answer := make(chan string, 1)
	a.ports[n-1].post(message{incident: answer})
	select {
	case text := <-answer:
		return text, nil
	case <-ctx.Done():
		return "", fmt.Errorf("agent: incident of line %d: %w", n, ctx.Err())
	}
}

// incident is what was recorded, with what the machine was set to.
func (p *port) incident() string {
	s := p.flight.Script()
	caps := p.chip.Caps()
	s.Settings = []script.Setting{
		{Name: settingBegan, Value: p.flight.began.Format(time.RFC3339)},
		{Name: settingPort, Value: compact(portAbilities{caps.OpenLoop, caps.OnHookTransmit})},
		{Name: settingConfig, Value: compact(decisiveOf(&p.config))},
	}
	return s.Format()
}

// decisive is what of a line's configuration its machine knows: no account and no
// address.
type decisive struct {
	Dial         config.Dial         `json:"dial"`
	Hook         config.Hook         `json:"hook"`
	Ring         config.Ring         `json:"ring"`
	CallerID     config.CallerID     `json:"callerid"`
	Features     config.Features     `json:"features"`
	Emergency    config.Emergency    `json:"emergency"`
	Country      string              `json:"country"`
	OpenLoop     bool                `json:"open_loop"`
	OpenLoopTime config.Milliseconds `json:"open_loop_ms"`
	ReorderDelay config.Seconds      `json:"reorder_delay_s"`
	Unregistered bool                `json:"call_without_registration"`
}

func decisiveOf(cfg *config.Line) decisive {
	return decisive{
		cfg.Dial, cfg.Hook, cfg.Ring, cfg.CallerID, cfg.Features, cfg.Emergency,
		cfg.SLIC.Country, cfg.SLIC.OpenLoop, cfg.SLIC.OpenLoopTime, cfg.Tones.ReorderDelay, cfg.SIP.CallWithoutRegistration,
	}
}

// line is a configuration whose machine decides alike.
func (d *decisive) line() *config.Line {
	return &config.Line{
		Dial: d.Dial, Hook: d.Hook, Ring: d.Ring, CallerID: d.CallerID, Features: d.Features, Emergency: d.Emergency,
		SLIC:  config.SLIC{Country: d.Country, OpenLoop: d.OpenLoop, OpenLoopTime: d.OpenLoopTime},
		Tones: config.Tones{ReorderDelay: d.ReorderDelay},
		SIP:   config.SIP{CallWithoutRegistration: d.Unregistered},
	}
}

func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers, words and lists of them
	}
	return string(text)
}

// Replay plays an incident on a machine set as the line's was, and returns it with
// what this program decides: the same text, byte for byte, if it decides as the
// recorded one did.
func Replay(text string) (string, error) {
	s, err := script.Parse(text)
	if err != nil {
		return "", fmt.Errorf("agent: replay: %w", err)
	}
	var known decisive
	var able portAbilities
	for name, v := range map[string]any{settingConfig: &known, settingPort: &able} {
		value, ok := s.Setting(name)
		if !ok {
			return "", fmt.Errorf("agent: replay: this is no incident: it does not set %s", name)
		}
		if err := json.Unmarshal([]byte(value), v); err != nil {
			return "", fmt.Errorf("agent: replay: set %s: %w", name, err)
		}
	}
	cfg := known.line()
	nat, err := newNation(cfg, slic.Caps{OpenLoop: able.OpenLoop, OnHookTransmit: able.OnHookTransmit})
	if err != nil {
		return "", fmt.Errorf("agent: replay: %w", err)
	}
	return script.Replay(s, func(port line.Port) script.Machine {
		return line.New(port, nat.country, nat.plan, lineSettings(cfg))
	}).Format(), nil
}

// HideNumbers takes digits, numbers and names out of an incident, which then no
// longer replays.
func HideNumbers(text string) (string, error) {
	s, err := script.Parse(text)
	if err != nil {
		return "", fmt.Errorf("agent: hide numbers: %w", err)
	}
	for i := range s.Steps {
		step := &s.Steps[i]
		if len(step.Events) == 1 {
			step.Text = script.FormatEvent(anonymous(step.Events[0].Event))
		}
		for j := range step.Effects {
			step.Effects[j].Call.Number = ""
		}
	}
	return "# Numbers are hidden; this does not replay.\n" + s.Format(), nil
}

func anonymous(e line.Event) line.Event {
	switch e := e.(type) {
	case line.Digit:
		return line.Digit{Key: '*'}
	case line.Incoming:
		e.Number, e.Name = "", ""
		return e
	}
	return e
}

func (a *Agent) serveIncident(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		http.Error(w, fmt.Sprintf("%q is no number of a line", r.PathValue("n")), http.StatusBadRequest)
		return
	}
	text, err := a.Incident(r.Context(), n)
	if err == nil && r.URL.Query().Get("numbers") == "hidden" {
		text, err = HideNumbers(text)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text)) // fails when the reader went away
}
