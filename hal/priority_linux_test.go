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

// What the thread is told to have got is what the kernel has noted, and afterwards
// the thread is what it was.
func TestPrioritize(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := scheduling(t)
	want := map[Priority]unix.SchedAttr{
		Ordinary: before,
		Favoured: {Policy: unix.SCHED_NORMAL, Nice: favour},
		Realtime: {Policy: unix.SCHED_FIFO, Priority: fifo},
	}
	for _, asked := range []Priority{Ordinary, Favoured, Realtime} {
		got, restore := prioritize(asked)
		if now := scheduling(t); got > asked || now != want[got] {
			t.Errorf("asked for %v, got %v: %+v", asked, got, now)
		}
		t.Logf("asked for %v, got %v", asked, got)
		restore()
		if now := scheduling(t); now != before {
			t.Errorf("after %v: %+v, want %+v", got, now, before)
		}
	}
}

// scheduling is what the kernel has noted of the calling thread.
func scheduling(t *testing.T) unix.SchedAttr {
	t.Helper()
	a, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	return unix.SchedAttr{Policy: a.Policy, Nice: a.Nice, Priority: a.Priority}
}
