package telemetry

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/config"
	"github.com/ata-agent/ata-agent/privacy"
	"github.com/ata-agent/ata-agent/quality/vqrtcpxr"
	"github.com/ata-agent/ata-agent/sip"
)

const (
	publishing      = "sip" // the collector's name in the ledger
	publishQueue    = 32    // reports that may wait
	publishAge      = time.Hour
	publishTimeout  = 40 * time.Second // more than the 32 s of RFC 3261 §17.1.2.2
	publishFirst    = 10 * time.Second // until the second attempt
	publishLast     = 5 * time.Minute  // between attempts
	publishUnwanted = time.Hour        // for a collector that takes no reports
)

// publisher gives voice quality reports to a collector, one at a time.
type publisher struct {
	t    *Telemetry
	log  *slog.Logger
	send func(ctx context.Context, line int, p sip.Publication) (sip.Published, error)

	mu      sync.Mutex
	waiting []waitingReport
	changed chan struct{} // something waits, or nothing any more
	results map[string]float64
}

type waitingReport struct {
	event vqEvent
	since time.Time
}

func newPublisher(t *Telemetry) *publisher {
	return &publisher{t: t, log: t.log.With("receiver", publishing), send: t.opts.Publish, changed: make(chan struct{}, 1), results: map[string]float64{}}
}

// put has a report wait; the oldest makes room.
func (p *publisher) put(e vqEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == publishQueue {
		p.waiting = append(p.waiting[:0], p.waiting[1:]...)
		p.results["full"]++
	}
	p.waiting = append(p.waiting, waitingReport{e, time.Now()})
	p.wake()
}

// clear forgets what waits.
func (p *publisher) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting = nil
	p.wake()
}

func (p *publisher) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// next is the oldest report; those that waited too long are dropped.
func (p *publisher) next() (waitingReport, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.waiting) > 0 && time.Since(p.waiting[0].since) > publishAge {
		p.waiting = p.waiting[1:]
		p.results["expired"]++
	}
	if len(p.waiting) == 0 {
		return waitingReport{}, false
	}
	return p.waiting[0], true
}

// done forgets a report if it still waits, and counts what became of it.
func (p *publisher) done(w waitingReport, result string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.results[result]++
	if len(p.waiting) > 0 && p.waiting[0].since.Equal(w.since) {
		p.waiting = p.waiting[1:]
	}
}

// run publishes until ctx ends.
func (p *publisher) run(ctx context.Context, cfg *config.QualityReports) {
	retry := publishFirst
	for ctx.Err() == nil {
		w, ok := p.next()
		if !ok || !p.t.time.right() {
			wait(ctx, idle, p.changed, nil)
			continue
		}
		pause := p.attempt(ctx, cfg, w)
		if pause < 0 { // it is not known when to come again
			pause = retry/2 + rand.N(retry)
			retry = min(2*retry, publishLast)
		} else {
			retry = publishFirst
		}
		wait(ctx, pause, nil, nil)
	}
}

// attempt sends a report as far as it may leave, and returns how long to wait
// before the next attempt at anything; negative: longer each time.
func (p *publisher) attempt(ctx context.Context, cfg *config.QualityReports, w waitingReport) time.Duration {
	c := p.t.filter.Clear(p.batch(&w.event), categoriesOf(cfg.Categories))
	if !tellsFigures(c) {
		p.done(w, "withheld")
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	p.t.sending(publishing, cancel)
	defer p.t.sending(publishing, nil)
	got, err := p.send(ctx, w.event.line, sip.Publication{To: cfg.Collector, Event: vqrtcpxr.Event, ContentType: vqrtcpxr.ContentType, Body: vqText(c)})
	if err != nil {
		p.log.Debug("quality report not sent, kept for later", "err", err)
		p.count("failed")
		return -1
	}
	p.t.ledger.Left(publishing, c, time.Now()) // it was there, whatever was done with it
	return p.answered(w, got)
}

func (p *publisher) batch(e *vqEvent) privacy.Batch {
	b := e.batch(time.Now())
	b.Items = append(b.Items, privacy.Item{Field: installation, Text: p.t.identity.Installation()})
	return b
}

// tellsFigures reports whether a report says more than that there was a call.
func tellsFigures(c privacy.Cleared) bool {
	for _, i := range c.Items() {
		if i.Field == vqFigure {
			return true
		}
	}
	return false
}

// answered takes the collector's answer.
func (p *publisher) answered(w waitingReport, got sip.Published) time.Duration {
	switch {
	case got.Code/100 == 2:
		p.done(w, "sent")
		return 0
	case got.Code == 408 || got.Code == 429 || got.Code == 480 || got.Code/100 == 5 && got.Code != 501:
		p.count("failed")
		if got.RetryAfter > 0 {
			return min(got.RetryAfter, longestWait) + rand.N(firstRetry)
		}
		return -1
	}
	p.done(w, "refused")
	p.log.Warn("collector refused a quality report", "code", got.Code)
	switch got.Code {
	case 401, 403, 404, 405, 407, 489, 501: // it will not take the next one either
		return max(publishUnwanted, min(got.RetryAfter, 24*publishUnwanted))
	}
	return 0
}

func (p *publisher) count(result string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.results[result]++
}

// collect tells what became of reports so far.
func (p *publisher) collect(s *Samples) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, result := range vqResults.Labels[0].Values {
		if n := p.results[result]; n > 0 || result == "sent" {
			s.Set(vqResults, n, result)
		}
	}
}
