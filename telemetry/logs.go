package telemetry

import (
	"context"
	"log/slog"
	"strings"

	"github.com/ata-agent/ata-agent/privacy"
)

// LogHandler returns a handler that hands records to next and, while the owner
// permits it and a receiver takes them, those of Info and above to telemetry.
// It never waits.
func (t *Telemetry) LogHandler(next slog.Handler) slog.Handler {
	return &logHandler{t, next, slog.NewTextHandler(recordWriter{t}, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{} // the batch has its own
			}
			return a
		},
	})}
}

type logHandler struct {
	t          *Telemetry
	next, text slog.Handler
}

func (h *logHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.next.Enabled(ctx, l) || h.ships(l)
}

func (h *logHandler) ships(l slog.Level) bool {
	return l >= slog.LevelInfo && h.t.filter.Allows(logMessage, privacy.Everything)
}

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.ships(r.Level) {
		_ = h.text.Handle(ctx, r) // recordWriter has no error
	}
	if !h.next.Enabled(ctx, r.Level) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

func (h *logHandler) WithAttrs(as []slog.Attr) slog.Handler {
	return &logHandler{h.t, h.next.WithAttrs(as), h.text.WithAttrs(as)}
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{h.t, h.next.WithGroup(name), h.text.WithGroup(name)}
}

// recordWriter makes a batch of each line of a text handler.
type recordWriter struct{ t *Telemetry }

func (w recordWriter) Write(line []byte) (int, error) {
	level, text, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	s := &Samples{}
	s.Text(logMessage, text)
	w.t.post(privacy.Batch{Kind: privacy.Log, Severity: syslogSeverity(level), Items: s.items})
	return len(line), nil
}

// syslogSeverity is that of a level as the text handler writes it (RFC 5424
// §6.2.1).
func syslogSeverity(level string) int {
	switch level = strings.TrimPrefix(level, "level="); {
	case strings.HasPrefix(level, "ERROR"):
		return 3
	case strings.HasPrefix(level, "WARN"):
		return 4
	case strings.HasPrefix(level, "INFO"):
		return 6
	}
	return 7
}
