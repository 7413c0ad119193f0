package media

import (
	"time"

	"github.com/ata-agent/ata-agent/dsp/echo"
)

// Processing is what is done to the voice of a line, whoever it talks to. The
// zero value is the default.
type Processing struct {
	NoEchoCanceller bool          // the echo of the line goes to the far end
	EchoTail        time.Duration // longest echo of the line, 8 to 128 ms [32 ms]
	NoHighPass      bool          // offset and hum of the line go to the far end
	// ToPhoneGain and FromPhoneGain, in decibels and steps of 0.5, are for ports
	// whose chip has no gain of its own, -24 to 6 [0].
	ToPhoneGain, FromPhoneGain float64
}

// treatment is a Processing with what it takes, made where memory may be had.
type treatment struct {
	Processing
	echo *echo.Canceller
}

// Process changes what is done to the voice. What was learnt of the line stays
// unless the tail changes.
func (v *Voice) Process(p Processing) {
	v.processing.Lock()
	defer v.processing.Unlock()
	last := v.process.Load()
	t := &treatment{Processing: p}
	if last != nil && last.EchoTail == p.EchoTail {
		t.echo = last.echo
	} else {
		t.echo = echo.New(echo.Opts{Tail: p.EchoTail})
	}
	v.process.Store(t)
}

// treat takes over a treatment.
func (v *Voice) treat(t *treatment) {
	v.processed = t
	v.canceller.treat(t)
	v.fromPhone.highPassOff = t.NoHighPass
	v.fromPhone.gain.Set(t.FromPhoneGain)
	v.toPhone.gain.Set(t.ToPhoneGain)
}

// take takes a block of the telephone as its port gives it: without offset, hum
// and echo, and as loud as it shall be. The result is good until the next call.
// Behind is that of canceller.cancel.
func (v *Voice) take(said []int16, behind int) []int16 {
	block := v.said[:copy(v.said[:], said)]
	p := &v.fromPhone
	raw := v.canceller.raw
	if !raw {
		p.clean(block)
	}
	p.watch(block)
	if v.session != nil {
		v.canceller.cancel(block, behind)
		v.session.echoLoss.Store(v.canceller.loss.Load())
	}
	if !raw {
		p.meter.Clip(p.gain.Process(block))
	}
	return block
}

// deliver makes what the telephone is to hear as loud as it shall be.
func (v *Voice) deliver(toPhone []int16) {
	if !v.canceller.raw {
		v.toPhone.meter.Clip(v.toPhone.gain.Process(toPhone))
	}
	v.toPhone.watch(toPhone)
	v.canceller.remember(toPhone)
}
