package agent

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/hal"
)

// clockRetry is the wait before a highway that failed is tried again.
const clockRetry = 200 * time.Millisecond

// clockStats is how the PCM highway fares.
type clockStats struct {
	periods atomic.Uint64
	errors  atomic.Uint64
	lost    atomic.Bool

	stalls  atomic.Uint64
	longest atomic.Int64 // stall, nanoseconds
	stalled atomic.Int64 // all stalls together, nanoseconds

	work work
}

// stallFrom is by how much a period must be late to be a stall: what plays of other
// calls has such a margin (media.SessionOpts.JitterMin).
const stallFrom = 40 * time.Millisecond

// between notes the time from one period to the next.
func (c *clockStats) between(late time.Duration) {
	if late < stallFrom {
		return
	}
	c.stalls.Add(1)
	c.stalled.Add(int64(late))
	c.longest.Store(max(c.longest.Load(), int64(late)))
}

// runAudio is the voice of all lines, paced by the highway alone. It is the only
// goroutine that touches samples; between two exchanges it neither allocates
// nor waits.
func (a *Agent) runAudio(ctx context.Context) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if a.hw.Priority {
		priority, restore := hal.Prioritize()
		defer restore()
		a.log.Info("audio begins", "priority", priority)
	}
	channels, period := a.hw.PCM.Channels(), a.hw.PCM.Period()
	toPhone, fromPhone := blocks(channels, period), blocks(channels, period)
	usual := time.Duration(period) * time.Second / dsp.SampleRate
	var last time.Time
	fresh := true // the highway has begun to run
	for ctx.Err() == nil {
		if err := a.hw.PCM.Exchange(toPhone, fromPhone); err != nil {
			a.clockLost(ctx, err)
			fresh = true
			continue
		}
		a.clock.periods.Add(1)
		a.clock.lost.Store(false)
		now := time.Now()
		if !fresh {
			a.clock.between(now.Sub(last) - usual)
		}
		last = now
		if fresh {
			a.delayEcho()
			fresh = false
		}
		for i, v := range a.voices {
			v.Frame(toPhone[i], fromPhone[i])
		}
		a.clock.work.add(time.Since(now), usual)
	}
}

// How much a highway may lag behind: less is not worth looking at, more is not
// waited for.
const (
	lagFrom = 20 * time.Millisecond
	lagMost = 10 * time.Second
)

// lineTime is now as it is on the lines, which may lag behind the program.
func (a *Agent) lineTime() time.Time { return time.Now().Add(-a.behind()) }

// behind is by how much the lines' time lags behind the program's. A highway without
// clock keeps nobody waiting.
func (a *Agent) behind() time.Duration {
	l, ok := a.hw.PCM.(hal.Lagging)
	if !ok || a.clock.lost.Load() {
		return 0
	}
	lag := l.Behind()
	if lag < lagFrom {
		return 0
	}
	return min(lag, lagMost)
}

// delayEcho tells the voices how much later than it must the highway plays.
func (a *Agent) delayEcho() {
	delay := 0
	if d, ok := a.hw.PCM.(hal.Delayed); ok {
		delay = d.Delay()
	}
	for _, v := range a.voices {
		v.DelayEcho(delay)
	}
}

// clockLost counts a failure of the highway and waits before the next try. Calls
// are dead meanwhile; the drivers find their chips unclocked and report it.
func (a *Agent) clockLost(ctx context.Context, err error) {
	a.clock.errors.Add(1)
	if !a.clock.lost.Swap(true) {
		a.log.Error("PCM clock lost, lines are out of service", "err", err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(clockRetry):
	}
}

func blocks(channels, period int) [][]int16 {
	all := make([][]int16, channels)
	for i := range all {
		all[i] = make([]int16, period)
	}
	return all
}
