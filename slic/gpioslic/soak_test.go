package gpioslic_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/gpioslic"
	"github.com/ata-agent/ata-agent/slic/gpioslic/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
)

// TestSoak works port and telephone at random for a while. Hook events
// alternate, the module is never misused, and when all has come to rest the
// port knows the hook and the pair has what was asked for.
func TestSoak(t *testing.T) {
	seeds := uint64(4)
	if full() {
		seeds = 300
	}
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 7))
		phone := slictest.NewTelephone(300+300*random.Float64(), float64(random.IntN(4)))
		phone.SetBounce(time.Duration(random.IntN(30)) * ms)
		s := setup{model: model.Opts{Seed: seed, Kind: model.Kind(seed % 2)}, opts: gpioslic.Opts{Kind: gpioslic.Kind(seed % 2)}, phone: phone}
		onBench(t, s, func(b *bench) { b.soak(random, seed) })
	}
}

func (b *bench) soak(random *rand.Rand, seed uint64) {
	feeds := []slic.Feed{slic.Open, slic.Forward, slic.Reverse, slic.OnHookTransmit, slic.OnHookTransmitRev, slic.Ringing, slic.Ringing}
	b.want(slic.Ready, 10*ms)
	off, reported := false, false
	for range 400 {
		switch random.IntN(8) {
		case 0, 1, 2, 3:
			b.dev.SetFeed(feeds[random.IntN(len(feeds))])
		case 4:
			off = true
			b.phone.Lift()
		case 5, 6:
			off = false
			b.phone.Hang()
		case 7:
			b.module.Inject(model.Glitch)
		}
		time.Sleep(time.Duration(random.ExpFloat64()*100) * ms)
	}
	b.dev.SetFeed(slic.Reverse)
	time.Sleep(time.Second)
	for len(b.events) > 0 {
		e := <-b.events
		if e.Kind == slic.Note {
			continue
		}
		if now := e.Kind == slic.OffHook; now == reported || e.Kind != slic.OffHook && e.Kind != slic.OnHook {
			b.Fatalf("seed %d: event %v after off hook = %v", seed, e.Kind, reported)
		}
		reported = !reported
	}
	if reported != off {
		b.Errorf("seed %d: off hook is reported as %v, is %v", seed, reported, off)
	}
	if v := b.voltage(1)[0]; v != -48 {
		b.Errorf("seed %d: the reversed line has %v V", seed, v)
	}
}
