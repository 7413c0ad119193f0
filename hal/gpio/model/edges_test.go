package model

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

// taken reads all edges that wait.
func taken(t *testing.T, q *Edges) (all []hal.Edge) {
	t.Helper()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		e, err := q.ReadEdge(over)
		if err != nil {
			return all
		}
		all = append(all, e)
	}
}

func TestEdges(t *testing.T) {
	at := time.Unix(1000, 0)
	for _, tt := range []struct {
		wanted gpio.Edge
		want   int
	}{{gpio.NoEdge, 0}, {gpio.RisingEdge, 2}, {gpio.FallingEdge, 3}, {gpio.BothEdges, 5}} {
		var q Edges
		q.Record(hal.Edge{At: at}) // before anybody listens
		q.Listen(tt.wanted)
		for i := range 5 {
			q.Record(hal.Edge{At: at.Add(time.Duration(i)), Level: i%2 == 1})
		}
		if got := q.Waiting(); got != tt.want {
			t.Errorf("%v: %d wait, want %d", tt.wanted, got, tt.want)
		}
		if got := taken(t, &q); len(got) != tt.want {
			t.Errorf("%v: %d read after the end of the context, want %d", tt.wanted, len(got), tt.want)
		}
	}
}

func TestOldestDropped(t *testing.T) {
	var q Edges
	q.Listen(gpio.BothEdges)
	for i := range queueLength + 3 {
		q.Record(hal.Edge{At: time.Unix(int64(i), 0)})
	}
	got := taken(t, &q)
	if len(got) != queueLength || got[0].At.Unix() != 3 || got[len(got)-1].At.Unix() != queueLength+2 {
		t.Errorf("%d edges, the first of %v, want the newest %d", len(got), got[0].At, queueLength)
	}
}

func TestBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q Edges
		q.Listen(gpio.BothEdges)
		done := make(chan error)
		go func() {
			_, err := q.ReadEdge(t.Context())
			done <- err
		}()
		synctest.Wait()
		q.Break(ErrGone)
		if err := <-done; !errors.Is(err, ErrGone) {
			t.Errorf("a reader of a broken pin gets %v", err)
		}
		q.Break(nil)
		q.Record(hal.Edge{Level: gpio.High})
		if !q.WaitForEdge(0) {
			t.Error("no edge after it works again")
		}
	})
}
