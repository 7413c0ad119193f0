package agent_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/sim"
)

// TestRandomUse works three telephones at random, each by itself, with
// configurations coming in between. When all have hung up nothing may be left:
// no call, no goroutine, and every line gives dial tone. ATA_FULL=1 plays
// longer.
func TestRandomUse(t *testing.T) {
	const lines = 3
	seeds, steps := 1, 10
	if os.Getenv("ATA_FULL") != "" {
		seeds, steps = 40, 200
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			inWorldOf(t, sim.Si321x, lines, func(_ int, l object) { l["features"] = object{"call_waiting": true} }, func(w *world) {
				w.phone(1, "pause 5s")
				base := w.agent.Status().Process.Goroutines
				w.playAtRandom(lines, steps, uint64(seed))
				w.eventually(10*time.Second, "all are idle and registered", func() bool {
					for _, l := range w.agent.Status().Lines {
						if l.State != "idle" || len(l.Calls) > 0 || len(l.SIP.Calls) > 0 || l.Registration != "registered" || l.LostEvents > 0 || l.Pending {
							return false
						}
					}
					return true
				})
				time.Sleep(2 * time.Minute) // the last transaction
				if n := w.agent.Status().Process.Goroutines; n > base {
					t.Errorf("%d goroutines, %d before", n, base)
				}
				for n := range lines {
					w.phone(n+1, "offhook wait tone:dial onhook pause 1s")
					if s := w.agent.Status().Lines[n].SIP; s.Counters.Panics > 0 {
						t.Errorf("line %d: %d panics", n+1, s.Counters.Panics)
					}
				}
				w.idle()
			})
		})
	}
}

// playAtRandom ends with every telephone hung up for long enough.
func (w *world) playAtRandom(lines, steps int, seed uint64) {
	var playing sync.WaitGroup
	for n := range lines {
		playing.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(n)))
			for range steps {
				w.randomAction(n, random)
			}
			w.try(n, "onhook pause 10s")
		})
	}
	random := rand.New(rand.NewPCG(seed, 99))
	for range 5 {
		time.Sleep(time.Duration(random.IntN(20)) * time.Second)
		name := fmt.Sprint(random.IntN(3))
		codecs := []string{"PCMU", "PCMA"}[random.IntN(2):]
		if err := w.agent.Apply(document(lines, func(_ int, l object) {
			l["name"], l["features"] = name, object{"call_waiting": true}
			l["codecs"] = object{"order": codecs} // with a new registration, or without
		})); err != nil {
			w.t.Error(err)
		}
	}
	playing.Wait()
}

func (w *world) randomAction(n int, random *rand.Rand) {
	pause := fmt.Sprintf(" pause %dms", random.IntN(3000))
	switch random.IntN(8) {
	case 0, 1:
		w.try(n, "offhook"+pause)
	case 2, 3:
		w.try(n, fmt.Sprintf("dial 10%d", 1+random.IntN(4))+pause)
	case 4:
		w.try(n, "flash 300"+pause)
	case 5:
		w.try(n, "onhook"+pause)
	case 6:
		w.try(n, "onhook pause 2s offhook pause 600ms dial 10"+fmt.Sprint(1+random.IntN(3))+pause)
	case 7:
		w.try(n, fmt.Sprintf("pause %dms", random.IntN(8000)))
	}
}

// try works a telephone; what it cannot do in its state does not matter.
func (w *world) try(n int, actions string) {
	_ = w.board.Do(w.ctx, n+1, strings.Fields(actions), io.Discard)
}
