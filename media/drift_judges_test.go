//go:build judges

package media

import (
	"math"
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
)

// TestFaxPageThroughDrift sends half an hour of a fax's modem, V.29 at 9600
// bit/s, from a line whose clock differs by 100 ppm and over a network with 30
// ms of jitter. Spandsp sends and receives it. A sample that slips costs its
// receiver hundreds of bits; but at such a drift it gets one symbol in half
// an hour wrong by itself, even when the page was resampled in one piece
// by an exact filter.
func TestFaxPageThroughDrift(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	const bits, symbol = 30 * 60 * 9600, 4
	page := judge.V29(t, bits)
	page = append(page, make([]int16, dsp.SampleRate)...)
	for _, ppm := range []float64{-100, 100} {
		j := dataBuffer()
		heard := make([]int16, 0, len(page)+dsp.SampleRate)
		play(j, packetsOf(page, ppm), 80, func(block []int16) { heard = append(heard, block...) })
		got, wrong := judge.V29Errors(t, heard, bits)
		t.Logf("%+.0f ppm: %d bits, %d wrong; speed %+.1f ppm, %+v", ppm, got, wrong, j.data.ppm, j.counters)
		if got != bits || wrong > symbol {
			t.Errorf("%+.0f ppm: %d of %d bits, %d wrong", ppm, got, bits, wrong)
		}
		if j.counters != (jitterCounters{}) {
			t.Errorf("%+.0f ppm: %+v, want nothing lost or changed", ppm, j.counters)
		}
	}
}

// The switch itself may cost no bit of what follows: a page that begins 200 ms
// after the buffer was made fit for data comes through.
func TestFaxPageAfterSwitch(t *testing.T) {
	judge := dsptest.NewSpandsp(t)
	const bits = 60 * 9600
	ced := dsptest.AnswerTone{Hz: 2100, Level: -13}.Make(8000)
	page := append(append(ced, make([]int16, 1600)...), judge.V29(t, bits)...)
	page = append(page, make([]int16, dsp.SampleRate)...)
	j := testBuffer()
	var heard []int16
	play(j, packetsOf(page, 50), 80, func(block []int16) {
		if heard = append(heard, block...); len(heard) == 7200 {
			j.carryData(defaultData)
		}
	})
	if got, wrong := judge.V29Errors(t, heard[9600:], bits); got != bits || wrong != 0 {
		t.Errorf("%d of %d bits, %d wrong", got, bits, wrong)
	}
}

// packetsOf cuts a signal into packets of 20 ms by a clock that is ppm faster
// than the line's, which the network delays by up to 30 ms.
func packetsOf(x []int16, ppm float64) []sentPacket {
	var list []sentPacket
	for i := 0; (i+1)*160 <= len(x); i++ {
		payload := make([]byte, 160)
		g711.Encode(g711.ALaw, payload, x[i*160:(i+1)*160])
		jitter := 30 * samplesPerMs * (0.5 + 0.5*math.Sin(float64(i*i)))
		list = append(list, sentPacket{float64((i+1)*160)/(1+ppm*1e-6) + jitter, uint32(i * 160), payload})
	}
	return list
}
