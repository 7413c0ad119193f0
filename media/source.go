package media

import (
	"net/netip"
	"time"
)

const (
	latchPackets  = 5               // consecutive packets that prove a source
	latchSilence  = 3 * time.Second // after this the place of a source is open again
	maxCandidates = 4
)

// sourceLock decides whose packets are the far end's, so that a stranger who
// finds the port can neither be heard nor draw the voice to himself.
//
//	          exact signalled address, or 5 in a row (symmetric)
//	open ────────────────────────────────────────────────────────▶ locked
//	                                                                │  ▲
//	       exact signalled address; retargeted, or 3 s without      │  │
//	       a packet: the same host or the signalled one, 5 in a row └──┘
//
// Only packets with an agreed payload type may be offered to it.
type sourceLock struct {
	symmetric bool
	signalled netip.AddrPort
	locked    netip.AddrPort // whom we listen to; invalid = nobody yet
	last      time.Duration  // its latest packet
	contest   bool           // retargeted: others may prove themselves
	others    [maxCandidates]candidate
	turn      int // which candidate gives way next
}

type candidate struct {
	from netip.AddrPort
	ssrc uint32
	next uint16 // sequence number that goes on
	run  int    // packets in a row
}

// retarget takes a new answer. Where voice came from so far stays good until
// somebody allowed takes over.
func (l *sourceLock) retarget(signalled netip.AddrPort) {
	l.signalled = signalled
	l.contest = true
	l.others = [maxCandidates]candidate{}
	if !l.symmetric {
		l.locked, l.contest = signalled, false
	}
}

// accept says whether a packet is the far end's.
func (l *sourceLock) accept(from netip.AddrPort, ssrc uint32, seq uint16, at time.Duration) bool {
	if !l.symmetric {
		return l.signalled.IsValid() && from == l.signalled
	}
	if from == l.signalled { // whoever was quicker with five packets
		l.lock(from, at)
		return true
	}
	if from == l.locked {
		l.last = at
		if l.contest && l.proves(from, ssrc, seq) {
			l.lock(from, at)
		}
		return true
	}
	if !l.mayChange(from, at) || !l.proves(from, ssrc, seq) {
		return false
	}
	l.lock(from, at)
	return true
}

func (l *sourceLock) lock(from netip.AddrPort, at time.Duration) {
	l.locked, l.last, l.contest = from, at, false
	l.others = [maxCandidates]candidate{}
}

// mayChange says whether from may become the source now.
func (l *sourceLock) mayChange(from netip.AddrPort, at time.Duration) bool {
	if !l.locked.IsValid() {
		return true
	}
	if !l.contest && at-l.last < latchSilence {
		return false
	}
	host := from.Addr()
	return host == l.locked.Addr() || host == l.signalled.Addr()
}

// proves counts the packets in a row of a candidate.
func (l *sourceLock) proves(from netip.AddrPort, ssrc uint32, seq uint16) bool {
	c := l.candidate(from)
	if c.run > 0 && c.ssrc == ssrc && c.next == seq {
		c.run++
	} else {
		*c = candidate{from: from, ssrc: ssrc, run: 1}
	}
	c.next = seq + 1
	return c.run >= latchPackets
}

func (l *sourceLock) candidate(from netip.AddrPort) *candidate {
	for i := range l.others {
		if l.others[i].from == from {
			return &l.others[i]
		}
	}
	l.turn = (l.turn + 1) % maxCandidates
	l.others[l.turn] = candidate{from: from}
	return &l.others[l.turn]
}
