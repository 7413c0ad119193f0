package media_test

import (
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/dsp/dsptest"
	"github.com/ata-agent/ata-agent/media"
)

// TestDay has a port work for a day, or three minutes unless ATA_FULL is set: one
// call after the other, with talk and its echo, lost packets and text. Nothing is
// allocated, the delay stays what it is, and each call begins as the first did.
func TestDay(t *testing.T) {
	media.NotUnderRace(t)
	calls := 3
	if full {
		calls = 24 * 60
	}
	synctest.Test(t, func(t *testing.T) { day(t, calls) })
}

func day(t *testing.T, calls int) {
	b := newBench(speech)
	types, speaks := text, slices.Clone(b.say)
	b.minute(speaks, types)
	var longest time.Duration
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for call := range calls {
		if on := b.minute(speaks, types); !on {
			t.Fatalf("call %d: text was not heard", call)
		}
		st := b.session.Stats()
		if st.Data || st.BufferDelay > 40*time.Millisecond {
			t.Fatalf("call %d ends with %+v", call, st)
		}
		longest = max(longest, st.BufferDelay)
	}
	runtime.ReadMemStats(&after)
	each := float64(after.Mallocs-before.Mallocs) / float64(calls)
	if each > 10 {
		t.Errorf("%.1f allocations in a call, want those of connecting alone", each)
	}
	bars, err := dsptest.OpenBars("testdata/bars.json")
	if err != nil {
		t.Fatal(err)
	}
	bars.Check(t, "a day of calls, allocations in each", each, 3, "")
	bars.Check(t, "a day of calls, longest delay at the end of one", longest.Seconds()*1000, 3, "ms")
}

// minute is a call of a minute: 20 s of talk and its echo with each fiftieth packet
// lost, 2 s of text, and talk again. It says whether text was heard.
func (b *bench) minute(speaks, types []int16) (heard bool) {
	b.voice.Connect(nil)
	b.frame()
	b.voice.Connect(b.session)
	for i := range 60 * 50 {
		typing := i >= 20*50 && i < 22*50
		for k, s := range b.toPhone {
			b.say[b.at+k] = speaks[b.at+k] + s/4
			if typing {
				b.say[b.at+k] = types[b.at+k]
			}
		}
		if i%50 == 49 {
			b.h.SequenceNumber++
			b.h.Timestamp += 160
		} else {
			for k := range b.payload {
				b.payload[k] = babble[(i*160+k)%len(babble)]
			}
			b.arrive()
		}
		b.frame()
		time.Sleep(20 * time.Millisecond)
		heard = heard || typing && b.session.Stats().Data
	}
	return heard
}
