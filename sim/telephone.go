package sim

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/hal/ssd1306/model"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// TelephoneOpts are the settings of a Telephone that do not change.
type TelephoneOpts struct {
	Seed     uint64           // of bounces and noises: the same seed gives the same signal
	Settings Settings         // the zero value means DefaultSettings
	Country  *country.Country // whose tones the listener knows; nil = none
	Handset  bool             // it is part of the device, without wires
}

// A Telephone is a telephone with its wires and the person who uses it. It
// knows what the two wires tell it and nothing else: it is stepped as a
// twowire.Pair once per sample, and its only clock is the count of these steps.
//
// Step is called by one goroutine; all other methods may be called by any.
type Telephone struct {
	mu     sync.Mutex
	set    Settings
	faults Faults

	handset bool           // without wires: see atHandset
	panel   *model.Display // of a handset
	open    loudness       // what the open ear hears

	rng *rand.Rand
	now int64 // samples so far

	offHook  bool // the handset is up
	flashEnd int64
	hook     contact
	dial     rotary
	pad      pad
	speech   *speech
	programs []*program
	tapes    []*Recording

	wires    wires
	hybrid   hybrid
	coupling [3]coupling // for 0, 1 and 2 handsets
	sidetone float64
	noise    float64 // rms volts
	room     float64

	bell  bell
	ear   *ear
	meter meter

	display display
}

// speech is audio for the microphone.
type speech struct {
	samples []int16
	at      int
}

func (s *speech) over() bool { return s.at >= len(s.samples) }

// NewTelephone returns a telephone with its handset down.
func NewTelephone(opts TelephoneOpts) *Telephone {
	t := &Telephone{
		set: opts.Settings, handset: opts.Handset,
		rng: rand.New(rand.NewPCG(opts.Seed, 0x7e1e)),
		ear: newEar(opts.Country),
	}
	if t.set == (Settings{}) {
		t.set = DefaultSettings()
		if t.handset {
			t.set = HandsetSettings()
		}
	}
	t.display.configure(opts.Country)
	t.apply()
	return t
}

// apply computes what follows from settings and faults.
func (t *Telephone) apply() {
	t.hybrid.configure(&t.set)
	for n := range t.coupling {
		t.coupling[n] = couple(t.set.Loop, n, &t.faults)
	}
	t.sidetone = math.Pow(10, -t.set.Sidetone/20)
	if t.set.Sidetone >= 100 {
		t.sidetone = 0
	}
	t.noise, t.room = rmsVolts(t.set.Noise), rmsVolts(t.set.Room)
}

func rmsVolts(l dsp.DBm0) float64 {
	if l <= Off {
		return 0
	}
	return l.RMS() * twowire.VoltsPerUnit
}

// Settings returns what the telephone is made of.
func (t *Telephone) Settings() Settings {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.set
}

// Set changes what the telephone is made of.
func (t *Telephone) Set(s Settings) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.set = s
	t.apply()
}

// SetFaults changes what is wrong with the wires.
func (t *Telephone) SetFaults(f Faults) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = f
	t.apply()
}

// SetCountry changes whose tones the listener knows.
func (t *Telephone) SetCountry(c *country.Country) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ear.patterns = patternsOf(c)
	t.display.configure(c)
}

// Hook lifts the handset or puts it down.
func (t *Telephone) Hook(off bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lift(off)
}

// Speak plays samples into the microphone, in place of what was being said. It
// returns the time of the first sample, in samples of the telephone's time.
func (t *Telephone) Speak(samples []int16) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.speech = &speech{samples: samples}
	return t.now
}

func (t *Telephone) lift(off bool) {
	t.flashEnd = 0
	if off == t.offHook {
		return
	}
	t.offHook, t.display.fetching = off, false
	t.swing(off)
	t.dial.stop()
	t.pad.stop()
	t.ear.reset()
	t.bell, t.open = bell{}, loudness{}
	t.hybrid.history = [2 * echoHistory]float64{}
	if off {
		t.meter.lift()
	}
}

// swing moves the hook switch, which bounces.
func (t *Telephone) swing(closed bool) {
	t.hook.set(closed, t.now, between(t.set.BounceMin, t.set.BounceMax, t.rng), t.rng)
}

// flash opens the hook switch for d.
func (t *Telephone) flash(d time.Duration) {
	t.swing(false)
	t.flashEnd = t.now + samples(d)
}

// Step implements twowire.Pair.
func (t *Telephone) Step(d twowire.Drive) twowire.Sense {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.programs) > 0 {
		t.act()
	}
	own := t.loop()
	handsets := 0
	conductance := 0.0
	if own {
		handsets++
		conductance += 1 / t.set.Resistance
	}
	if t.set.Parallel == ParallelOffHook {
		handsets++
		conductance += 1 / t.set.Resistance
	}
	s := t.wires.step(d, &t.set, &t.faults, conductance)
	t.voice(d, &s, own, handsets)
	t.meter.step(t.wires.volts, t.current(own), t.offHook && own)
	if !t.offHook && t.hook.settled(t.now) {
		t.ring()
	}
	t.now++
	return s
}

// ring lets the bell sound and the display know of it.
func (t *Telephone) ring() {
	rang := t.bell.ringing
	t.bell.step(t.wires.volts, t.now)
	if t.bell.ringing && !rang {
		t.display.rang(t.now)
	}
	if t.set.Display && t.display.japan {
		t.fetch()
	}
}

// fetch closes the loop by itself after a short ring on a reversed line, which
// is how NTT has data to tell, and opens it when the data have come.
func (t *Telephone) fetch() {
	d := &t.display
	switch {
	case !d.fetching && t.bell.shortBurst(t.now) && t.meter.polarity() == Reversed:
		d.fetching, d.fetched = true, t.now
		d.modem = modem{}
		t.swing(true)
	case d.fetching && (d.shown != nil && samples(time.Duration(d.shown.Seconds*1e9)) > d.fetched || t.now-d.fetched > samples(fetchTime)):
		d.fetching = false
		t.swing(false)
	}
}

// loop returns whether the handset closes the loop now.
func (t *Telephone) loop() bool {
	if t.flashEnd > 0 && t.now >= t.flashEnd {
		t.flashEnd = 0
		t.swing(true)
	}
	closed := t.hook.step(t.now, t.rng)
	if t.dial.busy() {
		closed = t.dial.step(t.now, t.set.DialBounce, t.rng) && closed
	}
	return closed
}

// current returns what flows through this telephone's handset.
func (t *Telephone) current(closed bool) float64 {
	v := t.wires.volts
	if !closed || math.Abs(v) <= bridgeVolts {
		return 0
	}
	return (v - math.Copysign(bridgeVolts, v)) / t.set.Resistance
}

// microphoneAmps is the loop current below which a microphone is dead.
const microphoneAmps = 3e-3

func (t *Telephone) voice(d twowire.Drive, s *twowire.Sense, own bool, handsets int) {
	c := &t.coupling[handsets]
	network := d.Voice
	if d.Open {
		network = 0
	}
	if handsets > 0 {
		s.Voice = t.hybrid.step(network)
	}
	s.Voice += c.reflect * network
	noise := 0.0
	if t.noise > 0 {
		s.Voice += t.noise * t.rng.NormFloat64()
		noise = t.noise * t.rng.NormFloat64()
	}
	if !t.offHook {
		if t.set.Display {
			t.display.onHook((t.onPair(network, c, handsets)+noise)/twowire.VoltsPerUnit, t.now)
		}
		t.tape(0)
		return
	}
	said := t.microphone()
	// The dial's off-normal contact shorts the handset.
	if !own || t.dial.busy() {
		t.hear(0, 0)
		return
	}
	if math.Abs(t.current(own)) < microphoneAmps {
		said = 0
	}
	s.Voice += c.talk * said
	t.hear(c.listen*network+noise, t.sidetone*said)
}

// acknowledge is how a telephone says that it can take data (GR-30-CORE): key D
// for 55 to 65 ms, within 100 ms.
var acknowledge = keyStyle{on: 60 * time.Millisecond, off: 60 * time.Millisecond, level: -9, twist: 2}

// onPair is the network's voice as a telephone on hook finds it on the pair:
// twice what a matched end would, unless some handset closes the loop.
func (t *Telephone) onPair(network float64, c *coupling, handsets int) float64 {
	if handsets > 0 {
		return c.listen * network
	}
	return (1 + c.reflect) * network
}

// hear gives the network's voice to the listener, and with the own voice to
// the tapes.
func (t *Telephone) hear(network, own float64) {
	t.ear.hear(network / twowire.VoltsPerUnit)
	if t.set.Display && t.display.offHook(network/twowire.VoltsPerUnit, t.now) {
		t.pad.press("D", acknowledge, t.now)
	}
	t.tape(network + own)
}

// microphone returns what is said, the keys of the pad before all else.
func (t *Telephone) microphone() float64 {
	if v, on := t.pad.step(t.now); on {
		return v
	}
	return t.say()
}

// say returns what is spoken into the microphone.
func (t *Telephone) say() float64 {
	v := 0.0
	if t.room > 0 {
		v = t.room * t.rng.NormFloat64()
	}
	if t.speech != nil && !t.speech.over() {
		v += unitsToVolts(t.speech.samples[t.speech.at])
		t.speech.at++
	}
	return v
}

// unitsToVolts converts a sample to the voltage it makes on a matched pair.
func unitsToVolts(s int16) float64 { return float64(s) * twowire.VoltsPerUnit }

// voltsToUnits converts back, with saturation.
func voltsToUnits(v float64) int16 {
	u := math.RoundToEven(v / twowire.VoltsPerUnit)
	return int16(max(math.MinInt16, min(math.MaxInt16, u)))
}
