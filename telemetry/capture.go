package telemetry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/telemetry/hep"
	"github.com/ata-agent/ata-agent/telemetry/pcapng"
)

// Limits of a capture and of a trace.
const (
	captureTime  = 10 * time.Minute
	captureBytes = 16 << 20
	traceTime    = time.Hour
)

// errFull ends a capture that has grown as large as it may.
var errFull = errors.New("the capture is full")

// limitedWriter stops after so many bytes.
type limitedWriter struct {
	w    io.Writer
	left int
}

func (l *limitedWriter) Write(b []byte) (int, error) {
	if len(b) > l.left {
		return 0, errFull
	}
	l.left -= len(b)
	return l.w.Write(b)
}

// Capture writes what the agent's sockets send and receive as a pcapng file: SIP
// without credentials, names and numbers, and the headers of voice packets; with
// content also what is in them. It ends with ctx, after d or ten minutes, at
// 16 MiB, or when it is no longer permitted; flush may be called after packets.
func (t *Telemetry) Capture(ctx context.Context, w io.Writer, d time.Duration, content bool, flush func()) error {
	r, stop, err := t.tap.read(true, content)
	if err != nil {
		return err
	}
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, min(d, captureTime))
	defer cancel()
	file, err := pcapng.NewWriter(&limitedWriter{w, captureBytes}, "ata-agent "+t.opts.Version)
	if err != nil {
		return err
	}
	flush()
	t.log.Info("capture begins", "for", min(d, captureTime), "content", content)
	for {
		select {
		case <-ctx.Done():
			t.log.Info("capture ends", "lost", r.lost.Load())
			return nil
		case <-r.ended:
			return errNotPermitted
		case p := <-r.packets:
			err := file.Write(pcapng.Packet{Time: p.at, Source: p.source, Destination: p.to, TCP: p.tcp, Payload: p.payload(), Length: p.length})
			if err != nil {
				return err
			}
			if len(r.packets) == 0 {
				flush()
			}
		}
	}
}

// tracing is the present trace towards the capture server.
type tracing struct {
	until time.Time
}

// Trace has SIP messages copied to the capture server for a while, an hour at
// most; zero ends it.
func (t *Telemetry) Trace(d time.Duration) error {
	if d > 0 && !t.tap.permitted() {
		return errNotPermitted
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if d > 0 && t.config.HEP.Server == "" {
		return errors.New("telemetry.hep.server is not set")
	}
	t.tap.trace.Store(&tracing{until: time.Now().Add(min(d, traceTime))})
	t.tap.again()
	return nil
}

// runHEP serves traces until ctx ends.
func (t *Tap) runHEP(ctx context.Context, cfg *config.HEP, log *slog.Logger) {
	for ctx.Err() == nil {
		if now := t.trace.Load(); now != nil && time.Until(now.until) > 0 && cfg.Server != "" {
			if err := t.copyTo(ctx, cfg, now); err != nil {
				log.Warn("trace ended", "err", err)
				t.trace.CompareAndSwap(now, nil)
			}
		}
		select {
		case <-ctx.Done():
		case <-t.traceChanged:
		}
	}
}

// copyTo copies SIP messages to the capture server until the trace's time is over, or
// another takes its place.
func (t *Tap) copyTo(ctx context.Context, cfg *config.HEP, now *tracing) error {
	r, stop, err := t.read(false, false)
	if err != nil {
		return err
	}
	defer stop()
	client, err := hep.Dial(cfg.Server, uint32(cfg.Agent), cfg.Password.Reveal())
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	end := time.NewTimer(time.Until(now.until))
	defer end.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-end.C:
			return nil
		case <-r.ended:
			return errNotPermitted
		case <-t.traceChanged:
			if t.trace.Load() != now {
				t.again()
				return nil
			}
		case p := <-r.packets:
			// A capture server that is not there answers with an ICMP error, which
			// the next packet gets; the trace goes on.
			_ = client.Send(hep.Packet{Time: p.at, Source: p.source, Destination: p.to, TCP: p.tcp, CallID: callID(p.text), Payload: p.text})
			t.ledger.Left("hep", p.message, p.at)
		}
	}
}

// again has runHEP look at the trace once more.
func (t *Tap) again() {
	select {
	case t.traceChanged <- struct{}{}:
	default:
	}
}

// callID finds the header of a SIP message, also in its short form.
func callID(msg []byte) string {
	for line := range strings.Lines(string(msg)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			return ""
		}
		name, value, _ := strings.Cut(line, ":")
		if name = strings.ToLower(strings.TrimSpace(name)); name == "call-id" || name == "i" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
