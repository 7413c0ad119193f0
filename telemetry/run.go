package telemetry

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/telemetry/queue"
)

// pollCalls is how often it is looked for calls that ended; the agent remembers
// twenty.
const pollCalls = 5 * time.Second

// Run collects and sends until ctx ends, then writes what could not be sent. It
// returns when everything it started has ended.
func (t *Telemetry) Run(ctx context.Context) error {
	if err := t.boots.begin(t.opts.Root); err != nil {
		t.log.Error("the start is not remembered", "err", err)
	}
	var aside sync.WaitGroup
	aside.Go(func() { t.mobile.run(ctx) })
	for ctx.Err() == nil {
		t.serve(ctx)
	}
	aside.Wait()
	return errors.Join(t.flush(), t.boots.end())
}

// serve runs with one configuration, until there is another or ctx ends.
func (t *Telemetry) serve(ctx context.Context) {
	t.mu.Lock()
	cfg := t.config
	t.mu.Unlock()
	targets := t.targets(&cfg)
	ctx, stop := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer stop()
	for _, r := range targets {
		s := &sender{r, t, t.log.With("receiver", r.Name())}
		parts.Go(func() { s.run(ctx) })
	}
	if cfg.Listen != "" {
		parts.Go(func() { t.listen(ctx, cfg.Listen) })
	}
	parts.Go(func() { t.tap.runHEP(ctx, &cfg.HEP, t.log) })
	if t.reporting() {
		parts.Go(func() { t.publish.run(ctx, &cfg.Reports) })
	}
	t.collectUntilChanged(ctx, &cfg)
}

// targets makes the receivers of a configuration. One that cannot be made is
// left out and logged: others go on.
func (t *Telemetry) targets(cfg *config.Telemetry) []target {
	list, err := t.receivers(cfg, t.opts.Version)
	if err != nil {
		t.log.Error("receivers of telemetry left out", "err", err)
	}
	var names []string
	wanted := privacy.Set(0)
	for _, r := range list {
		names = append(names, r.Name())
		wanted |= r.categories
	}
	t.queue.Bound(queue.Opts{Bytes: cfg.QueueKiB << 10, Age: cfg.QueueAge.Duration()})
	t.queue.SetReaders(names...)
	t.mu.Lock()
	t.wanted = wanted
	t.mu.Unlock()
	return list
}

// collectUntilChanged is the loop that fills the queue.
func (t *Telemetry) collectUntilChanged(ctx context.Context, cfg *config.Telemetry) {
	metrics := time.NewTicker(cfg.Interval.Duration())
	defer metrics.Stop()
	calls := time.NewTicker(pollCalls)
	defer calls.Stop()
	watch := newVQWatch(&cfg.Reports)
	flush := time.NewTicker(cfg.Flush.Duration())
	defer flush.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.changed:
			return
		case <-metrics.C:
			t.put(privacy.Batch{Kind: privacy.Metrics, Items: t.registry.Gather()})
		case <-calls.C:
			t.lookAtCalls(watch)
		case b := <-t.inbox:
			t.put(b)
		case <-flush.C:
			t.flushOrSay()
		}
		if t.queue.Due() {
			t.flushOrSay()
		}
	}
}

// lookAtCalls reports on calls that ended, and on those that go on.
func (t *Telemetry) lookAtCalls(watch *vqWatch) {
	reporting := t.reporting()
	for _, c := range t.calls.Ended() {
		t.put(privacy.Batch{Kind: privacy.Report, Name: "call", Items: callReport(c)})
		if e, ok := sessionReport(c); ok && reporting {
			t.publish.put(e)
		}
	}
	if !reporting {
		return
	}
	for _, e := range watch.look(t.opts.Status()) {
		t.publish.put(e)
	}
}

func (t *Telemetry) flushOrSay() {
	if err := t.flush(); err != nil {
		t.log.Error("telemetry not written", "err", err)
	}
}

// flush writes what a restart would lose.
func (t *Telemetry) flush() error {
	t.time.right()
	return errors.Join(t.queue.Flush(time.Now()), t.time.flush(), t.ledger.Flush())
}

// listen serves /metrics at an address. One that is not there yet, or in use, is
// tried again.
func (t *Telemetry) listen(ctx context.Context, address string) {
	said := false
	for ctx.Err() == nil {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err == nil {
			said = false
			t.log.Info("metrics are served", "address", l.Addr().String())
			err = t.answer(ctx, l)
		}
		if err != nil && !said && ctx.Err() == nil {
			said = true
			t.log.Error("metrics are not served", "address", address, "err", err)
		}
		wait(ctx, 10*time.Second, nil, nil)
	}
}

// answer answers until ctx ends.
func (t *Telemetry) answer(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", t.ServeMetrics)
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 8 << 10,
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
