package locate

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

const (
	minTTL      = 30 * time.Second
	maxTTL      = 24 * time.Hour
	negativeTTL = 30 * time.Second
	staleTTL    = 30 * time.Second // how long an old answer serves before the next try (RFC 8767 §5)
	maxCached   = 256
)

type question struct {
	kind Kind
	name string // lower case
}

// entry is an answer, or that there is none.
type entry struct {
	records []Record // SRV: in the order drawn
	set     []Record // SRV: as sorted for comparing
	until   time.Time
}

// query asks the cache, then the resolver. If that fails, an answer that is
// too old is better than none: a dead resolver must not stop calls while the
// proxy is up. Some routers never answer what they do not know, such as SRV;
// that counts as no for a while, since addresses may still be had.
func (l *Locator) query(ctx context.Context, kind Kind, name string) ([]Record, error) {
	q := question{kind, strings.ToLower(name)}
	old, fresh := l.cached(q)
	if fresh {
		return old.answer()
	}
	begin := time.Now()
	records, err := l.resolver.Query(ctx, kind, name)
	l.asked(time.Since(begin))
	switch {
	case err == nil && len(records) > 0:
		return l.store(q, records, lifetime(records)).answer()
	case err == nil || errors.Is(err, ErrNotFound):
		return l.store(q, nil, negativeTTL).answer()
	case old != nil && ctx.Err() == nil:
		return l.prolong(q, old).answer()
	case old != nil:
		return old.answer()
	case kind != A && ctx.Err() == nil:
		l.store(q, nil, negativeTTL)
	}
	return nil, err
}

func (e *entry) answer() ([]Record, error) {
	if len(e.records) == 0 {
		return nil, ErrNotFound
	}
	return e.records, nil
}

func lifetime(records []Record) time.Duration {
	ttl := maxTTL
	for _, r := range records {
		ttl = min(ttl, r.TTL)
	}
	return max(ttl, minTTL)
}

func (l *Locator) cached(q question) (e *entry, fresh bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e = l.cache[q]
	return e, e != nil && time.Now().Before(e.until)
}

func (l *Locator) prolong(q question, e *entry) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	stale := &entry{records: e.records, set: e.set, until: time.Now().Add(staleTTL)}
	l.cache[q] = stale
	return stale
}

func (l *Locator) store(q question, records []Record, ttl time.Duration) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{records: records, until: time.Now().Add(ttl)}
	if q.kind == SRV {
		e.set = sorted(records)
		if old := l.cache[q]; old != nil && slices.Equal(old.set, e.set) {
			e.records = old.records
		} else {
			e.records = inOrder(records, l.random)
		}
	}
	if len(l.cache) >= maxCached && l.cache[q] == nil {
		l.evict()
	}
	l.cache[q] = e
	return e
}

// evict drops the answer that is oldest by its end.
func (l *Locator) evict() {
	var victim question
	var end time.Time
	for q, e := range l.cache {
		if end.IsZero() || e.until.Before(end) {
			victim, end = q, e.until
		}
	}
	delete(l.cache, victim)
}

// sorted is a set of SRV records in a form to compare: TTLs count down in
// caches on the way, and servers rotate what they answer.
func sorted(records []Record) []Record {
	set := slices.Clone(records)
	for i := range set {
		set[i].TTL = 0
	}
	slices.SortFunc(set, func(a, b Record) int {
		return cmp.Or(
			cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Weight, b.Weight),
			cmp.Compare(a.Port, b.Port), cmp.Compare(a.Name, b.Name),
		)
	})
	return set
}
