package media

import (
	"runtime"
	"testing"
)

func TestRing(t *testing.T) {
	const count = 20000
	r := newRing[int](8)
	go func() {
		for i := 0; i < count; {
			if slot := r.free(); slot != nil {
				*slot = i
				r.filled()
				i++
			} else {
				runtime.Gosched()
			}
		}
	}()
	for want := 0; want < count; {
		got := r.next()
		if got == nil {
			runtime.Gosched()
			continue
		}
		if *got != want {
			t.Fatalf("got %d, want %d", *got, want)
		}
		r.done()
		want++
	}
}

func TestRingBounds(t *testing.T) {
	r := newRing[int](4)
	r.put.Store(1<<32 - 2) // the counts wrap
	r.taken.Store(1<<32 - 2)
	for i := range 4 {
		*r.free() = i
		r.filled()
	}
	if r.free() != nil {
		t.Error("room for a fifth value of four")
	}
	if got := r.next(); *got != 0 {
		t.Errorf("oldest value %d, want 0", *got)
	}
	r.flush()
	if r.next() != nil || r.free() == nil {
		t.Error("not empty after flush")
	}
}
