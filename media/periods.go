package media

import "github.com/ata-agent/ata-agent/dsp/stretch"

const (
	voiceAhead    = stretch.MaxLag + stretch.Overlap + unit/2 // 240 samples, whole units
	longestVoiced = 3 * unit                                  // what one change plays at most: 200 samples
	fewPeriods    = stretch.MinLag / 2                        // a delay that lacks less grows by single samples
)

// periods plays what comes next some periods of the voice longer or shorter, if
// the delay is to change by as much, and says whether it did.
func (j *jitterBuffer) periods(change int) bool {
	if j.rest = max(j.rest-1, 0); j.rest > 0 || j.steady > 0 {
		return false
	}
	switch {
	case change >= fewPeriods:
		return j.repeatPeriods(change)
	case -change >= stretch.MinLag:
		return j.leavePeriods(-change)
	}
	return false
}

// leavePeriods shortens two or three units by at most so many samples.
func (j *jitterBuffer) leavePeriods(most int) bool {
	n := 3 * unit
	if !j.whole(j.pos, n) {
		n = 2 * unit
	}
	if !j.whole(j.pos, n) {
		return false
	}
	left := stretch.Shorten(j.fifo[j.queued:], j.ahead(n), most)
	j.counters.removed += uint64(left)
	return j.changed(left, n, n-left)
}

// repeatPeriods lengthens a unit by so many samples, or some more as long as the
// delay stays within what is right.
func (j *jitterBuffer) repeatPeriods(want int) bool {
	most := min(want+j.frame+keepBand-j.phase(), j.most-j.held())
	more := stretch.Lengthen(j.fifo[j.queued:], j.ahead(unit), most)
	j.counters.added += uint64(more)
	return j.changed(more, unit, unit+more)
}

// ahead returns what was played and the n samples that are to be.
func (j *jitterBuffer) ahead(n int) []int16 {
	copy(j.voice[:], j.past[:])
	j.copyOut(j.voice[stretch.Past:stretch.Past+n], j.pos)
	return j.voice[:stretch.Past+n]
}

// changed accounts for n samples in the fifo in place of used samples at pos. If
// the change was by none there are no such samples.
func (j *jitterBuffer) changed(by, used, n int) bool {
	if by == 0 {
		j.rest = periodRetry
		return false
	}
	played := j.fifo[j.queued : j.queued+n]
	j.conceal.Good(played)
	j.remember(played)
	j.queued += n
	j.forget(used)
	j.sinceBad += used / unit
	j.sinceFix, j.rest = 0, periodRest
	return true
}
