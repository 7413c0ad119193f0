package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/telemetry"
)

// newTelemetry makes the telemetry of a life, whose agent need not be there yet.
func (s *service) newTelemetry(l *life) (*telemetry.Telemetry, error) {
	return telemetry.New(s.config, telemetry.Opts{
		Home: s.dir, Root: os.DirFS("/"), Version: version, Board: s.board.name, Logger: s.log.With("part", "telemetry"),
		Status: func() agent.Status { return l.agent.Status() },
		Calls:  func() []agent.PastCall { return l.agent.Calls() },
		Forget: func() { l.agent.Forget() },
		Publish: func(ctx context.Context, line int, p sip.Publication) (sip.Published, error) {
			return l.agent.Publish(ctx, line, p)
		},
		Lines: s.board.hardware.Lines, Operations: &s.operations,
	})
}

// tapped has the agent's log records and packets pass by telemetry.
func tapped(opts *agent.Opts, t *telemetry.Telemetry, count *telemetry.Operations) {
	opts.Logger = slog.New(t.LogHandler(opts.Logger.Handler()))
	listen := opts.Listen
	if listen == nil {
		listen = media.Listen
	}
	opts.Listen = t.Tap().Listen(listen)
	more := opts.SIP
	opts.SIP = func(line int, o *sip.Opts) {
		if more != nil {
			more(line, o)
		}
		o.Trace, o.Asked = t.Tap().SIP, count.Asked
	}
}

// runTelemetry runs until the life ends. What it could not write is no reason to
// end anything.
func (s *service) runTelemetry(ctx context.Context, t *telemetry.Telemetry) {
	if err := t.Run(ctx); err != nil {
		s.log.Error("telemetry not written", "err", err)
	}
}
