package media

import (
	"math"

	"github.com/ata-agent/ata-agent/dsp"
)

// Data of faxes and modems bear no correction that voice does not notice: a
// sample more or less is an error of bits. The far end's clock still differs from
// the line's, so the whole signal is resampled by as little as the clocks differ,
// which a modem takes for a carrier that is off by a fraction of a hertz.

const (
	pacerTaps   = 32
	pacerAhead  = pacerTaps / 2
	pacerBack   = pacerTaps/2 - 1
	pacerPhases = 128

	// The delay follows its target like a critically damped oscillator with a time
	// constant of two minutes: a difference of 100 ppm moves it by 5 ms at most.
	pacerGain     = 2.1    // ppm per sample of error
	pacerIntegral = 0.0087 // ppm per sample of error and second
	pacerMost     = 400.0  // ppm; crystals differ by 200 at most
	pacerSlew     = 0.5    // ppm per unit
	pacerIdle     = 2 * samplesPerMs

	// Text begins with the delay of voice, which is as short as can be. It grows within
	// seconds by so much that neither where in a frame the packets come nor what the delay
	// moves until the clocks are known makes one late; 5 Hz off is what V.18 allows.
	textRoom   = 2 * unit // and a frame
	textGrowth = 3000.0   // ppm

	rewindSearch = 5 * samplesPerMs // how far the repetition may be from what is wanted
	rewindMatch  = 8 * samplesPerMs // samples that are compared
	rewindBlend  = 5 * samplesPerMs
)

// pacer is the part of a jitterBuffer that carries data.
type pacer struct {
	on      bool
	delay   int     // of a stream that begins
	least   int     // lead below which a packet is late
	growing bool    // the delay is still that of voice
	working bool    // the clocks differ: the signal is resampled
	ppm     float64 // by how much the line's clock is to be slower than the far end's
	learned float64 // part of ppm that lasts
	part    float64 // of a sample that pos is behind the next output
	window  [pacerBack + unit + pacerAhead + 1]int16
	out     [unit + 1]int16
}

// pacerWeights are the weights of the taps at each phase, and of the phase after
// the last.
var pacerWeights = newPacerWeights()

func newPacerWeights() (w [pacerPhases + 1][pacerTaps]float32) {
	for p := range w {
		frac := float64(p) / pacerPhases
		var sum float64
		var row [pacerTaps]float64
		for k := range row {
			x := float64(k-pacerBack) - frac
			row[k] = sinc(x) * blackman(x/(pacerTaps/2))
			sum += row[k]
		}
		for k := range row {
			w[p][k] = float32(row[k] / sum)
		}
	}
	return w
}

// restart forgets what the clocks differ.
func (d *pacer) restart() { *d = pacer{on: true, delay: d.delay, least: d.least} }

// carryData makes the buffer fit for data: from the next unit on the delay is so
// many samples, or what it is if that is more, and stays there; nothing is
// concealed, stretched or left out.
func (j *jitterBuffer) carryData(delay int) {
	if j.data.on {
		return
	}
	wanted := min(delay, j.most)
	j.steady = wanted
	if j.state == playing && j.drought == 0 {
		j.rewind(j.steady - j.held())
		j.steady = max(j.steady-rewindSearch, j.held())
	}
	j.data = pacer{on: true, delay: wanted, least: min(j.frame, wanted/2)}
}

// carryText makes the buffer fit for data that have begun already: nothing of them is
// played again to make the delay longer.
func (j *jitterBuffer) carryText() {
	now := j.wanted()
	if j.state == playing {
		now = j.held()
	}
	j.steady = max(now, 0) + j.frame + textRoom
	j.data = pacer{on: true, delay: j.steady, growing: j.state == playing}
}

// carryVoice ends carryData and carryText.
func (j *jitterBuffer) carryVoice() {
	if !j.data.on {
		return
	}
	j.data = pacer{}
	j.steady = j.fixed
	j.sinceBad, j.sinceFix = 0, 0
}

// rewind makes the delay about want samples longer at once. In a pause the
// pause is longer; a tone, which is what tells that there will be data, goes on
// without a break if as many samples are played again as leave its phase.
func (j *jitterBuffer) rewind(want int) {
	if want <= rewindSearch || want > bufferSize/2 {
		return
	}
	j.copyOut(j.unit[:], j.pos)
	if silent(j.unit[:]) {
		j.pos -= uint32(want)
		j.blank(j.pos, want)
		j.mark(j.pos, want)
		return
	}
	n := j.bestRepeat(want)
	for i := range rewindBlend {
		at := j.pos - uint32(n-i)
		old, now := &j.pcm[at%bufferSize], int32(j.pcm[(j.pos+uint32(i))%bufferSize])
		*old = int16((now*int32(rewindBlend-i) + int32(*old)*int32(i)) / rewindBlend)
	}
	j.pos -= uint32(n)
	j.mark(j.pos, n)
}

// bestRepeat is the number of samples near want after which the signal is most
// like now.
func (j *jitterBuffer) bestRepeat(want int) int {
	best, bestScore := want, math.Inf(-1)
	for n := want - rewindSearch; n <= want+rewindSearch; n++ {
		var dot, square float64
		for k := 1; k <= rewindMatch; k++ {
			a := float64(j.pcm[(j.pos-uint32(k))%bufferSize])
			b := float64(j.pcm[(j.pos-uint32(n+k))%bufferSize])
			dot += a * b
			square += b * b
		}
		if score := dot / math.Sqrt(square+1); score > bestScore {
			best, bestScore = n, score
		}
	}
	return best
}

// blank makes silence of the n samples from ts on that are not there.
func (j *jitterBuffer) blank(ts uint32, n int) {
	if j.whole(ts, n) {
		return
	}
	for ; n > 0; n-- {
		if !j.whole(ts, 1) {
			j.pcm[ts%bufferSize] = 0
		}
		ts++
	}
}

// fetchData moves the next unit of data into the fifo. What is missing is
// silence, and time goes on: a modem loses what was lost, but not its clock.
func (j *jitterBuffer) fetchData() {
	if int32(j.end-j.pos) < unit {
		clear(j.unit[:])
		j.push(j.unit[:])
		j.drought += unit
		return
	}
	if !j.whole(j.pos, unit) {
		j.counters.concealed += unit
	}
	j.blank(j.pos, unit+pacerAhead+1)
	j.steer()
	j.copyOut(j.unit[:], j.pos)
	j.conceal.Good(j.unit[:])
	j.push(j.pace())
	j.forget(unit)
}

// steer sets the speed by the error of the delay.
func (j *jitterBuffer) steer() {
	d := &j.data
	e := float64(j.held() - j.steady)
	if d.growing {
		d.grow(e)
		return
	}
	if !d.working {
		if d.working = math.Abs(e) >= pacerIdle; !d.working {
			return
		}
	}
	const seconds = float64(unit) / dsp.SampleRate
	d.learned = clamp(d.learned+pacerIntegral*e*seconds, pacerMost)
	want := clamp(pacerGain*e+d.learned, pacerMost)
	d.ppm += clamp(want-d.ppm, pacerSlew)
}

// grow has the delay grow until it is what it shall be: the error is 0 then.
func (d *pacer) grow(e float64) {
	d.working, d.growing, d.ppm = true, e < 0, 0
	if d.growing {
		d.ppm = -textGrowth
	}
}

func clamp(v, most float64) float64 { return max(-most, min(most, v)) }

// pace makes the samples of a unit at the speed that was set.
func (j *jitterBuffer) pace() []int16 {
	d := &j.data
	if !d.working {
		return j.unit[:]
	}
	j.copyOut(d.window[:], j.pos-pacerBack)
	step := 1 + d.ppm*1e-6
	n := 0
	for d.part < unit {
		whole := int(d.part)
		d.out[n] = interpolate((*[pacerTaps]int16)(d.window[whole:]), d.part-float64(whole))
		n++
		d.part += step
	}
	d.part -= unit
	return d.out[:n]
}

// interpolate returns the sample at a part behind the middle of x.
func interpolate(x *[pacerTaps]int16, part float64) int16 {
	at := part * pacerPhases
	phase := int(at)
	between := float32(at - float64(phase))
	a, b := &pacerWeights[phase], &pacerWeights[phase+1]
	var here, next float32
	for k, s := range x {
		v := float32(s)
		here += v * a[k]
		next += v * b[k]
	}
	return dsp.Saturate(int32(math.Round(float64(here + (next-here)*between))))
}
