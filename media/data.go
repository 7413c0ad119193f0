package media

import (
	"sync/atomic"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/faxtone"
)

// DataMode says when a Voice carries voice-band data: the tones of faxes, modems
// and text telephones, which what is done to speech would spoil (ITU-T V.152). Data
// are delayed by a fixed time; the jitter buffer neither conceals nor stretches
// them, and no pause of theirs is left out.
//
// From faxes and modems no key is taken out, and the echo canceller takes nothing for
// echo but what its model of the line explains, and that of faxes only: modems cancel
// echo themselves (ITU-T G.168 §7). Who types on a text telephone talks in between,
// and may press keys: there the canceller only leaves its suppressor out, and the
// delay grows unheard, for characters have begun before they are known as such.
// Tones of a modem make a text telephone's path one for a modem.
type DataMode uint8

const (
	DataOnTone DataMode = iota // from the tone of a fax, modem or text telephone until both ends are silent
	DataNever
	DataAlways // in every call: the line serves a fax, a modem or an alarm
)

const (
	dataQuiet   = dsp.DBm0(-45)      // weaker in both directions is silence
	dataSilence = 7 * dsp.SampleRate // which ends data: in T.30 §5.4.2 a fax waits for 6 s; text ends in speech too
	defaultData = 100 * samplesPerMs // delay of the jitter buffer
)

// dataPath decides when a Voice carries data. It belongs to the audio
// goroutine, but for mode.
type dataPath struct {
	mode   atomic.Uint32 // DataMode
	near   *faxtone.Detector
	far    *faxtone.Detector
	on     bool
	kind   faxtone.Kind // what told, 0 = DataAlways
	silent int          // samples since there was anything
}

// raw says that nothing may be done to what the telephone says.
func (d *dataPath) raw() bool { return d.on && !d.kind.Text() }

// hears says whether a block, which its detector has heard, goes on with what is
// carried.
func (d *dataPath) hears(block []int16, detector *faxtone.Detector) bool {
	if d.kind.Text() {
		return detector.Typing()
	}
	return !quietBlock(block)
}

func newDataPath() dataPath {
	return dataPath{near: faxtone.New(), far: faxtone.New()}
}

// CarryData says when the line carries data.
func (v *Voice) CarryData(mode DataMode) { v.data.mode.Store(uint32(mode)) }

// listenNear looks for tones in a block from the telephone.
func (v *Voice) listenNear(block []int16) {
	d := &v.data
	switch DataMode(d.mode.Load()) {
	case DataNever:
		v.carry(false, 0)
		return
	case DataAlways:
		v.carry(true, 0)
		return
	}
	d.near.Process(block)
	if d.silent += len(block); d.hears(block, d.near) {
		d.silent = 0
	}
	v.heed(d.near)
	if d.on && d.silent >= dataSilence {
		v.carry(false, 0)
	}
}

// listenFar looks for tones in what comes from the far end.
func (v *Voice) listenFar(block []int16) {
	d := &v.data
	if DataMode(d.mode.Load()) != DataOnTone {
		return
	}
	d.far.Process(block)
	if d.hears(block, d.far) {
		d.silent = 0
	}
	v.heed(d.far)
}

// heed acts on what a detector heard.
func (v *Voice) heed(heard *faxtone.Detector) {
	for e, ok := heard.Next(); ok; e, ok = heard.Next() {
		v.carry(true, e.Kind)
	}
}

// carry begins or ends data, or makes those of a text telephone a modem's.
func (v *Voice) carry(on bool, kind faxtone.Kind) {
	d := &v.data
	if on {
		v.canceller.carry(kind)
	}
	if on == d.on && (!on || !d.kind.Text() || kind.Text()) {
		return
	}
	if !on {
		v.canceller.carryVoice()
	}
	d.on, d.kind, d.silent = on, kind, 0
	if d.raw() {
		v.stopKeys()
	}
	v.session.carryData(on, kind.Text())
	if v.opts.Data != nil {
		v.opts.Data(v.session, on, kind)
	}
}

// forget ends data with the call.
func (d *dataPath) forget() {
	d.on, d.kind, d.silent = false, 0, 0
	d.near.Reset()
	d.far.Reset()
}

// carryData makes the session fit for data, those of a text telephone or others, or
// for voice.
func (s *Session) carryData(on, text bool) {
	s.player.jitter.carryVoice()
	switch {
	case text:
		s.player.jitter.carryText()
	case on:
		s.player.jitter.carryData(s.player.dataDelay)
	}
	s.data.Store(on)
}

var quietSquare = int64(dataQuiet.RMS() * dataQuiet.RMS())

// quietBlock says whether a block is silence.
func quietBlock(block []int16) bool {
	var sum int64
	for _, s := range block {
		sum += int64(s) * int64(s)
	}
	return sum < quietSquare*int64(len(block))
}
