package agent

import (
	"testing"
	"time"
)

func TestWork(t *testing.T) {
	w := &work{}
	for _, took := range []time.Duration{0, 100 * time.Microsecond, 101 * time.Microsecond, 4 * time.Millisecond, 10 * time.Millisecond, time.Second} {
		w.add(took, 10*time.Millisecond)
	}
	want := WorkStatus{Counts: [5]uint64{2, 1, 1, 1, 1}, Seconds: 1.014201, Overruns: 1}
	if got := w.status(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if n := testing.AllocsPerRun(100, func() { w.add(time.Millisecond, 10*time.Millisecond) }); n != 0 {
		t.Errorf("add allocates %v times", n)
	}
}
