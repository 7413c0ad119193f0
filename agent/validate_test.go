package agent_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	sipmsg "github.com/emiago/sipgo/sip"

	"github.com/ata-agent/ata-agent/dsp"
	"github.com/ata-agent/ata-agent/quality/cause"
	"github.com/ata-agent/ata-agent/sim"
	"github.com/ata-agent/ata-agent/sip/siptest"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
)

var updateCauses = flag.Bool("update-causes", false, "rewrite testdata/causes.json")

const (
	validationCalls = 52       // two of each kind
	validationSeed  = 20261121 // no threshold was chosen by these calls
	causesFile      = "testdata/causes.json"
	inOrderName     = "none" // of the cause of a call in order
)

// validation is how well causes are found in calls that no threshold was tuned to.
type validation struct {
	Calls  int `json:"calls"`
	First  int `json:"first"`   // the right cause is ranked first, or none is found in a call in order
	TopTwo int `json:"top_two"` // it is among the first two

	Confusion map[string]map[string]int `json:"confusion"` // what happened, what was ranked first
}

// chance is where the parameters of a call come from.
type chance struct {
	*rand.Rand
	seed uint64
}

func (c chance) between(lo, hi float64) float64 { return lo + (hi-lo)*c.Float64() }

func (c chance) time(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(c.Int64N(int64(hi-lo)))
}

func (c chance) count(lo, hi int) int { return lo + c.IntN(hi-lo+1) }

func (c chance) level(lo, hi float64) dsp.DBm0 { return dsp.DBm0(c.between(lo, hi)) }

// lossy loses packets for line n at random.
func (c chance) lossy(n int, lo, hi float64) func(siptest.Packet) (time.Duration, bool) {
	p := c.between(lo, hi)
	return eachBy(c.seed, n, func(_ int, rng *rand.Rand) (time.Duration, bool) { return 0, rng.Float64() >= p })
}

func (c chance) busy(n int, lo, hi time.Duration) func(siptest.Packet) (time.Duration, bool) {
	return eachBy(c.seed, n, inOrder(uneven(c.time(lo, hi))))
}

func (c chance) stalling(n int) func(siptest.Packet) (time.Duration, bool) {
	return eachBy(c.seed, n, stalls(c.count(150, 400), c.time(220*time.Millisecond, 500*time.Millisecond)))
}

// misfortunes make a call to which one thing happens, as badly as chance has it.
var misfortunes = []struct {
	cause cause.Cause
	happy bool // nothing happens
	make  func(c chance, b *badCall)
}{
	{happy: true, make: func(chance, *badCall) {}},
	{cause: cause.LossReceived, make: func(c chance, b *badCall) { b.network = c.lossy(1, 0.02, 0.15) }},
	{cause: cause.BurstLossReceived, make: func(c chance, b *badCall) {
		every, lost := c.count(60, 160), c.count(4, 12)
		b.network = eachBy(c.seed, 1, func(n int, _ *rand.Rand) (time.Duration, bool) { return 0, n%every >= lost })
	}},
	{cause: cause.LossSent, make: func(c chance, b *badCall) { b.network = c.lossy(2, 0.03, 0.15) }},
	{cause: cause.JitterReceived, make: func(c chance, b *badCall) { b.network = c.busy(1, 45*time.Millisecond, 110*time.Millisecond) }},
	{cause: cause.JitterSent, make: func(c chance, b *badCall) { b.network = c.busy(2, 45*time.Millisecond, 110*time.Millisecond) }},
	{cause: cause.LateBurstsReceived, make: func(c chance, b *badCall) { b.network = c.stalling(1) }},
	{cause: cause.BufferTooShort, make: func(c chance, b *badCall) {
		b.line = section("rtp", object{"jitter_mode": "fixed", "jitter_fixed_ms": 20, "jitter_min_ms": 0})
		b.network = c.busy(1, 60*time.Millisecond, 110*time.Millisecond)
	}},
	{cause: cause.WeakRadio, make: func(c chance, b *badCall) {
		b.radio = c.between(-90, -75)
		if b.network = c.stalling(1); c.IntN(2) == 0 {
			b.network = c.lossy(1, 0.03, 0.12)
		}
	}},
	{cause: cause.Delay, make: func(c chance, b *badCall) {
		d := c.time(220*time.Millisecond, 500*time.Millisecond)
		b.network = func(siptest.Packet) (time.Duration, bool) { return d, true }
	}},
	{cause: cause.NoVoiceReceived, make: func(c chance, b *badCall) { b.network = c.lossy(1, 1, 1) }},
	{cause: cause.NoVoiceSent, make: func(c chance, b *badCall) { b.network = c.lossy(2, 1, 1) }},
	{cause: cause.VoiceInterrupted, make: func(c chance, b *badCall) {
		from := c.count(100, 300)
		to := from + c.count(130, 300)
		b.network = eachBy(c.seed, 1, func(n int, _ *rand.Rand) (time.Duration, bool) { return 0, n < from || n > to })
	}},
	{cause: cause.Reordering, make: func(c chance, b *badCall) {
		every, late := c.count(2, 5), c.time(23*time.Millisecond, 39*time.Millisecond)
		b.network = eachBy(c.seed, 1, func(n int, _ *rand.Rand) (time.Duration, bool) {
			if n%every == 0 {
				return late, true
			}
			return 0, true
		})
	}},
	{cause: cause.EchoOfTelephone, make: func(_ chance, b *badCall) { b.line = section("dsp", object{"lec": false}) }},
	{cause: cause.FarTooQuiet, make: func(c chance, b *badCall) { b.levels[1] = c.level(-47, -39) }},
	{cause: cause.FarTooLoud, make: func(c chance, b *badCall) { b.levels[1] = c.level(-4, -1) }},
	{cause: cause.FarNoise, make: func(c chance, b *badCall) { b.before = setting(2, "room", c.between(-42, -32)) }},
	{cause: cause.NearTooQuiet, make: func(c chance, b *badCall) { b.levels[0] = c.level(-47, -40) }},
	{cause: cause.NearTooLoud, make: func(c chance, b *badCall) { b.levels[0] = c.level(-4, -1) }},
	{cause: cause.NearNoise, make: func(c chance, b *badCall) { b.before = setting(1, "noise", c.between(-42, -32)) }},
	{cause: cause.ProcessorStalls, make: func(c chance, b *badCall) {
		every, stall := c.time(2*time.Second, 6*time.Second), c.time(90*time.Millisecond, 300*time.Millisecond)
		b.board = func(b *sim.Board) { b.PCM = &busy{PCM: b.PCM, every: every, stall: stall} }
	}},
	{cause: cause.HighwayLost, make: func(c chance, b *badCall) {
		d := c.time(50*time.Millisecond, 400*time.Millisecond)
		b.during = func(w *world) {
			w.board.World.StopClock()
			time.Sleep(d)
			w.board.World.StartClock()
		}
	}},
	{cause: cause.PortAlarm, make: func(_ chance, b *badCall) {
		b.during = func(w *world) { w.board.Chips[0].Inject(model.Overload) }
	}},
	{cause: cause.SlowServer, make: func(c chance, b *badCall) {
		d := c.time(1700*time.Millisecond, 4*time.Second)
		b.before = func(w *world) {
			w.net.Route(func(p siptest.Packet) (time.Duration, bool) {
				if strings.HasPrefix(string(p.Data), "SIP/2.0 1") || strings.HasPrefix(string(p.Data), "INVITE") {
					return d, true
				}
				return 0, true
			})
		}
	}},
	{cause: cause.ServerRefused, make: func(c chance, b *badCall) {
		code := []int{403, 488, 500, 502, 504}[c.IntN(5)]
		b.fails = true
		b.before = func(w *world) {
			refuse := func(req *sipmsg.Request) int {
				if req.Method == sipmsg.INVITE {
					return code
				}
				return 0
			}
			w.intercept.Store(&refuse)
		}
	}},
}

// setting works a telephone before the call.
func setting(phone int, name string, value float64) func(*world) {
	return func(w *world) { w.phone(phone, fmt.Sprintf("set %s=%.1f", name, value)) }
}

// validationCall is call i: durations, levels, words and severity are its own.
func validationCall(i int) (badCall, string) {
	c := chance{rand.New(rand.NewPCG(validationSeed, uint64(i))), validationSeed + uint64(i)}
	m := misfortunes[i%len(misfortunes)]
	name := m.cause.String()
	if m.happy {
		name = inOrderName
	}
	b := badCall{
		name: fmt.Sprintf("%d %s", i, name), cause: m.cause, seed: c.seed, talk: c.time(15*time.Second, 35*time.Second),
		levels: [2]dsp.DBm0{c.level(-25, -16), c.level(-25, -16)},
	}
	m.make(c, &b)
	return b, name
}

// TestCausesOfCallsByChance: calls with faults of random severity, to none of which
// a threshold was tuned, with ATA_FULL=1, and every seventeenth of them by default.
// What was found when is kept in testdata/causes.json.
func TestCausesOfCallsByChance(t *testing.T) {
	notUnderRace(t)
	full := os.Getenv("ATA_FULL") != ""
	got := validation{Confusion: map[string]map[string]int{}}
	for i := range validationCalls {
		if !full && i%17 != 3 {
			continue
		}
		call, name := validationCall(i)
		found := happens(t, call)
		for _, f := range found {
			t.Logf("%s: %s", call.name, f.Technician)
		}
		got.add(name, found)
	}
	for _, name := range slices.Sorted(maps.Keys(got.Confusion)) {
		t.Logf("%s: %v", name, got.Confusion[name])
	}
	t.Logf("%d of %d right causes first, %d among the first two", got.First, got.Calls, got.TopTwo)
	if !full {
		if got.TopTwo < got.Calls-1 {
			t.Errorf("%d of %d right causes among the first two", got.TopTwo, got.Calls)
		}
		return
	}
	got.compare(t)
}

// add takes what was found in a call.
func (v *validation) add(name string, found []cause.Finding) {
	names := []string{}
	for _, f := range found {
		names = append(names, f.Cause.String())
	}
	if len(names) == 0 {
		names = append(names, inOrderName)
	}
	if v.Confusion[name] == nil {
		v.Confusion[name] = map[string]int{}
	}
	v.Confusion[name][names[0]]++
	v.Calls++
	switch slices.Index(names, name) {
	case 0:
		v.First++
		v.TopTwo++
	case 1:
		v.TopTwo++
	}
}

// slack is how many calls may turn out otherwise by the order of goroutines.
const slack = 4

// compare wants it no worse than it was.
func (v *validation) compare(t *testing.T) {
	t.Helper()
	if *updateCauses {
		data, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(causesFile, append(data, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(causesFile)
	if err != nil {
		t.Fatal(err)
	}
	var was validation
	if err := json.Unmarshal(data, &was); err != nil {
		t.Fatal(err)
	}
	if v.Calls != was.Calls || v.First < was.First-slack || v.TopTwo < was.TopTwo-slack {
		t.Errorf("%d calls, %d right causes first, %d among the first two; it was %d, %d, %d", v.Calls, v.First, v.TopTwo, was.Calls, was.First, was.TopTwo)
	}
}
