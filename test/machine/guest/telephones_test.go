//go:build machine && linux

package guest

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ata-agent/ata-agent/country"
	"github.com/ata-agent/ata-agent/hal/alsa"
	"github.com/ata-agent/ata-agent/sim"
)

// telephones hang on the chips behind the machine's bus, lines and sound card.
//
//	agent ─▶ spidev, gpiochip ─▶ vboard.ko ─▶ chip ◀─ pair ─▶ telephone
//	      ─▶ pcm 0 ─▶ snd-aloop ─▶ pcm 1 ─▶ highway ┘
type telephones struct {
	*testing.T
	phones []*sim.Telephone
	world  *sim.World
	pcm    *alsa.PCM
}

// hardware is a chip that waits for nobody. A simulated one would stop the world,
// and the far end of the card with it, until the agent has looked at its interrupt;
// before the agent has begun nobody does.
type hardware struct{ sim.Chip }

// plugTelephones connects two lines until the test ends.
func plugTelephones(t *testing.T) *telephones {
	t.Helper()
	nation, _ := country.Lookup("US")
	w := &telephones{T: t}
	var sockets []*socket
	var ports []sim.Port
	for i := range 2 {
		phone := sim.NewTelephone(sim.TelephoneOpts{Seed: uint64(i), Country: nation})
		s := newSocketOn(t, uint64(i), phone)
		w.phones = append(w.phones, phone)
		sockets = append(sockets, s)
		ports = append(ports, sim.Port{Chip: hardware{s.chip}, Pair: phone})
	}
	var err error
	if w.world, err = sim.NewWorld(ports, sim.WorldOpts{Realtime: true}); err != nil {
		t.Fatal(err)
	}
	w.pcm = device(t, 1, len(ports))
	connect(t, sockets)
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { w.live(ctx) })
	t.Cleanup(func() {
		cancel()
		done.Wait()
		card := w.pcm.Stats()
		t.Logf("the far end of the card: %+v", card)
		if card.Overruns != 0 && card.Opens == 1 {
			t.Errorf("the far end was too late for its card: %+v", card)
		}
		if s := w.world.Stats(); s.Skipped > 0 {
			t.Errorf("the machine was too slow for its telephones: %+v", s)
		}
	})
	return w
}

// live carries the highway between the card and the chips. Where the agent does
// not run its end of the card, the chips have no clock.
func (w *telephones) live(ctx context.Context) {
	toPhone, fromPhone := newStretch(w.pcm).toPhone, newStretch(w.pcm).fromPhone
	for ctx.Err() == nil {
		err := w.pcm.Exchange(fromPhone, toPhone)
		if err == nil && clocked() {
			w.world.StartClock()
		} else {
			w.world.StopClock()
		}
		_ = w.world.Exchange(toPhone, fromPhone) // the clock is lost where it was stopped
	}
}

// clocked says that the agent's end of the card runs.
func clocked() bool {
	status, err := os.ReadFile("/proc/asound/Loopback/pcm0p/sub0/status")
	return err == nil && strings.Contains(string(status), "RUNNING")
}

// do works telephone n, counted from 1.
func (w *telephones) do(n int, actions string) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 2*time.Minute)
	defer cancel()
	var out lockedText
	if err := w.phones[n-1].Do(ctx, strings.Fields(actions), &out); err != nil {
		w.Fatalf("telephone %d: %s: %v\n%s", n, actions, err, &out)
	}
}
