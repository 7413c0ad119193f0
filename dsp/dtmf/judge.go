package dtmf

import "math"

// down is the digit that sounds.
type down struct {
	key         byte // 0 = none
	row, column int
	low, high   float32 // power each receiver has of it
	absent      int64   // hop at which it went missing, 0 = present
	from        float64 // the same with its fraction
}

// judge looks at the hop just heard.
func (d *Detector) judge() {
	if d.run == 0 && d.down.key == 0 {
		d.dial.update(d.recent())
	}
	row, column, ok := d.instant()
	switch {
	case !ok:
		d.run = 0
	case d.run > 0 && row == d.row && column == d.column:
		d.run++
	default:
		d.run, d.row, d.column = 1, row, column
	}
	if d.down.key != 0 {
		d.hold()
	}
	if d.down.key == 0 && d.run >= minimumHops {
		d.confirm()
	}
}

// recent is the mean square of what was heard in the last hops, before and
// behind the dial-tone filter.
func (d *Detector) recent() (whole, filtered float32) {
	for k := d.hops - dialWindow + 1; k <= d.hops; k++ {
		whole += d.whole[k&(history-1)]
		filtered += d.energy[k&(history-1)]
	}
	return whole / dialWindow, filtered / dialWindow
}

// instant says which key the last 9 ms sound like, if any.
func (d *Detector) instant() (row, column int, ok bool) {
	lp, lre, lim := d.low.sums(d.hops, window)
	hp, hre, him := d.high.sums(d.hops, window)
	if !steady(lp, lre, lim, coherence) || !steady(hp, hre, him, coherence) {
		return 0, 0, false
	}
	if row, ok = match(&lowPitch, lre, lim); !ok {
		return 0, 0, false
	}
	if column, ok = match(&highPitch, hre, him); !ok {
		return 0, 0, false
	}
	return row, column, d.levels(&lowPitch[row], &highPitch[column], lp, hp, window)
}

// match finds the frequency whose turn is within tolerance of the sum's.
func match(group *[4]pitch, re, im float32) (int, bool) {
	for i := range group {
		p := &group[i]
		along := re*p.turnRe + im*p.turnIm
		across := im*p.turnRe - re*p.turnIm
		bound := along * p.bound
		if along > 0 && across <= bound && across >= -bound {
			return i, true
		}
	}
	return 0, false
}

// levels checks floor, twist and share of the powers lp and hp summed over n hops.
func (d *Detector) levels(low, high *pitch, lp, hp float32, n int64) bool {
	l, h := lp*low.level, hp*high.level
	if floor := d.limits.floor * float32(n); l < floor || h < floor {
		return false
	}
	if l > h*d.limits.twist || h > l*d.limits.reverse {
		return false
	}
	var energy, whole float32
	for k := d.hops - n - 2; k <= d.hops-3; k++ {
		energy += d.energy[k&(history-1)]
		whole += d.whole[k&(history-1)]
	}
	return lp*low.energy+hp*high.energy >= share*energy &&
		whole <= excess*(l+h)+(1+dialSpread)*float32(n)*d.dial.level
}

// confirm begins a digit when the candidate has lasted.
func (d *Detector) confirm() {
	low, high := &lowPitch[d.row], &highPitch[d.column]
	lp, _, _ := d.low.sums(d.hops, window)
	hp, _, _ := d.high.sums(d.hops, window)
	lp, hp = lp/window, hp/window
	now := d.hops & (history - 1)
	if d.low.power[now] < plateauPart*lp || d.high.power[now] < plateauPart*hp {
		return
	}
	hops, length := d.since(lp, hp, low, high)
	if length*hopPeriod*1000 < minimum {
		return
	}
	if d.low.unevenness(d.hops)+d.high.unevenness(d.hops) > uneven {
		return
	}
	lowOff, ok := d.low.offset(d.hops, hops, low)
	if !ok {
		return
	}
	highOff, ok := d.high.offset(d.hops, hops, high)
	if !ok || lowOff > longTolerance || highOff > longTolerance || lowOff+highOff > bothTolerance {
		return
	}
	at := (float64(d.hops+1)-length)*samplesPerHop - delay
	d.down = down{key: keypad[d.row*4+d.column], row: d.row, column: d.column, low: lp, high: hp}
	d.emit(Event{Key: d.down.key, Down: true, At: max(0, int64(math.Round(at)))})
}

// since walks back to the edge where the pair had half its amplitude. It
// returns the whole hops since then and the length with its fraction.
func (d *Detector) since(lp, hp float32, low, high *pitch) (hops int64, length float64) {
	edge := presentPart * (lp*low.level + hp*high.level)
	after := float32(0)
	for hops = 0; hops < history-1; hops++ {
		i := (d.hops - hops) & (history - 1)
		p := d.low.power[i]*low.level + d.high.power[i]*high.level
		if p < edge {
			return hops, float64(hops) - crossing(p, after, edge)
		}
		after = p
	}
	return hops, float64(hops)
}

// crossing says where between two hops the amplitude was at the edge: 0 at the
// weaker, 1 at the stronger. All three are powers.
func crossing(weak, strong, edge float32) float64 {
	w, s, e := math.Sqrt(float64(weak)), math.Sqrt(float64(strong)), math.Sqrt(float64(edge))
	if s <= w {
		return 0
	}
	return max(0, min(1, (e-w)/(s-w)))
}

// offset is how far the frequency of the last n hops is from p, as a part of it.
// Ok is false when it is not one steady tone.
func (g *group) offset(h, n int64, p *pitch) (part float64, ok bool) {
	power, re, im := g.longTurn(h, n)
	along := re*p.turn4Re + im*p.turn4Im
	across := im*p.turn4Re - re*p.turn4Im
	part = math.Abs(math.Atan2(float64(across), float64(along))) / p.turn4
	return part, steady(power, re, im, longCoherence)
}

// unevenness is how much the power moved in the last 18 ms: its mean square over
// the square of its mean, less one.
func (g *group) unevenness(h int64) float32 {
	const n = 2 * window
	var sum, squares float32
	for k := h - n + 1; k <= h; k++ {
		p := g.power[k&(history-1)]
		sum += p
		squares += p * p
	}
	return n*squares/(sum*sum) - 1
}

// hold waits for the digit that sounds to end.
func (d *Detector) hold() {
	if d.present() {
		d.down.absent = 0
		d.down.low += (d.low.power[d.hops&(history-1)] - d.down.low) / follow
		d.down.high += (d.high.power[d.hops&(history-1)] - d.down.high) / follow
		return
	}
	i, j := d.hops&(history-1), (d.hops-1)&(history-1)
	if d.down.absent == 0 {
		low, high := &lowPitch[d.down.row], &highPitch[d.down.column]
		edge := presentPart * (d.down.low*low.level + d.down.high*high.level)
		now := d.low.power[i]*low.level + d.high.power[i]*high.level
		before := d.low.power[j]*low.level + d.high.power[j]*high.level
		d.down.absent = d.hops
		d.down.from = float64(d.hops) - crossing(now, before, edge)
	}
	other := d.run >= minimumHops && (d.row != d.down.row || d.column != d.down.column)
	if !other && (float64(d.hops)-d.down.from)*hopPeriod*1000 < release {
		return
	}
	at := (d.down.from+1)*samplesPerHop - delay
	d.emit(Event{Key: d.down.key, At: max(0, int64(math.Round(at)))})
	d.down = down{}
}

// present reports whether the digit that sounds is still there.
func (d *Detector) present() bool {
	return d.low.present(d.hops, d.down.low, &lowPitch[d.down.row]) &&
		d.high.present(d.hops, d.down.high, &highPitch[d.down.column])
}

func (g *group) present(h int64, plateau float32, p *pitch) bool {
	i := h & (history - 1)
	if g.power[i] < presentPart*plateau {
		return false
	}
	along := g.turnRe[i]*p.turnRe + g.turnIm[i]*p.turnIm
	across := g.turnIm[i]*p.turnRe - g.turnRe[i]*p.turnIm
	return along > 0 && math.Abs(float64(across)) <= float64(along*p.presentBound)
}
