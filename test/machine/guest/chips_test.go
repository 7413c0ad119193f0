//go:build machine && linux

package guest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pgpio "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/hal"
	"github.com/ata-agent/ata-agent/slic"
	"github.com/ata-agent/ata-agent/slic/si321x/model"
	"github.com/ata-agent/ata-agent/slic/slictest"
	"github.com/ata-agent/ata-agent/slic/twowire"
	"github.com/ata-agent/ata-agent/test/machine/vboard"
)

// socket is a chip behind the module's bus and lines, with its telephone.
type socket struct {
	chip  *model.Chip
	conn  spi.Conn
	phone *slictest.Telephone // nil: the pair is another's

	broken atomic.Bool // transfers fail

	mu     sync.Mutex
	writes []access
	bytes  []byte // of the access under way
}

// access is a register and what was written to it.
type access struct{ register, value byte }

func newSocket(t *testing.T, seed uint64) *socket {
	phone := slictest.NewTelephone(400, 1)
	s := newSocketOn(t, seed, phone)
	s.phone = phone
	return s
}

// newSocketOn puts the chip on a pair.
func newSocketOn(t *testing.T, seed uint64, pair twowire.Pair) *socket {
	s := &socket{chip: model.New(model.Opts{Variant: model.Si3210, Si3201: true, Seed: seed, Pair: pair})}
	var err error
	if s.conn, err = s.chip.SPI().Connect(2*physic.MegaHertz, spi.Mode3, 8); err != nil {
		t.Fatal(err)
	}
	return s
}

// transfer hands one message of the machine to the chip.
func (s *socket) transfer(m vboard.Message) error {
	if s.broken.Load() {
		return errors.New("broken")
	}
	if m.Mode&3 != 3 {
		return fmt.Errorf("mode %d", m.Mode)
	}
	for i, x := range m.Transfers {
		if x.Bits != 8 || len(x.Send) != 1 || x.Hertz > 2e6 {
			return fmt.Errorf("transfer of %d bytes of %d bits at %d Hz", len(x.Send), x.Bits, x.Hertz)
		}
		if last := i == len(m.Transfers)-1; !last && !x.CSChange {
			return fmt.Errorf("chip select does not rise between the bytes of an access")
		}
		if err := s.conn.Tx(x.Send, x.Receive); err != nil {
			return err
		}
	}
	for _, x := range m.Transfers {
		s.record(x.Send[0])
	}
	return nil
}

// record notes accesses that write.
func (s *socket) record(b byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes = append(s.bytes, b)
	if len(s.bytes) < 2 {
		return
	}
	if s.bytes[0]&0x80 == 0 {
		s.writes = append(s.writes, access{s.bytes[0], s.bytes[1]})
	}
	s.bytes = s.bytes[:0]
}

func (s *socket) transcript() []access {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// follow drives a line of the machine with a pin of a model.
func follow(ctx context.Context, t *testing.T, model pgpio.PinIn, line int) {
	pin := model.(hal.EdgePin)
	set(t, line, driven(pin.Read()))
	if err := pin.In(pgpio.PullUp, pgpio.BothEdges); err != nil {
		t.Error(err)
	}
	for {
		e, err := pin.ReadEdge(ctx)
		if err != nil {
			return
		}
		set(t, line, driven(e.Level))
	}
}

func driven(level pgpio.Level) vboard.Level {
	if level {
		return vboard.High
	}
	return vboard.Low
}

// highway is a model that lives on frames.
type highway interface {
	Frame(at time.Time, dr, dx []byte)
}

// clock gives the models their frames, in blocks of a millisecond.
func clock(ctx context.Context, models ...highway) {
	frame := make([]byte, 8)
	for next := time.Now(); ctx.Err() == nil; {
		next = next.Add(time.Millisecond)
		time.Sleep(time.Until(next))
		for i := range 8 {
			at := next.Add(time.Duration(i-8) * model.FrameTime)
			for _, m := range models {
				m.Frame(at, frame, frame)
			}
		}
	}
}

// port is a driver at work.
type port struct {
	*testing.T
	dev    slic.Line
	phone  *slictest.Telephone
	events chan slic.Event
}

// serve runs a driver until the test ends.
func serve(t *testing.T, dev slic.Line, phone *slictest.Telephone) *port {
	p := &port{T: t, dev: dev, phone: phone, events: make(chan slic.Event, 1024)}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := dev.Run(ctx, func(e slic.Event) { p.events <- e }); err == nil {
			t.Error("Run returned nil")
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	return p
}

// want waits for an event; Notes are logged, and are faults of the set-up here.
func (p *port) want(kind slic.EventKind, limit time.Duration) slic.Event {
	p.Helper()
	select {
	case e := <-p.events:
		if e.Kind != kind {
			p.Fatalf("%v: event %v (%v), want %v", p.dev, e.Kind, e.Err, kind)
		}
		return e
	case <-time.After(limit):
		p.Fatalf("%v: no event within %v, want %v", p.dev, limit, kind)
	}
	return slic.Event{}
}

func (p *port) quiet(d time.Duration) {
	p.Helper()
	select {
	case e := <-p.events:
		p.Fatalf("%v: event %v (%v), want none for %v", p.dev, e.Kind, e.Err, d)
	case <-time.After(d):
	}
}
