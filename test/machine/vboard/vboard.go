//go:build linux

// Package vboard is the far end of the lines and of the SPI bus of the kernel
// module in ../kmod.
package vboard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Types and sizes of messages; vboard.c describes them.
const (
	lineChanged = 1
	spiMessage  = 2
	setLine     = 16
	spiReply    = 17

	lineBytes     = 24
	headBytes     = 32
	transferBytes = 16
)

// Change is what the machine did to a line.
type Change struct {
	Line   int
	Stamp  int64 // CLOCK_MONOTONIC in nanoseconds
	Output bool
	Level  bool
	Bias   uint8 // 0 none, 1 up, 2 down
}

// Transfer is a part of an SPI message. Receive is filled in.
type Transfer struct {
	Hertz    uint32
	Bits     uint8
	CSChange bool // chip select rises after it
	Send     []byte
	Receive  []byte
}

// Message is what the machine sends to one chip.
type Message struct {
	ChipSelect int
	Mode       int
	Transfers  []Transfer
}

// Level is what drives a line from outside.
type Level uint8

// Levels.
const (
	Low Level = iota
	High
	Float
)

// FarEnd is what the machine's lines and bus are connected to. Its methods are
// called by one goroutine.
type FarEnd interface {
	LineChanged(Change)
	Transfer(Message) error // an error makes the machine's transfer fail with EIO
}

// Board is the open module.
type Board struct {
	file *os.File
	mu   sync.Mutex // of writing
}

// Open opens the module; one program may do that at a time.
func Open() (*Board, error) {
	f, err := os.OpenFile("/dev/vboard", os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("vboard: %w", err)
	}
	return &Board{file: f}, nil
}

// Close leaves the lines floating and the bus without chips.
func (b *Board) Close() error { return b.file.Close() }

// Set drives a line.
func (b *Board) Set(line int, level Level) error {
	var m [lineBytes]byte
	binary.LittleEndian.PutUint32(m[0:], setLine)
	binary.LittleEndian.PutUint32(m[4:], uint32(line))
	m[19] = byte(level)
	return b.write(m[:])
}

func (b *Board) write(p []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.file.Write(p); err != nil {
		return fmt.Errorf("vboard: %w", err)
	}
	return nil
}

// Run serves the far end until the board is closed.
func (b *Board) Run(far FarEnd) error {
	buffer := make([]byte, 1<<17)
	for {
		n, err := b.file.Read(buffer)
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case err != nil:
			return fmt.Errorf("vboard: %w", err)
		}
		if err := b.serve(far, buffer[:n]); err != nil {
			return err
		}
	}
}

func (b *Board) serve(far FarEnd, m []byte) error {
	if binary.LittleEndian.Uint32(m) == lineChanged {
		far.LineChanged(Change{
			Line:   int(binary.LittleEndian.Uint32(m[4:])),
			Stamp:  int64(binary.LittleEndian.Uint64(m[8:])),
			Output: m[16] != 0, Level: m[17] != 0, Bias: m[18],
		})
		return nil
	}
	message, reply := parseMessage(m)
	if err := far.Transfer(message); err != nil {
		reply = reply[:headBytes]
		binary.LittleEndian.PutUint32(reply[28:], 0)
	}
	// The sender may have given up meanwhile.
	if err := b.write(reply); err != nil && !errors.Is(err, unix.ESTALE) {
		return err
	}
	return nil
}

// parseMessage returns an SPI message and the reply whose bytes its Receive
// slices are.
func parseMessage(m []byte) (Message, []byte) {
	total := binary.LittleEndian.Uint32(m[28:])
	reply := make([]byte, headBytes+total)
	binary.LittleEndian.PutUint32(reply[0:], spiReply)
	copy(reply[4:8], m[4:8]) // sequence
	binary.LittleEndian.PutUint32(reply[28:], total)
	out := Message{
		ChipSelect: int(binary.LittleEndian.Uint32(m[16:])),
		Mode:       int(binary.LittleEndian.Uint32(m[20:])),
		Transfers:  make([]Transfer, binary.LittleEndian.Uint32(m[24:])),
	}
	heads, send, receive := m[headBytes:], m[headBytes+transferBytes*len(out.Transfers):], reply[headBytes:]
	for i := range out.Transfers {
		h := heads[transferBytes*i:]
		n := binary.LittleEndian.Uint32(h)
		out.Transfers[i] = Transfer{
			Hertz: binary.LittleEndian.Uint32(h[4:]), Bits: h[10], CSChange: h[11] != 0,
			Send: send[:n:n], Receive: receive[:n:n],
		}
		send, receive = send[n:], receive[n:]
	}
	return out, reply
}
