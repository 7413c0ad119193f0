package queue

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/state"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func open(t testing.TB, dir state.Dir, o Opts, readers ...string) *Queue {
	t.Helper()
	q, err := Open(dir, o, readers...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// drain reads and acknowledges everything that a reader does not have.
func drain(q *Queue, reader string) (got []string) {
	for {
		e, ok := q.Next(reader)
		if !ok {
			return got
		}
		got = append(got, string(e.Data))
		q.Ack(reader, e.Seq)
	}
}

func put(q *Queue, from, to int) (want []string) {
	for i := from; i < to; i++ {
		s := fmt.Sprintf("entry %04d", i)
		q.Put([]byte(s))
		want = append(want, s)
	}
	return want
}

func files(t *testing.T, dir state.Dir) (n, size int) {
	t.Helper()
	names, err := filepath.Glob(dir.Path("*" + suffix))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range names {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		size += int(info.Size())
	}
	return len(names), size
}

func flush(t testing.TB, q *Queue, now time.Time) {
	t.Helper()
	if err := q.Flush(now); err != nil {
		t.Fatal(err)
	}
}

func TestOrderAndNothingTwice(t *testing.T) {
	dir := state.Dir(t.TempDir())
	q := open(t, dir, Opts{}, "a", "b")
	want := put(q, 0, 10)
	if got := drain(q, "a"); !reflect.DeepEqual(got, want) {
		t.Errorf("a got %q", got)
	}
	flush(t, q, noon)
	want = append(want, put(q, 10, 20)...)
	flush(t, q, noon)
	q = open(t, dir, Opts{}, "a", "b")
	want = append(want, put(q, 20, 25)...)
	if got := drain(q, "b"); !reflect.DeepEqual(got, want) {
		t.Errorf("after a restart b got %q", got)
	}
	if got := drain(q, "a"); !reflect.DeepEqual(got, want[10:]) {
		t.Errorf("after a restart a got %q", got)
	}
	if n, _ := files(t, dir); n != 0 {
		t.Errorf("%d segments are left after all have read them", n)
	}
	if s := q.Stats(); s.Entries != 0 || s.Bytes != 0 || s.Full+s.Expired+s.Revoked != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestUpReceiverCostsNoFlash(t *testing.T) {
	dir := state.Dir(t.TempDir())
	q := open(t, dir, Opts{}, "a")
	for i := range 100 {
		put(q, i, i+1)
		drain(q, "a")
	}
	if s := q.Stats(); s.Written != 0 {
		t.Errorf("%d bytes were written with the receiver up", s.Written)
	}
}

func TestOldestGoesWhenFull(t *testing.T) {
	dir := state.Dir(t.TempDir())
	o := Opts{Bytes: 4096, Segment: 512}
	q := open(t, dir, o, "a")
	var want []string
	for i := range 2000 {
		want = append(want, put(q, i, i+1)...)
		if q.Due() {
			flush(t, q, noon)
		}
		if _, size := files(t, dir); size+len(q.pending)*10 > 4096 {
			t.Fatalf("after %d entries %d bytes are on the flash", i, size)
		}
	}
	s := q.Stats()
	q = open(t, dir, o, "a")
	inMemory := 2000 - int(s.Full) - q.Stats().Entries
	got := drain(q, "a")
	if len(got) == 0 || int(s.Full)+len(got)+inMemory != 2000 || inMemory > 52 {
		t.Fatalf("%d dropped and counted, %d kept, %d never flushed", s.Full, len(got), inMemory)
	}
	if !reflect.DeepEqual(got, want[s.Full:2000-inMemory]) {
		t.Errorf("kept are %q … %q", got[0], got[len(got)-1])
	}
}

func TestOldAgeIsDropped(t *testing.T) {
	dir := state.Dir(t.TempDir())
	q := open(t, dir, Opts{Age: 24 * time.Hour}, "a")
	put(q, 0, 5)
	flush(t, q, noon)
	put(q, 5, 8)
	flush(t, q, noon.Add(20*time.Hour))
	flush(t, q, noon.Add(25*time.Hour))
	if s := q.Stats(); s.Expired != 5 || s.Entries != 3 {
		t.Errorf("stats %+v, want 5 expired, 3 entries", s)
	}
	early := open(t, state.Dir(t.TempDir()), Opts{}, "a")
	put(early, 0, 1)
	flush(t, early, time.Unix(60, 0))
	flush(t, early, noon)
	if s := early.Stats(); s.Expired != 0 || s.Entries != 1 {
		t.Errorf("what was written before the clock was set: %+v", s)
	}
}

func TestClearLeavesNothing(t *testing.T) {
	dir := state.Dir(t.TempDir())
	q := open(t, dir, Opts{}, "a")
	put(q, 0, 5)
	flush(t, q, noon)
	put(q, 5, 8)
	if err := q.Clear(); err != nil {
		t.Fatal(err)
	}
	if n, _ := files(t, dir); n != 0 || len(q.All()) != 0 {
		t.Errorf("%d segments and %d entries are left", n, len(q.All()))
	}
	if s := q.Stats(); s.Revoked != 8 || s.Bytes != 0 {
		t.Errorf("stats %+v", s)
	}
	q = open(t, dir, Opts{}, "a")
	want := put(q, 8, 9)
	if got := drain(q, "a"); !reflect.DeepEqual(got, want) {
		t.Errorf("after a restart %q", got)
	}
}

func TestDamageCostsOnlyWhatItHits(t *testing.T) {
	dir := state.Dir(t.TempDir())
	q := open(t, dir, Opts{}, "a")
	put(q, 0, 50)
	flush(t, q, noon)
	names, _ := filepath.Glob(dir.Path("*" + suffix))
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(names[0], data[:len(data)-12], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"zz.segment", "0-1.segment", ".0000.segment.123", "0000000000000009-0000000000000001.segment"} {
		if err := os.WriteFile(dir.Path(name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	q = open(t, dir, Opts{}, "a")
	put(q, 50, 51)
	got := drain(q, "a")
	if n := len(got); n < 2 || got[0] != "entry 0000" || got[n-1] != "entry 0050" {
		t.Errorf("%d entries are read of a damaged segment: %q", n, got)
	}
}

func TestReadersComeAndGo(t *testing.T) {
	q := open(t, state.Dir(t.TempDir()), Opts{})
	put(q, 0, 3)
	if s := q.Stats(); s.Entries != 0 {
		t.Error("without readers something is kept")
	}
	q.SetReaders("a")
	want := put(q, 3, 5)
	q.SetReaders("a", "b")
	want = append(want, put(q, 5, 6)...)
	if got := drain(q, "a"); !reflect.DeepEqual(got, want) {
		t.Errorf("a got %q", got)
	}
	if got := drain(q, "b"); !reflect.DeepEqual(got, want[2:]) {
		t.Errorf("b, who came later, got %q", got)
	}
	if _, ok := q.Next("c"); ok {
		t.Error("c is no reader and got something")
	}
	q.SetReaders("a")
	q.Ack("b", 99)
	if s := q.Stats(); s.Entries != 0 {
		t.Errorf("a reader that is gone keeps %d entries", s.Entries)
	}
}

func TestChanged(t *testing.T) {
	q := open(t, state.Dir(t.TempDir()), Opts{}, "a")
	c := q.Changed()
	put(q, 0, 1)
	select {
	case <-c:
	default:
		t.Error("Put was not announced")
	}
}

func FuzzParse(f *testing.F) {
	good, err := format([]Entry{{1, []byte("one")}, {2, []byte("two")}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("12345678 1 x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parse(data)
		last := uint64(0)
		if e, ok := parseLine(data); ok && (e.Seq == last || bytes.Equal(e.Data, data)) {
			t.Errorf("parseLine(%q) = %+v", data, e)
		}
	})
}

func TestFormatParses(t *testing.T) {
	in := []Entry{{7, []byte(`{"a": 1}`)}, {9, []byte(strings.Repeat("x", 1000))}}
	data, err := format(in)
	if err != nil {
		t.Fatal(err)
	}
	if got := parse(data); !reflect.DeepEqual(got, in) {
		t.Errorf("parse gave %d entries, %+v", len(got), got)
	}
}
