// Package queue keeps what could not be sent yet: in memory first, on the flash
// in segments that are written once, whole, and seldom. Every reader has its
// own place in the one order; what all have read is forgotten. When there is no
// more room the oldest goes and is counted.
package queue

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/state"
)

// Opts are the bounds of a queue; zero values stand for those in brackets.
type Opts struct {
	Bytes   int           // in all, on flash and in memory [2 MiB]
	Segment int           // of one file, and in memory before one is written [64 KiB]
	Age     time.Duration // of an entry [7 days]
}

func (o Opts) withDefaults() Opts {
	if o.Bytes == 0 {
		o.Bytes = 2 << 20
	}
	if o.Segment == 0 {
		o.Segment = 64 << 10
	}
	if o.Age == 0 {
		o.Age = 7 * 24 * time.Hour
	}
	o.Segment = min(o.Segment, o.Bytes/2)
	return o
}

// Entry is one thing to be sent.
type Entry struct {
	Seq  uint64
	Data []byte // one line of text
}

// Stats say how the queue fares. The counters count entries since Open.
type Stats struct {
	Bytes, Entries         int
	Full, Expired, Revoked uint64 // dropped
	Written                uint64 // bytes given to the flash
}

// Queue is a bounded, ordered store. Its methods may be called from any
// goroutine; those that touch files say so.
type Queue struct {
	dir  state.Dir
	opts Opts

	mu       sync.Mutex
	next     uint64
	segments []segment // on flash, oldest first
	pending  []Entry   // in memory, after those
	pendingN int       // bytes
	readers  map[string]uint64
	cache    cached
	stats    Stats
	changed  chan struct{}
}

// cached is the segment read last.
type cached struct {
	first   uint64
	entries []Entry
}

// Open reads which segments the folder has. Readers are the names of all who
// must have an entry before it is forgotten.
func Open(dir state.Dir, opts Opts, readers ...string) (*Queue, error) {
	q := &Queue{dir: dir, opts: opts.withDefaults(), next: 1, readers: map[string]uint64{}, changed: make(chan struct{})}
	files, err := os.ReadDir(string(dir))
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), ".") && strings.Contains(f.Name(), suffix) {
			_ = os.Remove(dir.Path(f.Name())) // left by a power cut, never part of the queue
			continue
		}
		if s, ok := segmentOf(f); ok {
			q.segments = append(q.segments, s)
			q.next = max(q.next, s.last+1)
		}
	}
	slices.SortFunc(q.segments, func(a, b segment) int { return cmp.Compare(a.first, b.first) })
	q.readPlaces()
	q.SetReaders(readers...)
	return q, nil
}

// SetReaders changes who must have an entry. A new reader begins with what comes
// next; without readers nothing is kept.
func (q *Queue) SetReaders(names ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	places := map[string]uint64{}
	for _, n := range names {
		at, known := q.readers[n]
		if !known {
			at = q.next - 1
		}
		places[n] = min(at, q.next-1)
	}
	q.readers = places
	q.forget()
}

// Bound changes how much is kept.
func (q *Queue) Bound(o Opts) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.opts = o.withDefaults()
	q.bound()
}

// Put adds an entry, one line of text. It touches no files: what is too much for
// the memory is written by Flush, or dropped when nobody calls that.
func (q *Queue) Put(data []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.readers) == 0 {
		return
	}
	q.pending = append(q.pending, Entry{q.next, data})
	q.pendingN += len(data)
	q.next++
	q.bound()
	close(q.changed)
	q.changed = make(chan struct{})
}

// Due reports whether Flush should be called before its time: a segment is full.
func (q *Queue) Due() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pendingN >= q.opts.Segment
}

// Changed returns a channel that closes when something is put in.
func (q *Queue) Changed() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.changed
}

// bound drops the oldest until all fits.
func (q *Queue) bound() {
	for q.bytes() > q.opts.Bytes && len(q.segments) > 0 {
		q.stats.Full += uint64(q.segments[0].unread(q.least()))
		q.dropSegment()
	}
	for q.bytes() > q.opts.Bytes && len(q.pending) > 0 {
		q.stats.Full++
		q.dropPending()
	}
}

func (q *Queue) bytes() int {
	n := q.pendingN
	for _, s := range q.segments {
		n += s.size
	}
	return n
}

// least is the place of the reader that is furthest behind.
func (q *Queue) least() uint64 {
	at := q.next - 1
	for _, r := range q.readers {
		at = min(at, r)
	}
	return at
}

func (q *Queue) dropSegment() {
	s := q.segments[0]
	_ = os.Remove(q.dir.Path(s.name())) // one that stays is dropped again at the next start
	q.segments = q.segments[1:]
	if q.cache.first == s.first {
		q.cache = cached{}
	}
}

func (q *Queue) dropPending() {
	q.pendingN -= len(q.pending[0].Data)
	q.pending[0].Data = nil
	q.pending = q.pending[1:]
}

// forget drops what every reader has.
func (q *Queue) forget() {
	at := q.least()
	for len(q.segments) > 0 && q.segments[0].last <= at {
		q.dropSegment()
	}
	for len(q.pending) > 0 && q.pending[0].Seq <= at {
		q.dropPending()
	}
	if len(q.pending) == 0 {
		q.pending = nil // lets go of what a long outage made it grow to
	}
}

// Next returns the oldest entry that a reader does not have. It may read a file.
func (q *Queue) Next(reader string) (Entry, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at, ok := q.readers[reader]
	if !ok {
		return Entry{}, false
	}
	for _, s := range q.segments {
		if s.last <= at {
			continue
		}
		for _, e := range q.load(s) {
			if e.Seq > at {
				return e, true
			}
		}
	}
	for _, e := range q.pending {
		if e.Seq > at {
			return e, true
		}
	}
	q.cache = cached{}
	return Entry{}, false
}

// load reads a segment. One that is damaged has the entries that are whole.
func (q *Queue) load(s segment) []Entry {
	if q.cache.first == s.first && q.cache.entries != nil {
		return q.cache.entries
	}
	data, err := os.ReadFile(q.dir.Path(s.name()))
	if err != nil {
		return nil
	}
	q.cache = cached{s.first, parse(data)}
	return q.cache.entries
}

// Ack says that a reader has everything up to seq.
func (q *Queue) Ack(reader string, seq uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at, ok := q.readers[reader]; ok && seq > at && seq < q.next {
		q.readers[reader] = seq
		q.forget()
	}
}

// Flush writes what is in memory to the flash, drops what is too old, and
// remembers how far every reader is. Call it seldom: hourly, at the end, and
// when Due says so.
func (q *Queue) Flush(now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire(now)
	var err error
	if len(q.pending) > 0 {
		err = q.writePending(now)
	}
	return errors.Join(err, q.writePlaces())
}

// settled is before anything this program wrote with a clock that was set.
// Boards without a battery begin in 1970; what they wrote then has no age.
var settled = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// expire drops what is older than it may be.
func (q *Queue) expire(now time.Time) {
	for len(q.segments) > 0 && q.segments[0].written.After(settled) && now.Sub(q.segments[0].written) > q.opts.Age {
		q.stats.Expired += uint64(q.segments[0].unread(q.least()))
		q.dropSegment()
	}
}

func (q *Queue) writePending(now time.Time) error {
	data, err := format(q.pending)
	if err != nil {
		return err
	}
	s := segment{q.pending[0].Seq, q.pending[len(q.pending)-1].Seq, len(data), now}
	if err := q.dir.WriteFile(s.name(), data); err != nil {
		return err
	}
	q.stats.Written += uint64(len(data))
	q.segments = append(q.segments, s)
	q.pending, q.pendingN = nil, 0
	q.bound()
	return nil
}

// Clear drops everything, in memory and on the flash: consent ended.
func (q *Queue) Clear() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range q.segments {
		q.stats.Revoked += uint64(s.unread(q.least()))
	}
	q.stats.Revoked += uint64(len(q.pending))
	var errs []error
	for _, s := range q.segments {
		if err := os.Remove(q.dir.Path(s.name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("queue: clear: %w", err))
		}
	}
	q.segments, q.pending, q.pendingN, q.cache = nil, nil, 0, cached{}
	for r := range q.readers {
		q.readers[r] = q.next - 1
	}
	return errors.Join(append(errs, q.writePlaces())...)
}

// Stats returns how the queue fares.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.stats
	s.Bytes, s.Entries = q.bytes(), len(q.pending)
	for _, g := range q.segments {
		s.Entries += g.unread(q.least())
	}
	return s
}

// All returns every entry that is kept, oldest first. It reads files.
func (q *Queue) All() []Entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all []Entry
	for _, s := range q.segments {
		all = append(all, q.load(s)...)
	}
	return append(all, q.pending...)
}
