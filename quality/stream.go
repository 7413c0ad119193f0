package quality

const (
	// window is how many of the latest packets may still change their fate: more
	// than a second of voice in packets of 20 ms.
	window      = 64
	maxDropout  = 3000 // a gap beyond this is a restart (RFC 3550 A.1)
	maxMisorder = 100  // so is a step back beyond this
)

// Stream accounts for the packets of a received stream as they come, out of
// order and with gaps. It belongs to one goroutine; a copy is a snapshot. The
// zero value is ready.
type Stream struct {
	bursts  Bursts
	recent  [window]Fate // by sequence number modulo window
	count   int          // of them in use
	highest uint16
}

// Packet takes the fate of the packet with sequence number seq: Played or
// Discarded. Packets in between are Lost unless they come later. A packet far
// from all others begins anew, as after [Stream.Restart].
func (s *Stream) Packet(seq uint16, f Fate) {
	step := int(int16(seq - s.highest))
	switch {
	case s.count == 0:
		s.begin(seq, f)
	case step > 0 && step < maxDropout:
		s.advance(step, f)
	case step <= 0 && step > -maxMisorder:
		s.old(-step, f)
	default:
		s.Restart()
		s.begin(seq, f)
	}
}

// Restart says that the next packet does not follow the others: another source,
// or nobody listened for a while.
func (s *Stream) Restart() { s.settle(s.count) }

// Counts returns the counts as of now.
func (s Stream) Counts() Counts {
	s.settle(s.count)
	return s.bursts.Counts()
}

func (s *Stream) begin(seq uint16, f Fate) {
	s.highest, s.count = seq, 1
	*s.fate(0) = f
}

// advance goes on by step packets, the last of which has fate f.
func (s *Stream) advance(step int, f Fate) {
	if over := s.count + step - window; over > 0 {
		settled := min(over, s.count)
		s.settle(settled)
		s.bursts.Add(Lost, uint64(over-settled))
	}
	s.highest += uint16(step)
	kept := min(step, window)
	for back := 1; back < kept; back++ {
		*s.fate(back) = Lost
	}
	*s.fate(0) = f
	s.count += kept
}

// old takes a packet that comes behind a later one, or for the second time.
func (s *Stream) old(back int, f Fate) {
	switch {
	case back >= window:
		if f == Discarded {
			s.bursts.late()
		}
	case back >= s.count: // overtaken by the packet that came first
		for ; s.count < back; s.count++ {
			*s.fate(s.count) = Lost
		}
		*s.fate(back) = f
		s.count++
	case *s.fate(back) == Lost:
		*s.fate(back) = f
	}
}

// settle makes the oldest n packets final.
func (s *Stream) settle(n int) {
	for ; n > 0; n-- {
		s.count--
		s.bursts.Add(*s.fate(s.count), 1)
	}
}

// fate is that of the packet back before the highest.
func (s *Stream) fate(back int) *Fate { return &s.recent[(s.highest-uint16(back))%window] }
