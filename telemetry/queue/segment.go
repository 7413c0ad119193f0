package queue

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// suffix ends the names of segment files.
const suffix = ".segment"

// placesFile remembers how far every reader is.
const placesFile = "places.json"

// segment is a file of entries. It is written once and never changed.
type segment struct {
	first, last uint64
	size        int
	written     time.Time
}

// name is FIRST-LAST in hexadecimal, so that the order and the number of entries
// are known without reading a file.
func (s segment) name() string { return fmt.Sprintf("%016x-%016x%s", s.first, s.last, suffix) }

// unread is how many entries a reader at a place does not have.
func (s segment) unread(at uint64) int {
	if s.last <= at {
		return 0
	}
	return int(s.last - max(at, s.first-1))
}

// segmentOf is the segment of a file of the folder.
func segmentOf(f fs.DirEntry) (segment, bool) {
	name, ok := strings.CutSuffix(f.Name(), suffix)
	a, b, two := strings.Cut(name, "-")
	if !ok || !two || f.IsDir() {
		return segment{}, false
	}
	first, err1 := strconv.ParseUint(a, 16, 63)
	last, err2 := strconv.ParseUint(b, 16, 63)
	info, err3 := f.Info()
	s := segment{first: first, last: last}
	if err1 != nil || err2 != nil || err3 != nil || first == 0 || last < first || s.name() != f.Name() {
		return segment{}, false
	}
	s.size, s.written = int(info.Size()), info.ModTime()
	return s, true
}

// format writes entries as compressed lines: checksum, number, data.
func format(entries []Entry) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	for _, e := range entries {
		line := strconv.AppendUint(nil, e.Seq, 16)
		line = append(append(line, ' '), e.Data...)
		fmt.Fprintf(z, "%08x %s\n", crc32.ChecksumIEEE(line), line)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	return b.Bytes(), nil
}

// segmentLimit bounds what a segment may unpack to, in bytes.
const segmentLimit = 4 << 20

// parse reads what format wrote. A line that is damaged is left out, and so is
// one out of order.
func parse(data []byte) []Entry {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	text, _ := io.ReadAll(io.LimitReader(z, segmentLimit)) // what is whole before the damage counts
	var entries []Entry
	for line := range bytes.Lines(text) {
		e, ok := parseLine(bytes.TrimSuffix(line, []byte("\n")))
		if ok && (len(entries) == 0 || e.Seq > entries[len(entries)-1].Seq) {
			entries = append(entries, e)
		}
	}
	return entries
}

func parseLine(line []byte) (Entry, bool) {
	if len(line) < 9 || line[8] != ' ' {
		return Entry{}, false
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	if err != nil || uint32(sum) != crc32.ChecksumIEEE(line[9:]) {
		return Entry{}, false
	}
	number, data, ok := bytes.Cut(line[9:], []byte(" "))
	seq, err := strconv.ParseUint(string(number), 16, 63)
	if !ok || err != nil || seq == 0 {
		return Entry{}, false
	}
	return Entry{seq, data}, true
}

// places is the file that remembers readers.
type places struct {
	Next    uint64            `json:"next"`
	Readers map[string]uint64 `json:"readers"`
}

// readPlaces reads how far the readers are. Without the file they begin with the
// oldest entry.
func (q *Queue) readPlaces() {
	var p places
	data, err := os.ReadFile(q.dir.Path(placesFile))
	if err != nil || json.Unmarshal(data, &p) != nil {
		p = places{}
	}
	if p.Next < 1<<62 {
		q.next = max(q.next, p.Next)
	}
	for name, at := range p.Readers {
		q.readers[name] = min(at, q.next-1)
	}
}

// writePlaces writes the file if it would differ.
func (q *Queue) writePlaces() error {
	data, err := json.Marshal(places{q.next, q.readers})
	if err != nil {
		return fmt.Errorf("queue: %w", err)
	}
	if old, err := os.ReadFile(q.dir.Path(placesFile)); err == nil && bytes.Equal(old, data) {
		return nil
	}
	q.stats.Written += uint64(len(data))
	return q.dir.WriteFile(placesFile, data)
}
