package main

import (
	"log/slog"
	"os"

	"github.com/ata-agent/ata-agent/agent"
	"github.com/ata-agent/ata-agent/media"
	"github.com/ata-agent/ata-agent/sip"
	"github.com/ata-agent/ata-agent/telemetry"
)

// newTelemetry joins telemetry with the agent: its log records and packets pass
// by it. It may be called before there is an agent; agentOf is not called then.
func (s *service) newTelemetry(agentOf func() *agent.Agent) (*telemetry.Telemetry, error) {
	t, err := telemetry.New(s.config, telemetry.Opts{
		Home: s.dir, Root: os.DirFS("/"), Version: version, Board: s.board.name, Logger: s.log.With("part", "telemetry"),
		Status: func() agent.Status { return agentOf().Status() },
		Calls:  func() []agent.PastCall { return agentOf().Calls() },
		Forget: func() { agentOf().Forget() },
		Lines:  s.board.hardware.Lines,
	})
	if err != nil {
		return nil, err
	}
	s.opts.Logger = slog.New(t.LogHandler(s.log.Handler()))
	s.opts.Listen = t.Tap().Listen(media.Listen)
	s.opts.SIP = func(_ int, o *sip.Opts) { o.Trace = t.Tap().SIP }
	return t, nil
}
