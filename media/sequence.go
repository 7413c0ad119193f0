package media

// Limits of RFC 3550 appendix A.1.
const (
	maxDropout  = 3000 // a gap beyond this is a restart
	maxMisorder = 100  // so is a step back beyond this
)

// arrival is what a sequence number says about its packet.
type arrival uint8

const (
	inOrder arrival = iota
	outOfOrder
	duplicate
	stray // far from everything before; the next one will tell whether it is a restart
)

// sequence follows the sequence numbers of one source (RFC 3550 appendix A.1)
// and remembers the last 64 to tell what came late from what came twice.
type sequence struct {
	started bool
	restart uint16 // where a restart would go on
	strayed bool
	first   uint64 // extended sequence numbers
	highest uint64
	seen    uint64 // bit i: highest-i has come
	before  uint64 // expected before the last restart
}

// add takes the sequence number of a packet.
func (s *sequence) add(seq uint16) arrival {
	if !s.started {
		s.begin(seq)
		return inOrder
	}
	step := int(int16(seq - uint16(s.highest)))
	switch {
	case step > 0 && step < maxDropout:
		s.advance(step)
		return inOrder
	case step <= 0 && step > -maxMisorder:
		s.strayed = false
		return s.old(-step)
	case s.strayed && seq == s.restart:
		s.before = s.expected()
		s.begin(seq)
		return inOrder
	}
	s.strayed, s.restart = true, seq+1
	return stray
}

func (s *sequence) begin(seq uint16) {
	s.started, s.strayed = true, false
	s.first = 1<<16 + uint64(seq)
	s.highest = s.first
	s.seen = 1
}

func (s *sequence) advance(step int) {
	s.strayed = false
	s.highest += uint64(step)
	s.seen = s.seen<<step | 1
}

func (s *sequence) old(back int) arrival {
	if back >= 64 {
		return outOfOrder
	}
	bit := uint64(1) << back
	if s.seen&bit != 0 {
		return duplicate
	}
	s.seen |= bit
	if early := s.highest - uint64(back); early < s.first {
		s.first = early
	}
	return outOfOrder
}

// expected is how many packets the source must have sent.
func (s *sequence) expected() uint64 {
	if !s.started {
		return 0
	}
	return s.before + s.highest - s.first + 1
}

// extended is the highest sequence number with the count of wraps above it, as
// reports carry it.
func (s *sequence) extended() uint32 { return uint32(s.highest - 1<<16) }
