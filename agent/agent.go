// Package agent is the shell around the pure core: it owns every goroutine of a
// call. One goroutine per line feeds the call-processing machine from one
// inbox, one per PCM highway runs the voice of all its lines, one per user
// agent speaks SIP and one per port serves the chip. They meet only in inboxes.
//
//	slic.Line ──hook──▶ ┌────────┐ ◀──events── sip.UA ◀──▶ registrar, far end
//	media.Voice ─keys─▶ │  line  │ ──Dial, Answer, Hangup──▶ sip.UA
//	              timer▶│machine │ ──Play, Connect─────────▶ media.Voice
//	                    └────────┘ ──SetFeed───────────────▶ slic.Line
//	hal.PCM.Exchange ──▶ media.Voice.Frame ◀──▶ media.Session ◀──▶ RTP
package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/slic"
)

// Hardware is what a board gives the agent: one PCM highway and the ports on
// it, port i on channel i.
type Hardware struct {
	PCM   hal.PCM
	Lines []slic.Line
	// Priority has the thread that serves the highway go before others, for one
	// whose clock does not wait (hal.Prioritize).
	Priority bool
}

// Opts are the settings of an Agent that no document holds.
type Opts struct {
	Logger    *slog.Logger
	UserAgent string // product token of SIP messages
	// InstanceID names this device to registrars (RFC 5626 §4.1); each line adds
	// its number. It stays the same across restarts.
	InstanceID string

	// Listen opens the RTP and RTCP sockets of a call; nil means media.Listen.
	Listen func(local netip.Addr, portMin, portMax, dscp int) (rtp, rtcp media.Conn, err error)
	// CheckSync is told that a server wants the configuration to be looked at. It
	// must not block.
	CheckSync func(sip.CheckSync)
	// Radio tells the signal of the device's radio link in dBm, 0 if it has none. It
	// is called by the lines and must not block.
	Radio func() float64
	// SIP may change the options of each user agent before it is made.
	SIP func(line int, o *sip.Opts)
}

// Agent runs the lines of one board.
type Agent struct {
	hw     Hardware
	opts   Opts
	log    *slog.Logger
	ports  []*port
	hub    *hub
	past   *pastCalls
	clock  clockStats
	voices []*media.Voice
}

// New builds an agent; nothing runs before Run. The document's line i is served
// by port i. A line without a port is an error, a port without a line stays
// out of service.
func New(cfg *config.Config, hw Hardware, opts Opts) (*Agent, error) {
	if len(cfg.Lines) > len(hw.Lines) {
		return nil, fmt.Errorf("agent: the configuration has %d lines, the board %d ports", len(cfg.Lines), len(hw.Lines))
	}
	if hw.PCM.Channels() < len(hw.Lines) {
		return nil, fmt.Errorf("agent: %d PCM channels for %d ports", hw.PCM.Channels(), len(hw.Lines))
	}
	if opts.Listen == nil {
		opts.Listen = media.Listen
	}
	if opts.Radio == nil {
		opts.Radio = func() float64 { return 0 }
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	a := &Agent{hw: hw, opts: opts, log: opts.Logger, hub: newHub(), past: newPastCalls()}
	for i, hwLine := range hw.Lines {
		p, err := newPort(a, i, hwLine, lineOf(cfg, i))
		if err != nil {
			return nil, fmt.Errorf("agent: line %d: %w", i+1, err)
		}
		a.ports = append(a.ports, p)
		a.voices = append(a.voices, p.voice)
	}
	return a, nil
}

// lineOf is line i of a document, out of service where there is none.
func lineOf(cfg *config.Config, i int) config.Line {
	if i < len(cfg.Lines) {
		return cfg.Lines[i]
	}
	return config.Line{SLIC: config.SLIC{Country: "US"}}
}

// Run serves the lines until ctx ends, then ends calls, takes back
// registrations and leaves the ports open. It returns when everything it
// started has ended.
//
// The ports need the PCM clock to the last, so the highway stops after them.
func (a *Agent) Run(ctx context.Context) error {
	clock, stopClock := context.WithCancel(context.WithoutCancel(ctx))
	defer stopClock()
	chips, stopChips := context.WithCancel(context.WithoutCancel(ctx))
	defer stopChips()

	var audio, drivers, lines sync.WaitGroup
	audio.Go(func() { a.runAudio(clock) })
	errs := make([]error, len(a.ports))
	for i, p := range a.ports {
		drivers.Go(func() { errs[i] = p.runDriver(chips) })
		lines.Go(func() { p.run(ctx) })
	}
	lines.Wait()
	stopChips()
	drivers.Wait()
	stopClock()
	audio.Wait()
	a.hub.close()
	return errors.Join(errs...)
}

// Apply takes over a new document. A line whose change is live (config.Class)
// takes it at once, any other when its telephone is next on hook with no call; a
// call in progress never notices. What only a new Agent can take over
// (config.OfBox) is the caller's to see to.
func (a *Agent) Apply(cfg *config.Config) error {
	if len(cfg.Lines) > len(a.ports) {
		return fmt.Errorf("agent: apply: the configuration has %d lines, the board %d ports", len(cfg.Lines), len(a.ports))
	}
	for i, p := range a.ports {
		p.post(message{config: new(lineOf(cfg, i))})
	}
	return nil
}
