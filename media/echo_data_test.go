package media_test

import (
	"testing"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/dsp/g711"
	"github.com/ata-agent/ata-agent/media"
)

// dataLine is a line that gives back a quarter of what the telephone hears, 20 ms
// later, in a quiet room.
type dataLine struct {
	*bench
	frames int
}

// frame has the far end send its noise or nothing, and the telephone said besides
// echo and noise of the room. It returns what reaches the far end but for said and
// room: echo, and what was done to them.
func (l *dataLine) frame(talks bool, said []int16) (wrong []int16) {
	for k := range l.payload {
		l.payload[k] = 0xd5 // silence in A-law
		if talks {
			l.payload[k] = babble[(l.frames*160+k)%2400]
		}
	}
	l.arrive()
	own := make([]int16, 160)
	for k := range own {
		own[k] = 2 * hiss[(l.frames*160+k)%len(hiss)]
		if said != nil {
			own[k] += said[k]
		}
		l.say[l.at+k] = l.toPhone[k]/4 + own[k]
	}
	l.bench.frame()
	l.frames++
	wrong = make([]int16, 160)
	g711.Decode(g711.ALaw, wrong, l.sink.last[12:])
	for k := range wrong {
		wrong[k] -= own[k]
	}
	return wrong
}

// run passes frames and returns the level of what is wrong with the last half.
func (l *dataLine) run(frames int, talks bool, said []int16) dsp.DBm0 {
	var wrong []int16
	for i := range frames {
		var block []int16
		if said != nil {
			block = said[i*160:][:160]
		}
		wrong = append(wrong, l.frame(talks, block)...)
	}
	return dsp.LevelOf(wrong[len(wrong)/2:])
}

// TestEchoOfData: what a fax says goes out as it is, but its echo does not. From a
// modem that cancels echo itself the echo goes out too. In speech the noise of the
// room gives way to comfort noise while the far end talks.
func TestEchoOfData(t *testing.T) {
	ans := dsptest.AnswerTone{Hz: 2100, Level: -13}
	reversed, modulated := ans, ans
	reversed.Reverse = 3600
	modulated.AM = 0.2
	for _, tt := range []struct {
		name        string
		mode        media.DataMode
		tone        dsptest.AnswerTone
		least, most dsp.DBm0
	}{
		{"speech", media.DataOnTone, dsptest.AnswerTone{}, -49, -40},
		{"CNG", media.DataOnTone, dsptest.AnswerTone{Hz: 1100, Level: -13}, -99, -57},
		{"plain ANS", media.DataOnTone, ans, -99, -57},
		{"plain ANSam", media.DataOnTone, modulated, -99, -57},
		{"ANS with reversals", media.DataOnTone, reversed, -30, -26},
		{"2225 Hz", media.DataOnTone, dsptest.AnswerTone{Hz: 2225, Level: -13}, -30, -26},
		{"always", media.DataAlways, dsptest.AnswerTone{}, -30, -26},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := &dataLine{bench: newBench(func([]int16, int) {})}
			if got := l.run(150, true, nil); got > -40 {
				t.Fatalf("%.1f dBm0 of echo and changes after 3 s", got)
			}
			l.voice.CarryData(tt.mode)
			if tt.tone.Hz != 0 {
				l.run(100, false, tt.tone.Make(100*160))
			}
			l.run(50, false, nil) // the turn of the far end
			if got := l.run(50, true, nil); got < tt.least || got > tt.most {
				t.Errorf("%.1f dBm0 of echo and changes, want %.0f to %.0f", got, tt.least, tt.most)
			}
		})
	}
}
