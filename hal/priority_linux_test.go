package hal

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHighest(t *testing.T) {
	for processors, want := range map[int]Priority{1: Favoured, 2: Realtime, 4: Realtime} {
		if got := highest(processors); got != want {
			t.Errorf("highest(%d) = %v, want %v", processors, got, want)
		}
	}
}

// What the thread is told to have got is what the kernel has noted, and nothing is
// left of it afterwards.
func TestPrioritize(t *testing.T) {
	scheduling := map[Priority]unix.SchedAttr{
		Ordinary: {Policy: unix.SCHED_NORMAL},
		Favoured: {Policy: unix.SCHED_NORMAL, Nice: favour},
		Realtime: {Policy: unix.SCHED_FIFO, Priority: fifo},
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	check := func(of Priority) {
		t.Helper()
		got, err := unix.SchedGetAttr(0, 0)
		if err != nil {
			t.Fatal(err)
		}
		want := scheduling[of]
		if got.Policy != want.Policy || got.Nice != want.Nice || got.Priority != want.Priority {
			t.Errorf("%v: policy %d, nice %d, priority %d; want %+v", of, got.Policy, got.Nice, got.Priority, want)
		}
	}
	check(Ordinary)
	for _, asked := range []Priority{Ordinary, Favoured, Realtime} {
		got := prioritize(asked)
		if got > asked {
			t.Errorf("asked for %v, got %v", asked, got)
		}
		t.Logf("asked for %v, got %v", asked, got)
		check(got)
		Deprioritize()
		check(Ordinary)
	}
}
