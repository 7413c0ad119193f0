package model

import (
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

// lifter lifts and replaces the handset at every frame.
type lifter struct{ off bool }

func (l *lifter) Step(Heard) Doing {
	l.off = !l.off
	return Doing{Off: l.off}
}

// TestHeeded: a set knows whether its board has taken the edges of the hook switch,
// if the board wants any.
func TestHeeded(t *testing.T) {
	s := New(Opts{User: &lifter{}})
	frame := make([]byte, 4)
	s.Frame(time.Unix(0, 0), frame, frame)
	if !s.Heeded() {
		t.Error("edges wait that nobody asked for")
	}
	if err := s.Hook().In(gpio.PullUp, gpio.BothEdges); err != nil {
		t.Fatal(err)
	}
	s.Frame(time.Unix(0, 0), frame, frame)
	if s.Heeded() {
		t.Error("an edge was heeded before it was taken")
	}
	if _, err := s.Hook().(hal.EdgePin).ReadEdge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !s.Heeded() {
		t.Error("an edge was not heeded although it was taken")
	}
}
