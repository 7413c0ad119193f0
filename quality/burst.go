package quality

// Gmin is how many packets in a row must be heard for a burst to be over
// (RFC 3611 §4.7.2); 16 is its usual value, a loss of 6 %.
const Gmin = 16

// Fate is what became of a packet.
type Fate uint8

// Fates of a packet.
const (
	Lost      Fate = iota // never came
	Discarded             // came, but was not played: too late, or no room
	Played
)

// String returns the name in lower case.
func (f Fate) String() string { return [...]string{"lost", "discarded", "played"}[min(f, Played)] }

// Bursts tells bursts of loss from gaps between them (RFC 3611 §4.7.2).
//
//	played 0 1 0 1 1 1 … 1 0 1 …
//	       └burst┘ └── gap ─┴──▶
//
// A burst begins and ends with a packet that was not played and has no Gmin
// played ones in a row within. A single such packet with Gmin played on either
// side is part of a gap. Before the first packet and after the last one, as many
// as that are taken for played. The zero value is ready.
type Bursts struct {
	counts Counts
	begun  bool   // a packet was not played; whether it stands alone is open
	good   uint64 // packets played within what may be a burst
	bad    uint64 // packets in it that were not
	tail   uint64 // packets played since
	gap    uint64 // packets of the gap so far
	inRun  bool   // the packet before was not played
}

// Counts are packets by what became of them.
type Counts struct {
	Played, Lost, Discarded uint64

	Bursts   uint64 // bursts
	InBursts uint64 // packets in them
	BurstBad uint64 // packets in them that were not played
	Gaps     uint64 // gaps with a packet at least
	InGaps   uint64 // packets in them
	GapBad   uint64 // packets in them that were not played
	BadRuns  uint64 // runs of packets not played
}

// Expected is how many packets were sent.
func (c *Counts) Expected() uint64 { return c.Played + c.Lost + c.Discarded }

// Since is what was added to earlier counts of the same stream. What earlier ones
// took for lost and came after all is nothing, not less.
func (c *Counts) Since(earlier *Counts) Counts {
	more := func(now, before uint64) uint64 { return now - min(now, before) }
	return Counts{
		Played: more(c.Played, earlier.Played), Lost: more(c.Lost, earlier.Lost), Discarded: more(c.Discarded, earlier.Discarded),
		Bursts: more(c.Bursts, earlier.Bursts), InBursts: more(c.InBursts, earlier.InBursts), BurstBad: more(c.BurstBad, earlier.BurstBad),
		Gaps: more(c.Gaps, earlier.Gaps), InGaps: more(c.InGaps, earlier.InGaps), GapBad: more(c.GapBad, earlier.GapBad),
		BadRuns: more(c.BadRuns, earlier.BadRuns),
	}
}

// Add takes the fate of the next n packets in the order they were sent.
func (b *Bursts) Add(f Fate, n uint64) {
	if n == 0 {
		return
	}
	if f == Played {
		b.counts.Played += n
		b.tail += n
		b.inRun = false
		return
	}
	if f == Lost {
		b.counts.Lost += n
	} else {
		b.counts.Discarded += n
	}
	if !b.inRun {
		b.counts.BadRuns++
	}
	b.inRun = true
	b.miss(n)
}

// miss takes n packets that were not played.
func (b *Bursts) miss(n uint64) {
	if b.tail >= Gmin {
		b.settle()
	}
	if !b.begun {
		b.gap += b.tail
		b.begun = true
	} else {
		b.good += b.tail
	}
	b.bad += n
	b.tail = 0
}

// settle decides what the last packets that were not played were: one alone is
// in the gap, more are a burst.
func (b *Bursts) settle() {
	switch {
	case b.bad > 1:
		b.endGap()
		b.counts.Bursts++
		b.counts.InBursts += b.good + b.bad
		b.counts.BurstBad += b.bad
	case b.bad == 1:
		b.gap++
		b.counts.GapBad++
	}
	b.gap += b.tail
	b.begun, b.good, b.bad, b.tail = false, 0, 0, 0
}

func (b *Bursts) endGap() {
	if b.gap > 0 {
		b.counts.Gaps++
		b.counts.InGaps += b.gap
		b.gap = 0
	}
}

// late takes back the loss of a packet that came after all.
func (b *Bursts) late() {
	if b.counts.Lost > 0 {
		b.counts.Lost--
		b.counts.Discarded++
	}
}

// Counts returns the counts if this were the end.
func (b Bursts) Counts() Counts {
	b.settle()
	b.endGap()
	return b.counts
}
