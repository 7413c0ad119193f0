//go:build judges

package media_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"unsafe"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
)

// portLimit is the greatest cost of a whole port in microseconds for 20 ms.
const portLimit = 55.0

// sameWork is what libspandsp has of the work of a port.
var sameWork = []string{"echo_32", "dtmf_rx", "alaw_encode", "alaw_decode", "plc_good"}

// A whole port, with RTP, jitter buffer and what else libspandsp has not, costs
// at most portLimit, and no more than libspandsp's part of the same work. All
// are medians of nine runs in turn.
func TestCostOfPort(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	x := make([]int16, 2*dsp.SampleRate)
	dsptest.AddNoise(x, -16, rand.New(rand.NewPCG(1, 1)))
	var ours, theirs []float64
	for range 9 {
		ours = append(ours, portCost(t))
		cost, sum := judge.CPU(t, x), 0.0
		for _, name := range sameWork {
			sum += cost[name] / 1000
		}
		theirs = append(theirs, sum)
	}
	o, s := median(ours), median(theirs)
	t.Logf("whole port %.1f us for 20 ms (%.1f to %.1f); %v of spandsp %.1f us, ratio %.2f", o, slices.Min(ours), slices.Max(ours), sameWork, s, o/s)
	if o > portLimit {
		t.Errorf("%.1f us, want %v at most", o, portLimit)
	}
	if o > s {
		t.Errorf("costs %.2f times what spandsp takes", o/s)
	}
}

// portCost is the microseconds of thread CPU time that 20 ms of a line take.
func portCost(t *testing.T) float64 {
	const frames = 3000
	b := newBench(wholePort.say)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := threadTime(t)
	for i := range frames {
		wholePort.each(b, i)
		b.frame()
	}
	return (threadTime(t) - begin) / frames / 1000
}

// threadTime is what this thread has run, in nanoseconds.
func threadTime(t *testing.T) float64 {
	const clock = 3 // CLOCK_THREAD_CPUTIME_ID, clock_gettime(2)
	var ts syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		t.Fatal(errno)
	}
	return float64(ts.Nano())
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
