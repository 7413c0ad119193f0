package telemetry

import (
	"log/slog"
	"sync"

	"github.com/ata-agent/ata-agent/privacy"
)

// seriesLimit is how many series a device tells at most: a fleet of ten thousand
// must fit a small server.
const seriesLimit = 200

// Collector reads one part of the device.
type Collector interface {
	// Name is for the log.
	Name() string
	// Collect adds what it reads to s. What the device does not have is no
	// error; what it has and cannot be read is. It may take milliseconds and is
	// called by one goroutine at a time.
	Collect(s *Samples) error
}

// NewCollector makes a collector of a function.
func NewCollector(name string, collect func(*Samples) error) Collector {
	return collectorFunc{name, collect}
}

type collectorFunc struct {
	name    string
	collect func(*Samples) error
}

func (c collectorFunc) Name() string             { return c.name }
func (c collectorFunc) Collect(s *Samples) error { return c.collect(s) }

// Samples is what collectors add to.
type Samples struct{ items []privacy.Item }

// Set adds the value of a gauge or counter, with the labels that its field has.
func (s *Samples) Set(f privacy.Field, value float64, labels ...string) {
	s.items = append(s.items, privacy.Item{Field: f, Value: value, Labels: labels})
}

// Info adds an info.
func (s *Samples) Info(f privacy.Field, labels ...string) { s.Set(f, 1, labels...) }

// Text adds a text.
func (s *Samples) Text(f privacy.Field, text string) {
	s.items = append(s.items, privacy.Item{Field: f, Text: text})
}

// Distribution adds a histogram.
func (s *Samples) Distribution(f privacy.Field, h *privacy.Histogram, labels ...string) {
	s.items = append(s.items, privacy.Item{Field: f, Hist: h, Labels: labels})
}

// Flag adds 1 or 0.
func (s *Samples) Flag(f privacy.Field, on bool, labels ...string) {
	v := 0.0
	if on {
		v = 1
	}
	s.Set(f, v, labels...)
}

// Registry asks every collector. Its methods may be called from any goroutine.
type Registry struct {
	log *slog.Logger

	mu         sync.Mutex
	collectors []Collector
	failing    map[string]bool
	errors     float64
	dropped    float64
}

// NewRegistry returns a registry of some collectors.
func NewRegistry(log *slog.Logger, cs ...Collector) *Registry {
	return &Registry{log: log, collectors: cs, failing: map[string]bool{}}
}

// Add adds collectors.
func (r *Registry) Add(cs ...Collector) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collectors = append(r.collectors, cs...)
}

// Gather returns what every collector has now, at most as many series as fit.
func (r *Registry) Gather() []privacy.Item {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &Samples{make([]privacy.Item, 0, seriesLimit)}
	for _, c := range r.collectors {
		r.note(c.Name(), c.Collect(s))
	}
	items := r.bounded(s.items)
	s = &Samples{items: items}
	s.Set(collectorErrors, r.errors)
	s.Set(seriesDropped, r.dropped)
	return s.items
}

// note counts an error and logs the first of a row.
func (r *Registry) note(name string, err error) {
	if err == nil {
		delete(r.failing, name)
		return
	}
	r.errors++
	if !r.failing[name] {
		r.failing[name] = true
		r.log.Warn("part of the device cannot be read", "collector", name, "err", err)
	}
}

// bounded leaves out what would be too many series.
func (r *Registry) bounded(items []privacy.Item) []privacy.Item {
	room := seriesLimit - 2 // those that Gather adds
	for i, item := range items {
		n := series(item)
		if n > room {
			r.dropped += float64(len(items) - i)
			return items[:i]
		}
		room -= n
	}
	return items
}

// series is how many series Prometheus makes of an item.
func series(i privacy.Item) int {
	switch i.Field.Kind {
	case privacy.Distribution:
		return len(i.Field.Bounds) + 3 // buckets, infinity, sum, count
	case privacy.Text:
		return 0
	}
	return 1
}
