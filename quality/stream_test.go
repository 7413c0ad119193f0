package quality

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// inOrder is what Bursts makes of fates.
func inOrder(fates []Fate) Counts {
	var b Bursts
	for _, f := range fates {
		b.Add(f, 1)
	}
	return b.Counts()
}

func TestStreamInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for round := range 500 {
		fates := gilbert(rng, 1+rng.IntN(600), rng.Float64()*0.2, 0.1+0.9*rng.Float64())
		// The first and the last must come: nobody can know of others.
		fates[0], fates[len(fates)-1] = Played, Played
		var order []int
		for i, f := range fates {
			if f != Lost {
				order = append(order, i)
			}
		}
		delay := make([]int, len(fates)) // some overtake up to 40 others
		for i := range delay {
			delay[i] = i + rng.IntN(40)
		}
		slices.SortStableFunc(order, func(a, b int) int { return delay[a] - delay[b] })
		first := uint16(rng.Uint32())
		var s Stream
		for _, i := range order {
			s.Packet(first+uint16(i), fates[i])
			if i%7 == 0 { // twice
				s.Packet(first+uint16(i), Discarded)
			}
		}
		if got, want := s.Counts(), inOrder(fates); got != want {
			t.Fatalf("round %d: got  %+v\nwant %+v", round, got, want)
		}
	}
}

func TestStreamEdges(t *testing.T) {
	for _, tt := range []struct {
		name                    string
		feed                    func(s *Stream)
		played, lost, discarded uint64
	}{
		{"nothing", func(*Stream) {}, 0, 0, 0},
		{"one", func(s *Stream) { s.Packet(9, Played) }, 1, 0, 0},
		{"wrap", func(s *Stream) { s.Packet(65534, Played); s.Packet(2, Played) }, 2, 3, 0},
		{"first overtaken", func(s *Stream) { s.Packet(9, Played); s.Packet(6, Played) }, 2, 2, 0},
		{"long gap", func(s *Stream) { s.Packet(1, Played); s.Packet(2001, Played) }, 2, 1999, 0},
		{"gap of the window", func(s *Stream) { s.Packet(1, Played); s.Packet(1+window, Played) }, 2, window - 1, 0},
		{"gap and one", func(s *Stream) { s.Packet(1, Played); s.Packet(2+window, Played) }, 2, window, 0},
		{"jump", func(s *Stream) { s.Packet(1, Played); s.Packet(5000, Played); s.Packet(5002, Played) }, 3, 1, 0},
		{"jump back", func(s *Stream) { s.Packet(5000, Played); s.Packet(1, Played); s.Packet(2, Played) }, 3, 0, 0},
		{"restart", func(s *Stream) { s.Packet(1, Played); s.Restart(); s.Packet(900, Played) }, 2, 0, 0},
		{"late after the window", func(s *Stream) {
			s.Packet(1, Played)
			s.Packet(99, Played)
			s.Packet(5, Discarded)
		}, 2, 96, 1},
		{"late twice", func(s *Stream) {
			s.Packet(1, Played)
			s.Packet(3, Played)
			s.Packet(2, Discarded)
			s.Packet(2, Discarded)
		}, 2, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s Stream
			tt.feed(&s)
			c := s.Counts()
			if c.Played != tt.played || c.Lost != tt.lost || c.Discarded != tt.discarded {
				t.Errorf("%+v", c)
			}
			if c.InBursts+c.InGaps != c.Expected() {
				t.Errorf("bursts and gaps do not add up: %+v", c)
			}
		})
	}
}

// FuzzStream feeds steps of the sequence number and fates, and reports under
// hostile conditions.
func FuzzStream(f *testing.F) {
	f.Add([]byte{0, 1, 1, 1, 200, 3, 130, 1}, 25.1, int64(20e6), int64(50e6), 40.)
	f.Add([]byte{255, 128, 127, 1, 0, 64, 65, 1}, -1., int64(-1), int64(1)<<62, -1e9)
	f.Fuzz(func(t *testing.T, steps []byte, bpl float64, packet, delay int64, echo float64) {
		var s Stream
		var seq uint16
		for i, step := range steps {
			switch {
			case step == 255:
				s.Restart()
			case step >= 250:
				seq += uint16(step) * 77
			default:
				seq += uint16(int16(step) - 100)
			}
			s.Packet(seq, Discarded+Fate(i%2))
		}
		c := s.Counts()
		if c.InBursts+c.InGaps != c.Expected() || c.BurstBad+c.GapBad != c.Lost+c.Discarded {
			t.Fatalf("%+v", c)
		}
		r := c.Report(hostile(bpl, packet, delay, echo))
		checkReport(t, r)
	})
}

func TestStreamAllocs(t *testing.T) {
	var s Stream
	var j Jitter
	var l Levels
	var seq uint16
	if n := testing.AllocsPerRun(1000, func() {
		seq += 1 + seq%3
		s.Packet(seq, Played)
		j.Add(uint32(seq) * 77)
		l.Add(float64(seq))
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
	if n := testing.AllocsPerRun(100, func() { s.Counts().Report(Conditions{Codec: G711PLC}) }); n != 0 {
		t.Errorf("%v allocations per report", n)
	}
}

// BenchmarkPacket is all the accounting for one packet, one in ten lost.
func BenchmarkPacket(b *testing.B) {
	var s Stream
	var j Jitter
	var l Levels
	var seq uint16
	for b.Loop() {
		if seq++; seq%10 == 0 {
			seq++
		}
		s.Packet(seq, Played)
		j.Add(uint32(seq) * 161)
		l.Add(float64(seq))
	}
}

// BenchmarkPacketWorst is a gap of the longest kind before each packet.
func BenchmarkPacketWorst(b *testing.B) {
	var s Stream
	var seq uint16
	for b.Loop() {
		seq += maxDropout - 1
		s.Packet(seq, Played)
	}
}

func BenchmarkReport(b *testing.B) {
	var s Stream
	for i := range uint16(2000) {
		if i%20 != 0 {
			s.Packet(i, Played)
		}
	}
	for b.Loop() {
		s.Counts().Report(Conditions{Codec: G711PLC})
	}
}
