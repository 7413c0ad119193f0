package si321x

import (
	"fmt"
	"log/slog"

	"periph.io/x/conn/v3/spi"

	"github.com/ata-agent/ata-agent/slic"
)

// bus frames register accesses: a command byte and a data byte, each with a
// chip select of its own. Si3215 data sheet §2.9.
type bus struct {
	conn    spi.Conn
	single  bool // one transfer per byte
	proven  bool // a transfer in the present way has worked
	framed  bool // a chip has answered to it
	log     *slog.Logger
	w, r    [2]byte
	packets [2]spi.Packet
}

func newBus(conn spi.Conn, single bool, log *slog.Logger) *bus {
	b := &bus{conn: conn, single: single, log: log}
	for i := range b.packets {
		b.packets[i] = spi.Packet{W: b.w[i : i+1], R: b.r[i : i+1]}
	}
	return b
}

// access is one register access; it returns what came during the second byte.
func (b *bus) access(command, data byte) (byte, error) {
	b.w = [2]byte{command, data}
	err := b.transfer()
	if err != nil && !b.proven && !b.single {
		// Some ports have no packets at all.
		if b.single = true; b.transfer() == nil {
			b.log.Info("si321x: spi port without packets, one transfer per byte", "err", err)
			err = nil
		} else {
			b.single = false
		}
	}
	if err != nil {
		return 0, err
	}
	b.proven = true
	return b.r[1], nil
}

func (b *bus) transfer() error {
	if !b.single {
		return b.conn.TxPackets(b.packets[:])
	}
	for i := range b.w {
		if err := b.conn.Tx(b.w[i:i+1], b.r[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// filler is what is sent while a register is read. As a command it is a read of
// a register that does not exist, so that reads do no harm to a chip that lost
// a byte and takes commands for data.
const filler = 0xFF

// shift sends one filler alone, which brings such a chip back into step.
func (b *bus) shift() {
	b.w[0] = filler
	_ = b.conn.Tx(b.w[:1], b.r[:1]) // the next access reports a broken port
}

// busError is a failure of the bus itself.
type busError struct {
	doing string
	err   error
}

func (e *busError) Error() string { return e.doing + ": " + e.err.Error() }
func (e *busError) Unwrap() error { return e.err }

// Trouble is what slic.TroubleOf finds.
func (e *busError) Trouble() slic.Trouble { return slic.BusFault }

// chip is the register file behind a bus. The first error sticks, makes all
// later accesses do nothing and is taken by fail, so that a sequence of
// accesses reads as one.
type chip struct {
	bus    *bus
	family family
	err    error

	known  [128]bool // registers written by set
	direct [128]byte // what they hold
	ir     [irCount]uint16
}

func (c *chip) fail() error {
	err := c.err
	c.err = nil
	return err
}

func (c *chip) read(n byte) byte {
	if c.err != nil {
		return 0
	}
	v, err := c.bus.access(0x80|n, filler)
	if err != nil {
		c.err = &busError{fmt.Sprintf("read DR%d", n), err}
	}
	return v
}

func (c *chip) write(n, v byte) {
	if c.err != nil {
		return
	}
	if _, err := c.bus.access(n, v); err != nil {
		c.err = &busError{fmt.Sprintf("write DR%d", n), err}
	}
}

// set writes a register that keeps its value, for later comparison.
func (c *chip) set(n, v byte) {
	c.write(n, v)
	c.known[n], c.direct[n] = true, v
}

// forget is for a chip that was reset.
func (c *chip) forget() { c.known = [128]bool{} }

// indirectPolls bounds the wait for the indirect engine, whose accesses take
// 62.5 µs. Si3215 data sheet §4.
const indirectPolls = 1000

func (c *chip) waitIndirect() {
	for range indirectPolls {
		if c.err != nil || c.read(drIndStatus)&1 == 0 {
			return
		}
	}
	c.err = fmt.Errorf("indirect engine still busy after %d polls", indirectPolls)
}

// readIndirect reads r, which the family has.
func (c *chip) readIndirect(r indirect) uint16 {
	a, _ := c.family.addr(r)
	c.waitIndirect()
	c.write(drIndAddress, a)
	c.waitIndirect()
	lo := c.read(drIndLow)
	return uint16(c.read(drIndHigh))<<8 | uint16(lo)
}

// setIndirect writes r if the family has it. The address starts the access.
func (c *chip) setIndirect(r indirect, v uint16) {
	c.ir[r] = v
	a, ok := c.family.addr(r)
	if !ok {
		return
	}
	c.waitIndirect()
	c.write(drIndLow, byte(v))
	c.write(drIndHigh, byte(v>>8))
	c.write(drIndAddress, a)
}

// verifyIndirect reads r back, twice if need be, and repairs it; it says
// whether r was right.
func (c *chip) verifyIndirect(r indirect) bool {
	if _, ok := c.family.addr(r); !ok || c.readIndirect(r) == c.ir[r] || c.readIndirect(r) == c.ir[r] || c.err != nil {
		return true
	}
	c.setIndirect(r, c.ir[r])
	return false
}

// verify does the same for a direct register.
func (c *chip) verify(n byte) bool {
	if !c.known[n] || c.holds(n) || c.holds(n) || c.err != nil {
		return true
	}
	c.set(n, c.direct[n])
	return false
}

func (c *chip) holds(n byte) bool { return (c.read(n)^c.direct[n])&readable(n) == 0 }

// readable are the bits of a register that read as they were written.
func readable(n byte) byte {
	if n == drPCM {
		return 0x7F
	}
	return 0xFF
}

// alive says that the chip answers: DR11 keeps its reset value for ever.
func (c *chip) alive() bool { return c.read(drHybrid) == hybridReset }
