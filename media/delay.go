package media

const (
	delayBin     = 20                  // samples a bin of the histogram is wide, 2.5 ms
	delayBins    = 208                 // up to 520 ms
	delayMemory  = 0.998               // what one packet leaves of the weight of those before
	delayLate    = 0.01                // share of packets that may be late
	delayBlock   = 2000 * samplesPerMs // the least delay is kept for so long ...
	delayBlocks  = 5                   // ... times this
	delayRecent  = 3                   // blocks whose most counts: what is over for longer is no reason to wait
	delayRescale = 1e12
)

// delayTrack knows how much later than the fastest packets the slower ones
// come: a histogram of the delay above the least delay of the last ten seconds,
// in which old packets weigh less and less. Delays are in samples and relative:
// arrival by the audio clock minus timestamp.
type delayTrack struct {
	most    int // delays beyond this above the least are not learned: no buffer is that long
	started bool
	base    uint32              // least delay
	blocks  [delayBlocks]uint32 // least delay in each
	peaks   [delayRecent]uint32 // most delay in each
	turned  uint32              // audio clock at the start of the current block

	bins   [delayBins]float64
	total  float64
	weight float64 // of the next packet
}

// add takes the delay of a packet that came at clock.
func (d *delayTrack) add(delay, clock uint32) {
	if !d.started {
		d.rebase(delay, clock)
	}
	if clock-d.turned >= delayBlock {
		d.turned = clock
		copy(d.blocks[1:], d.blocks[:delayBlocks-1])
		d.blocks[0] = delay
		copy(d.peaks[1:], d.peaks[:delayRecent-1])
		d.peaks[0] = delay
	}
	if int32(delay-d.blocks[0]) < 0 {
		d.blocks[0] = delay
	}
	if int32(delay-d.peaks[0]) > 0 {
		d.peaks[0] = delay
	}
	d.move(d.least())
	if above := int(int32(delay - d.base)); above < d.most {
		d.count(above)
	}
}

func (d *delayTrack) least() uint32 {
	least := d.blocks[0]
	for _, b := range d.blocks[1:] {
		if int32(b-least) < 0 {
			least = b
		}
	}
	return least
}

// move changes the base. When it rises, the path has become longer for good and
// what was above the old base is that much less above the new one. When it
// falls, the bins stay: how much delays vary does not depend on it.
func (d *delayTrack) move(base uint32) {
	shift := int(int32(base-d.base)) / delayBin
	d.base = base
	if shift <= 0 {
		return
	}
	shift = min(shift, delayBins-1)
	for i := 1; i <= shift; i++ {
		d.bins[0] += d.bins[i]
	}
	n := copy(d.bins[1:], d.bins[shift+1:])
	clear(d.bins[1+n:])
}

// rebase forgets the least delay but not how much delays vary.
func (d *delayTrack) rebase(delay, clock uint32) {
	d.started, d.turned = true, clock
	for i := range d.blocks {
		d.blocks[i] = delay
	}
	for i := range d.peaks {
		d.peaks[i] = delay
	}
	d.base = delay
	if d.weight == 0 {
		d.weight = 1
	}
}

func (d *delayTrack) count(above int) {
	d.bins[min(above/delayBin, delayBins-1)] += d.weight
	d.total += d.weight
	if d.weight /= delayMemory; d.weight < delayRescale {
		return
	}
	for i := range d.bins {
		d.bins[i] /= d.weight
	}
	d.total /= d.weight
	d.weight = 1
}

// spread is the delay above the least that all but the latest packets keep
// within. What none of the last seconds needed is not among it.
func (d *delayTrack) spread() int {
	limit := d.total * delayLate
	var late float64
	for i := delayBins - 1; i > 0; i-- {
		if late += d.bins[i]; late <= limit {
			continue
		}
		if i = min(i, d.peak()/delayBin); i == 0 {
			return 0
		}
		return (i + 1) * delayBin
	}
	return 0
}

// peak is the most delay above the least in the last 4 to 6 s.
func (d *delayTrack) peak() int {
	most := 0
	for _, p := range d.peaks {
		most = max(most, int(int32(p-d.base)))
	}
	return most
}
