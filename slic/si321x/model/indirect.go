package model

import "time"

// indirectTime is how long one access takes: the engine serves requests at
// 16 kHz. Si3215 data sheet §4.
const indirectTime = 62500 * time.Nanosecond

// indirectEngine serves the indirect registers through DR28..31.
type indirectEngine struct {
	busy   time.Duration
	loaded bool // DR28 or DR29 were written: the next address starts a write
	read   bool
	addr   byte
}

// indirectMap says where a family keeps what the model acts on.
type indirectMap struct {
	osc                     [2]byte // coefficient; amplitude and phase follow
	roff, rco, rngx, rngy   byte
	dacg, adcg              byte
	lcrt, lcrtl, rptp       byte
	ppt, nq                 byte // first of three
	nclr, nrtp, vcmr, vmind byte
}

var (
	oldMap = indirectMap{
		osc: [2]byte{13, 16}, roff: 19, rco: 20, rngx: 21, rngy: 22, dacg: 26, adcg: 27,
		lcrt: 28, lcrtl: 43, rptp: 29, ppt: 32, nq: 37, nclr: 35, nrtp: 36, vcmr: 40, vmind: 41,
	}
	newMap = indirectMap{
		osc: [2]byte{0, 3}, roff: 6, rco: 7, rngx: 8, rngy: 9, dacg: 13, adcg: 14,
		lcrt: 15, lcrtl: 66, rptp: 16, ppt: 19, nq: 24, nclr: 22, nrtp: 23, vcmr: 27, vmind: 64,
	}
)

// startIndirect begins the access that a write of the address register asks
// for. An address written while the engine is busy is lost.
func (c *Chip) startIndirect(addr byte) {
	e := &c.indirect
	if e.busy > 0 {
		return
	}
	*e = indirectEngine{busy: indirectTime, addr: addr, read: !e.loaded}
	if !e.read {
		c.ir[addr] = uint16(c.dr[drIndLow]) | uint16(c.dr[drIndHigh])<<8
		c.derive()
	}
}

// elapse lets d of the chip's time pass for the engine.
func (c *Chip) elapse(d time.Duration) {
	e := &c.indirect
	if e.busy <= 0 {
		return
	}
	if e.busy -= d; e.busy > 0 || !e.read {
		return
	}
	v := c.ir[e.addr]
	c.dr[drIndLow], c.dr[drIndHigh] = byte(v), byte(v>>8)
}
