package sim

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/slic/twowire"
)

// feedChip is the least a line chip can be: battery, and voice while current
// flows.
type feedChip struct {
	pair    twowire.Pair
	slot    int
	drive   twowire.Drive
	source  func() float64 // voice in volts, instead of the highway's
	frames  int64
	first   time.Time
	last    time.Time
	stopped int
}

func (c *feedChip) Frame(at time.Time, dr, dx []byte) {
	if c.frames == 0 {
		c.first = at
	}
	c.last = at
	c.frames++
	d := c.drive
	d.Voice = unitsToVolts(int16(binary.BigEndian.Uint16(dr[2*c.slot:])))
	if c.source != nil {
		d.Voice = c.source()
	}
	s := c.pair.Step(d)
	said := int16(0)
	if math.Abs(s.Amps) > 0.010 {
		said = voltsToUnits(s.Voice)
	}
	binary.BigEndian.PutUint16(dx[2*c.slot:], uint16(said))
}

func (c *feedChip) ClockStopped() { c.stopped++ }

// lab is a world of n lines on feedChips.
type lab struct {
	world  *World
	chips  []*feedChip
	phones []*Telephone
	to     [][]int16
	from   [][]int16
}

func newLab(t testing.TB, n int, set Settings, opts WorldOpts) *lab {
	t.Helper()
	l := &lab{}
	var ports []Port
	for i := range n {
		tel := NewTelephone(TelephoneOpts{Seed: uint64(i), Settings: set, Country: testland})
		chip := &feedChip{pair: tel, slot: i, drive: battery}
		l.phones = append(l.phones, tel)
		l.chips = append(l.chips, chip)
		ports = append(ports, Port{chip, tel})
	}
	w, err := NewWorld(ports, opts)
	if err != nil {
		t.Fatal(err)
	}
	l.world = w
	for range n {
		l.to = append(l.to, make([]int16, w.Period()))
		l.from = append(l.from, make([]int16, w.Period()))
	}
	return l
}

func (l *lab) exchange(t testing.TB) {
	t.Helper()
	if err := l.world.Exchange(l.to, l.from); err != nil {
		t.Fatal(err)
	}
}

var _ hal.PCM = (*World)(nil)

func TestWorldTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, 3, plain(), WorldOpts{})
		start := time.Now()
		for i := 1; i <= 50; i++ {
			l.exchange(t)
			if got := time.Since(start); got != time.Duration(i)*10*ms {
				t.Fatalf("exchange %d ended at %v", i, got)
			}
		}
		c := l.chips[2]
		if c.frames != 4000 || !c.first.Equal(start) || c.last.Sub(start) != 500*ms-sampleTime {
			t.Errorf("%d frames from %v to %v", c.frames, c.first.Sub(start), c.last.Sub(start))
		}
	})
}

// hastyChip tells of a change that no board has looked at before a given time.
type hastyChip struct {
	*feedChip
	looked time.Time
}

func (c *hastyChip) Heeded() bool { return !time.Now().Before(c.looked) }

// In real time the world waits for a driver that is late, and not for ever.
func TestWorldWaitsForDrivers(t *testing.T) {
	for _, tt := range []struct{ late, least, most time.Duration }{
		{20 * ms, 20 * ms, 5 * time.Second},
		{time.Hour, attendMost, 30 * time.Minute},
	} {
		l := newLab(t, 1, plain(), WorldOpts{Realtime: true, Period: stepSamples})
		l.exchange(t)
		began := time.Now()
		l.world.ports[0].Chip = &hastyChip{l.chips[0], began.Add(tt.late)}
		l.exchange(t)
		if took := time.Since(began); took < tt.least || took > tt.most {
			t.Errorf("a driver that is %v late held up the world for %v", tt.late, took)
		}
		if frames := l.chips[0].frames; frames != 2*stepSamples {
			t.Errorf("%d frames, want %d", frames, 2*stepSamples)
		}
		if l.world.tired[0] != (tt.late > attendMost) {
			t.Errorf("a driver that is %v late: given up %v", tt.late, l.world.tired)
		}
		l.world.pacer.Stop()
	}
}

// After a stall the lines live through all of it at twice the speed, or not at all.
func TestWorldStalls(t *testing.T) {
	for _, tt := range []struct{ stall, skipped time.Duration }{
		{3 * time.Second, 0},
		{time.Minute, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t, 1, plain(), WorldOpts{})
			began := time.Now()
			l.exchange(t)
			time.Sleep(tt.stall)
			if got := l.world.Behind(); got != tt.stall {
				t.Errorf("after a stall of %v the world is %v behind", tt.stall, got)
			}
			for l.world.Behind() > 0 {
				l.exchange(t)
			}
			now, lived := time.Since(began), time.Duration(l.chips[0].frames)*sampleTime
			if got := now - lived; (got - tt.skipped).Abs() > 20*ms {
				t.Errorf("%v of a stall of %v were not lived through, want %v", got, tt.stall, tt.skipped)
			}
			if want := 2*tt.stall - tt.skipped; (now - want).Abs() > 40*ms {
				t.Errorf("right again after %v, want %v", now, want)
			}
			if got := time.Duration(l.world.Stats().Skipped) * ms; (got - tt.skipped).Abs() > 20*ms {
				t.Errorf("%v counted as skipped, want %v", got, tt.skipped)
			}
		})
	}
}

// Each channel reaches its own line and comes back in the same period.
func TestWorldSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, 20, plain(), WorldOpts{Period: 160})
		for _, tel := range l.phones {
			tel.Hook(true)
			tel.Set(func() Settings { s := plain(); s.Sidetone = 100; return s }())
		}
		l.exchange(t)
		for ch, tel := range l.phones {
			said := make([]int16, 160)
			for i := range l.to[ch] {
				l.to[ch][i] = int16(100*ch + i)
				said[i] = int16(-100*ch - i)
			}
			tel.Speak(said)
		}
		var tapes []*Recording
		for _, tel := range l.phones {
			tapes = append(tapes, tel.Record(20*ms))
		}
		l.exchange(t)
		for ch, tape := range tapes {
			for i, got := range tape.Stop() {
				if want := int16(100*ch + i); got != want {
					t.Fatalf("channel %d sample %d: heard %d, want %d", ch, i, got, want)
				}
				if want := int16(-100*ch - i); l.from[ch][i] != want {
					t.Fatalf("channel %d sample %d: said %d, want %d", ch, i, l.from[ch][i], want)
				}
			}
		}
	})
}

func TestWorldClockLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, 1, plain(), WorldOpts{})
		l.phones[0].Hook(true)
		l.exchange(t)
		l.world.StopClock()
		for range 20 {
			if err := l.world.Exchange(l.to, l.from); !errors.Is(err, hal.ErrClockLost) {
				t.Fatalf("with the clock stopped: %v", err)
			}
		}
		s := l.phones[0].State()
		if l.chips[0].stopped != 1 || l.chips[0].frames != 80 || s.OpenLoops != 1 || s.Seconds != 0.21 {
			t.Errorf("told %d times, %d frames, telephone %v at %v s", l.chips[0].stopped, l.chips[0].frames, s, s.Seconds)
		}
		l.world.StartClock()
		l.exchange(t)
		if l.chips[0].frames != 160 {
			t.Errorf("%d frames after the clock came back", l.chips[0].frames)
		}
	})
}

func TestWorldRefuses(t *testing.T) {
	if _, err := NewWorld(nil, WorldOpts{}); err == nil {
		t.Error("a world without lines was made")
	}
	if _, err := NewWorld(make([]Port, 1), WorldOpts{Period: 100}); err == nil {
		t.Error("a period of 100 samples was taken")
	}
	l := newLab(t, 2, plain(), WorldOpts{})
	if err := l.world.Exchange(l.to[:1], l.from); err == nil {
		t.Error("one block for two channels was taken")
	}
	if err := l.world.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.world.Exchange(l.to, l.from); err == nil {
		t.Error("a closed world was exchanged with")
	}
}

// fingerprint lives through some seconds of everything that is random.
func fingerprint(t *testing.T) (sum uint64) {
	synctest.Test(t, func(t *testing.T) {
		set := DefaultSettings()
		set.Noise, set.Room = -60, -45
		l := newLab(t, 2, set, WorldOpts{})
		h := fnv.New64a()
		for i := range 500 {
			if i%100 == 10 {
				l.phones[i/100%2].Hook(i < 300)
			}
			l.to[0][i%80] = int16(i)
			l.exchange(t)
			for _, block := range l.from {
				for _, s := range block {
					h.Write([]byte{byte(s), byte(s >> 8)})
				}
			}
		}
		sum = h.Sum64()
	})
	return sum
}

func TestWorldIsReproducible(t *testing.T) {
	if a, b := fingerprint(t), fingerprint(t); a != b {
		t.Errorf("two runs differ: %x %x", a, b)
	}
}

func TestExchangeAllocs(t *testing.T) {
	set := DefaultSettings()
	set.Noise = -60
	for _, realtime := range []bool{false, true} {
		l := newLab(t, 2, set, WorldOpts{Realtime: realtime})
		l.phones[0].Hook(true)
		l.exchange(t)
		if n := testing.AllocsPerRun(20, func() { l.exchange(t) }); n != 0 {
			t.Errorf("realtime %v: Exchange allocates %v times", realtime, n)
		}
	}
}

// An hour of two lines off the hook passes in seconds (ten seconds of it unless
// ATA_FULL is set).
func TestLongTime(t *testing.T) {
	length := time.Duration(scale(10, 3600)) * time.Second
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, 2, DefaultSettings(), WorldOpts{})
		l.phones[0].Hook(true)
		l.phones[1].Hook(true)
		start := time.Now()
		for time.Since(start) < length {
			l.exchange(t)
		}
		if got := l.phones[1].State().Seconds; got != length.Seconds() {
			t.Errorf("%v of the world were %v s of the telephone", length, got)
		}
	})
	t.Logf("%v of two lines took %v", length, time.Since(began))
}
