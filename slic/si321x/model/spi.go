package model

import (
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// gapTime is what chip select and the bus driver add to the eight clocks of a
// byte.
const gapTime = 2 * time.Microsecond

// maxClock is the fastest SCLK, a cycle of 62 ns. Si3215 data sheet table 10.
const maxClock = 16130 * physic.KiloHertz

// serial is the state of the byte machine behind SDI and SDO.
type serial struct {
	selected bool // daisy chain: this part was addressed
	stage    byte
	command  byte
}

// Stages of one access.
const (
	wantSelect byte = iota // daisy chain only
	wantCommand
	wantData
)

func (s *serial) reset() { *s = serial{stage: wantCommand, selected: true} }

// begin is the stage that an access starts with.
func (c *Chip) begin() {
	c.port.stage, c.port.selected = wantCommand, true
	if c.dr[drID]&0x80 != 0 {
		c.port.stage = wantSelect
	}
}

// idle is what SDO reads when nobody drives it.
func (c *Chip) idle() byte {
	if c.opts.Idle != nil {
		return c.opts.Idle()
	}
	return 0xFF
}

// silent says that the chip does not answer.
func (c *Chip) silent() bool { return c.held || c.noClock || c.faults[Missing] }

// exchange clocks one whole byte through the chip.
func (c *Chip) exchange(in byte) byte {
	if c.silent() {
		return c.idle()
	}
	if c.faults[LostByte] {
		c.faults[LostByte] = false
		return c.idle()
	}
	switch c.port.stage {
	case wantSelect:
		c.port.selected = in&1 != 0
		c.port.stage = wantCommand
		return c.idle()
	case wantCommand:
		c.port.command = in
		c.port.stage = wantData
		return c.idle()
	}
	defer c.begin() // after the access, which may switch to the daisy chain
	if !c.port.selected {
		return c.idle()
	}
	return c.access(c.port.command, in)
}

// access is one register access.
func (c *Chip) access(cmd, data byte) byte {
	if cmd&0x80 == 0 {
		c.writeDirect(cmd, c.noise(data))
		return c.idle()
	}
	return c.noise(c.readDirect(cmd & 0x7F))
}

// SPI returns the chip's serial port. Chip select may rise after every byte or
// after every access; a word shorter than eight bits followed by a rising chip
// select brings the byte machine back to the start of an access.
func (c *Chip) SPI() spi.Port { return &port{chip: c} }

type port struct {
	chip      *Chip
	connected bool
}

func (p *port) String() string { return "si321x-model" }

func (p *port) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	if p.connected {
		return nil, errors.New("model: connect: already connected")
	}
	if mode != spi.Mode3 || bits != 8 {
		return nil, fmt.Errorf("model: connect: %v with %d bits, the chip wants Mode3 with 8", mode, bits)
	}
	if f <= 0 || f > maxClock {
		return nil, fmt.Errorf("model: connect: %v is outside 0..%v", f, maxClock)
	}
	p.connected = true
	return &wire{chip: p.chip, byteTime: 8*f.Period() + gapTime}, nil
}

// wire is the connected port.
type wire struct {
	chip     *Chip
	byteTime time.Duration
}

func (w *wire) String() string      { return "si321x-model" }
func (w *wire) Duplex() conn.Duplex { return conn.Full }

// Tx sends out with one chip select.
func (w *wire) Tx(out, in []byte) error {
	return w.TxPackets([]spi.Packet{{W: out, R: in}})
}

func (w *wire) TxPackets(packets []spi.Packet) error {
	w.chip.mu.Lock()
	defer w.chip.mu.Unlock()
	first := true // of its select
	for _, p := range packets {
		if err := w.packet(p, first || !w.chip.faults[SelectHeld]); err != nil {
			return err
		}
		first = false
	}
	return nil
}

// packet clocks a packet through the chip. Where chip select was not raised
// before it, the chip hands its bytes on as to the next in a daisy chain.
func (w *wire) packet(p spi.Packet, selected bool) error {
	if len(p.R) != 0 && len(p.W) != 0 && len(p.R) != len(p.W) {
		return fmt.Errorf("model: tx: writes %d bytes but reads %d", len(p.W), len(p.R))
	}
	if p.BitsPerWord != 0 && p.BitsPerWord < 8 {
		w.chip.begin()
		return nil
	}
	for i := range max(len(p.W), len(p.R)) {
		var b byte
		if i < len(p.W) {
			b = p.W[i]
		}
		w.chip.elapse(w.byteTime)
		if selected {
			b = w.chip.exchange(b)
		}
		if i < len(p.R) {
			p.R[i] = b
		}
	}
	return nil
}
