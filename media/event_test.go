package media

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// eventScript runs a sender: the event of each key lasts its number of samples
// and a packet is asked for every 160. It returns the packets as text: first
// packet, timestamp, code, end, duration.
func eventScript(code uint8, samples uint32) (list []eventPacket) {
	const begin = 0xFFFFFF00 // wraps on the way
	var s eventSender
	s.start(code, begin)
	for now := uint32(160); ; now += 160 {
		if s.active && now >= samples {
			s.stop(samples)
		}
		p, ok := s.packet(begin + now)
		if !ok {
			return list
		}
		list = append(list, p)
	}
}

func (p eventPacket) String() string {
	return fmt.Sprintf("%t %08x % x", p.Marker, p.Timestamp, p.Payload)
}

func TestEventSender(t *testing.T) {
	long := []string{}
	for _, tt := range []struct {
		name    string
		code    uint8
		samples uint32
		want    []string
	}{
		{"key 5 for 100 ms", 5, 800, []string{
			"true ffffff00 05 0a 00 a0",
			"false ffffff00 05 0a 01 40",
			"false ffffff00 05 0a 01 e0",
			"false ffffff00 05 0a 02 80",
			"false ffffff00 05 8a 03 20",
			"false ffffff00 05 8a 03 20",
			"false ffffff00 05 8a 03 20",
		}},
		{"shorter than a packet", 11, 80, []string{
			"true ffffff00 0b 8a 00 50",
			"false ffffff00 0b 8a 00 50",
			"false ffffff00 0b 8a 00 50",
		}},
		{"flash", eventFlash, 400, []string{
			"true ffffff00 10 0a 00 a0",
			"false ffffff00 10 0a 01 40",
			"false ffffff00 10 8a 01 90",
			"false ffffff00 10 8a 01 90",
			"false ffffff00 10 8a 01 90",
		}},
		{"10 s", 1, 80000, long},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, p := range eventScript(tt.code, tt.samples) {
				got = append(got, p.String())
			}
			if tt.samples > eventSegment {
				checkLongEvent(t, eventScript(tt.code, tt.samples), tt.samples)
				return
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// checkLongEvent checks the rules of RFC 4733 §2.5.1.3 on the packets of an
// event longer than one packet can tell.
func checkLongEvent(t *testing.T, list []eventPacket, samples uint32) {
	t.Helper()
	const begin = uint32(0xFFFFFF00)
	var last eventPacket
	ends := 0
	for i, p := range list {
		e, _ := parseEvent(p.Payload[:])
		if p.Marker != (i == 0) {
			t.Errorf("packet %d: marker %t", i, p.Marker)
		}
		if segment := p.Timestamp - begin; segment%eventSegment != 0 {
			t.Errorf("packet %d: timestamp %d after the start, not a multiple of 65535", i, segment)
		}
		if i > 0 && p.Timestamp != last.Timestamp {
			if before, _ := parseEvent(last.Payload[:]); before.Duration != eventSegment || before.End {
				t.Errorf("packet %d: segment ended with %+v", i-1, before)
			}
		}
		if e.End {
			ends++
			if total := p.Timestamp - begin + uint32(e.Duration); total != samples {
				t.Errorf("packet %d: ends after %d, want %d", i, total, samples)
			}
		}
		last = p
	}
	if ends != eventRepeats {
		t.Errorf("%d end packets, want %d", ends, eventRepeats)
	}
}

func TestEventSenderBackToBack(t *testing.T) {
	var s eventSender
	s.start(1, 0)
	s.packet(160)
	s.stop(200)
	s.packet(320)
	s.start(1, 400)
	p, ok := s.packet(480)
	if want := "true 00000190 01 0a 00 50"; !ok || p.String() != want {
		t.Errorf("second key: %v %t, want %v", p, ok, want)
	}
}

// keypad plays the packets of keys through loss to a receiver and returns the
// keys it hears.
type keypad struct {
	r     eventReceiver
	now   uint32
	heard []byte
	last  byte
	on    []int // length of each tone, samples
	off   []int // and of the pause before it
	quiet int
}

// step lets 10 ms pass.
func (k *keypad) step() {
	key := k.r.advance(unit)
	switch {
	case key != 0 && k.last == 0:
		k.heard = append(k.heard, key)
		k.on = append(k.on, 0)
		k.off = append(k.off, k.quiet)
		k.quiet = 0
	case key != 0 && key != k.last:
		k.heard = append(k.heard, '?') // no pause between two keys
	}
	if key != 0 {
		k.on[len(k.on)-1] += unit
	} else {
		k.quiet += unit
	}
	k.last = key
	k.now += unit
}

// press sends a key for on samples, then nothing for off.
func (k *keypad) press(key byte, on, off int, lose func(n int, p eventPacket) bool) {
	code, _ := eventOf(key)
	var s eventSender
	begin := k.now
	s.start(code, begin)
	n := 0
	for i := 0; i < on+off || s.busy(); i += unit {
		if s.active && i >= on {
			s.stop(uint32(on))
		}
		if i > 0 && i%160 == 0 && s.busy() {
			if p, ok := s.packet(k.now); ok {
				if !lose(n, p) {
					k.r.packet(p.Timestamp, p.Payload[:])
				}
				n++
			}
		}
		k.step()
	}
}

func TestEventReceiver(t *testing.T) {
	const on, off = 800, 800
	none := func(int, eventPacket) bool { return false }
	for _, tt := range []struct {
		name string
		lose func(n int, p eventPacket) bool
	}{
		{"all", none},
		{"packet 0 lost", func(n int, _ eventPacket) bool { return n == 0 }},
		{"packet 1 lost", func(n int, _ eventPacket) bool { return n == 1 }},
		{"packet 2 lost", func(n int, _ eventPacket) bool { return n == 2 }},
		{"packet 3 lost", func(n int, _ eventPacket) bool { return n == 3 }},
		{"packet 4 lost", func(n int, _ eventPacket) bool { return n == 4 }},
		{"packet 5 lost", func(n int, _ eventPacket) bool { return n == 5 }},
		{"packet 6 lost", func(n int, _ eventPacket) bool { return n == 6 }},
		{"only ends", func(_ int, p eventPacket) bool { return p.Payload[1]&eventEnd == 0 }},
		{"only the last end", func(n int, _ eventPacket) bool { return n < 6 }},
		{"no end", func(_ int, p eventPacket) bool { return p.Payload[1]&eventEnd != 0 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var k keypad
			for i := range len(eventKeys) {
				k.press(eventKeys[i], on, off, tt.lose)
			}
			if string(k.heard) != eventKeys {
				t.Errorf("heard %q, want %q", k.heard, eventKeys)
			}
			for i, n := range k.on {
				if n < on/2 || n > on*5/2 {
					t.Errorf("key %c sounds %d samples, sent %d", k.heard[i], n, on)
				}
			}
			if k.r.missed != 0 {
				t.Errorf("%d keys had no room", k.r.missed)
			}
		})
	}
}

// TestEventLoss loses three packets of ten.
func TestEventLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(30, 4733))
	var k keypad
	var sent []byte
	for range 1000 {
		key := eventKeys[rng.IntN(len(eventKeys))]
		sent = append(sent, key)
		k.press(key, 800, 400, func(int, eventPacket) bool { return rng.Float64() < 0.3 })
	}
	for range 100 {
		k.step()
	}
	if !slices.Equal(k.heard, sent) {
		i := 0
		for i < min(len(sent), len(k.heard)) && sent[i] == k.heard[i] {
			i++
		}
		t.Errorf("%d keys heard of %d; they differ from key %d on", len(k.heard), len(sent), i)
	}
	var off float64
	for _, n := range k.on {
		off += math.Abs(float64(n-800)) / samplesPerMs / float64(len(k.on))
	}
	bars := openBars(t)
	bars.Check(t, "keys heard of 1,000, three packets in ten lost", float64(len(k.heard)), -0.5, "")
	bars.Check(t, "keys heard of 1,000, mean error of length", off, 1, "ms")
}

func TestEventPlayout(t *testing.T) {
	send := func(r *eventReceiver, ts uint32, e telephoneEvent) bool {
		p := e.marshal()
		return r.packet(ts, p[:])
	}
	t.Run("a burst of short keys keeps 40 ms each", func(t *testing.T) {
		var k keypad
		for i := range 10 {
			send(&k.r, uint32(i*240), telephoneEvent{Code: uint8(i), End: true, Volume: 10, Duration: 160})
		}
		for range 200 {
			k.step()
		}
		if string(k.heard) != "0123456789" {
			t.Errorf("heard %q", k.heard)
		}
		for i := range k.on {
			if k.on[i] < keyLeast || i > 0 && k.off[i] < keyGap {
				t.Errorf("key %d: %d on after %d off, want at least 320 each", i, k.on[i], k.off[i])
			}
		}
	})
	t.Run("longer than a packet can tell is one key", func(t *testing.T) {
		var k keypad
		k.press('7', 80000, 800, func(int, eventPacket) bool { return false })
		if string(k.heard) != "7" || k.on[0] < 79000 || k.on[0] > 81000 {
			t.Errorf("heard %q for %v samples", k.heard, k.on)
		}
	})
	t.Run("too quiet, unknown and short payloads are refused", func(t *testing.T) {
		var r eventReceiver
		if send(&r, 0, telephoneEvent{Code: 1, Volume: 56}) || send(&r, 0, telephoneEvent{Code: 36}) || r.packet(0, []byte{1, 2, 3}) {
			t.Error("accepted")
		}
	})
	t.Run("repeated and late ends do not play again", func(t *testing.T) {
		var k keypad
		for range 5 {
			send(&k.r, 1000, telephoneEvent{Code: 3, End: true, Duration: 400})
			for range 20 {
				k.step()
			}
		}
		send(&k.r, 500, telephoneEvent{Code: 4, End: true, Duration: 400})
		for range 20 {
			k.step()
		}
		if string(k.heard) != "3" {
			t.Errorf("heard %q, want 3", k.heard)
		}
	})
	t.Run("a restart of the timestamps is heard", func(t *testing.T) {
		var k keypad
		k.r.clock = keyForgotten + 1
		send(&k.r, 1<<20, telephoneEvent{Code: 3, End: true, Duration: 400})
		for range 600 {
			k.step()
		}
		send(&k.r, 1, telephoneEvent{Code: 4, End: true, Duration: 400})
		for range 20 {
			k.step()
		}
		if string(k.heard) != "34" {
			t.Errorf("heard %q, want 34", k.heard)
		}
	})
}

func FuzzEvent(f *testing.F) {
	f.Add(uint32(0), []byte{1, 0x8A, 0, 160, 2, 10, 1, 0})
	f.Fuzz(func(t *testing.T, ts uint32, b []byte) {
		var r eventReceiver
		for len(b) > 0 {
			n := min(len(b), eventSize)
			if r.packet(ts, b[:n]) && n < eventSize {
				t.Fatal("took a short payload")
			}
			ts += uint32(b[0]) << 8
			b = b[n:]
			for range 3 {
				if key := r.advance(unit); key != 0 && strings.IndexByte(eventKeys, key) < 0 {
					t.Fatalf("key %q", key)
				}
			}
		}
		for range 200000 { // every key ends
			if r.advance(maxFrame); !r.active() {
				return
			}
		}
		t.Fatal("a key sounds for ever")
	})
}
