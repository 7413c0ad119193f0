package model

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/ata-agent/ata-agent/hal"
)

// TestEdgeTime checks that an edge carries the time of the frame that caused it.
func TestEdgeTime(t *testing.T) {
	l := &loop{ohms: 1e6}
	b := newBench(t, Opts{Pair: l})
	b.ready()
	b.write(drLinefeed, lfForward)
	b.run(100 * time.Millisecond)
	pin := b.Int().(hal.EdgePin)
	if err := pin.In(gpio.PullUp, gpio.FallingEdge); err != nil {
		t.Fatal(err)
	}
	l.ohms = 400
	begin := b.at
	b.run(100 * time.Millisecond)
	e, err := pin.ReadEdge(context.Background())
	if err != nil || e.Level != gpio.Low {
		t.Fatalf("ReadEdge = %v, %v", e, err)
	}
	if d := e.At.Sub(begin); d < 12*time.Millisecond || d > 15*time.Millisecond {
		t.Errorf("edge %v after the contact, want the debounce of 12.5 ms", d)
	}
}

func TestWaitForEdge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Opts{Pair: &loop{ohms: 400}})
		b.ready()
		pin := b.Int()
		if err := pin.In(gpio.PullUp, gpio.BothEdges); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if pin.WaitForEdge(50*time.Millisecond) || time.Since(begin) != 50*time.Millisecond {
			t.Errorf("WaitForEdge returned after %v, want a timeout of 50ms", time.Since(begin))
		}
		done := make(chan bool)
		go func() { done <- pin.WaitForEdge(-1) }()
		synctest.Wait()
		b.write(drLinefeed, lfForward)
		b.run(100 * time.Millisecond)
		if !<-done {
			t.Error("WaitForEdge(-1) missed the edge")
		}
		b.write(drInt2, 0xFF)
		if !pin.WaitForEdge(0) {
			t.Error("the rising edge is missing")
		}
		if pin.Out(gpio.Low) == nil || pin.PWM(0, 0) == nil {
			t.Error("INT can be driven")
		}
	})
}
