package media

import (
	"net/netip"
	"testing"
	"time"
)

func TestSourceLock(t *testing.T) {
	signalled := netip.MustParseAddrPort("192.0.2.10:4000")
	same := netip.MustParseAddrPort("192.0.2.10:4444") // the signalled host, another port
	nat := netip.MustParseAddrPort("198.51.100.7:61000")
	natMoved := netip.MustParseAddrPort("198.51.100.7:61999")
	attacker := netip.MustParseAddrPort("203.0.113.66:4000")
	type packets struct {
		from     netip.AddrPort
		n        int
		at       time.Duration
		retarget bool // a new answer before these
		scramble bool // sequence numbers not in a row
		want     int  // accepted of n
	}
	for _, tt := range []struct {
		name      string
		symmetric bool
		steps     []packets
	}{
		{"strict: the signalled address alone", false, []packets{
			{from: attacker, n: 10}, {from: same, n: 10}, {from: signalled, n: 10, want: 10}, {from: attacker, n: 10, at: time.Minute},
		}},
		{"symmetric: the signalled address at once", true, []packets{
			{from: signalled, n: 3, want: 3}, {from: attacker, n: 10},
		}},
		{"symmetric: five in a row behind NAT", true, []packets{
			{from: nat, n: 4}, {from: nat, n: 6, want: 6}, {from: attacker, n: 20},
		}},
		{"not in a row proves nothing", true, []packets{{from: attacker, n: 20, scramble: true}}},
		{"late attacker", true, []packets{
			{from: nat, n: 10, want: 6},
			{from: attacker, n: 10, at: 2900 * time.Millisecond},
			{from: attacker, n: 10, at: time.Minute}, // never, even after silence
		}},
		{"NAT changes its port after silence", true, []packets{
			{from: nat, n: 10, want: 6},
			{from: natMoved, n: 10, at: 2 * time.Second},
			{from: natMoved, n: 10, at: 4 * time.Second, want: 6},
		}},
		{"an attacker who was first does not keep the far end out", true, []packets{
			{from: attacker, n: 10, want: 6}, {from: signalled, n: 5, want: 5}, {from: attacker, n: 10},
		}},
		{"new answer: same host proves itself, old one good until then", true, []packets{
			{from: nat, n: 10, want: 6},
			{from: natMoved, n: 4, retarget: true},
			{from: nat, n: 1, want: 1},
			{from: natMoved, n: 3, want: 3},
			{from: nat, n: 5},
		}},
		{"new answer lets no stranger in", true, []packets{
			{from: nat, n: 10, want: 6}, {from: attacker, n: 50, retarget: true}, {from: nat, n: 50, want: 50},
		}},
		{"signalled host from another port", true, []packets{{from: same, n: 10, want: 6}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := sourceLock{symmetric: tt.symmetric}
			l.retarget(signalled)
			next := map[netip.AddrPort]uint16{}
			for i, step := range tt.steps {
				if step.retarget {
					l.retarget(signalled)
				}
				got := 0
				for range step.n {
					next[step.from]++
					if step.scramble {
						next[step.from]++
					}
					if l.accept(step.from, 7, next[step.from], step.at+time.Millisecond) {
						got++
					}
				}
				if got != step.want {
					t.Errorf("step %d: %d of %d accepted, want %d", i, got, step.n, step.want)
				}
			}
		})
	}
}

func TestSequence(t *testing.T) {
	for _, tt := range []struct {
		name     string
		in       []uint16
		want     []arrival
		expected uint64
		extended uint32
	}{
		{"in order over the wrap", []uint16{65534, 65535, 0, 1}, []arrival{0, 0, 0, 0}, 4, 1<<16 + 1},
		{"gap", []uint16{10, 12}, []arrival{inOrder, inOrder}, 3, 12},
		{"swapped", []uint16{10, 12, 11, 13}, []arrival{inOrder, inOrder, outOfOrder, inOrder}, 4, 13},
		{"twice", []uint16{10, 10, 11, 10}, []arrival{inOrder, duplicate, inOrder, duplicate}, 2, 11},
		{"before the first", []uint16{10, 8, 9, 11, 8}, []arrival{inOrder, outOfOrder, outOfOrder, inOrder, duplicate}, 4, 11},
		{"restart", []uint16{10, 11, 40000, 40001, 40002}, []arrival{inOrder, inOrder, stray, inOrder, inOrder}, 4, 40002},
		{"one stray", []uint16{10, 40000, 11}, []arrival{inOrder, stray, inOrder}, 2, 11},
		{"far behind", []uint16{1000, 1001, 950, 800}, []arrival{inOrder, inOrder, outOfOrder, stray}, 52, 1001},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s sequence
			for i, seq := range tt.in {
				if got := s.add(seq); got != tt.want[i] {
					t.Errorf("packet %d (%d): %d, want %d", i, seq, got, tt.want[i])
				}
			}
			if s.expected() != tt.expected || s.extended() != tt.extended {
				t.Errorf("expected %d, extended %d, want %d, %d", s.expected(), s.extended(), tt.expected, tt.extended)
			}
		})
	}
}
