package sip

import (
	"bytes"
	"net/netip"
	"sync/atomic"
	"time"
)

// Limits bound what the network may make a UA do. Zero fields take the default.
type Limits struct {
	RequestRate  float64 // requests per second from all peers together [20]
	RequestBurst int     // requests at once [40]
	HeaderBytes  int     // start line and headers [8192]
	BodyBytes    int     // [16384]
	Transactions int     // server transactions at a time [64]
	Waiting      int     // incoming calls not yet answered [2]
}

// largest is the size of the largest message that is read, in bytes, with the
// blank line after its headers.
func (l Limits) largest() int { return l.HeaderBytes + 4 + l.BodyBytes }

func (l Limits) withDefaults() Limits {
	def := Limits{20, 40, 8 << 10, 16 << 10, 64, 2}
	if l.RequestRate == 0 {
		l.RequestRate = def.RequestRate
	}
	for _, f := range []struct {
		v   *int
		def int
	}{
		{&l.RequestBurst, def.RequestBurst},
		{&l.HeaderBytes, def.HeaderBytes},
		{&l.BodyBytes, def.BodyBytes},
		{&l.Transactions, def.Transactions},
		{&l.Waiting, def.Waiting},
	} {
		if *f.v == 0 {
			*f.v = f.def
		}
	}
	return l
}

// proven is what a caller who acknowledges our refusal gets back of the limit
// on requests: the INVITE, its CANCEL and the ACK. The ACK carries a tag that
// only a peer can know who hears us, and who waits for us cannot flood us; a
// forged source address can do neither.
const proven = 3

// guard decides about a datagram before it is parsed: requests only from the
// peers of this line, responses only to branches we made, neither too big nor
// too many. What it refuses is counted and never answered, so a scanner learns
// nothing and costs nothing but the read. It keeps no state per source.
type guard struct {
	limits Limits
	branch []byte // what every branch of ours starts with
	peers  atomic.Pointer[map[netip.AddrPort]int]
	bucket bucket       // used by the socket's reader alone
	earned atomic.Int64 // requests to give back to the bucket
	count  *counters
}

func newGuard(limits Limits, branch string, count *counters) *guard {
	g := &guard{limits: limits, branch: []byte(branch), count: count}
	g.bucket = bucket{rate: limits.RequestRate, burst: float64(limits.RequestBurst)}
	g.bucket.level = g.bucket.burst
	g.peers.Store(&map[netip.AddrPort]int{})
	return g
}

var responseStart = []byte("SIP/2.0 ")

// admit reports whether a datagram is to be parsed.
func (g *guard) admit(msg []byte, from netip.AddrPort, now time.Time) bool {
	switch {
	case len(bytes.Trim(msg, "\r\n\x00")) == 0:
		return false // keep-alive of a peer or a NAT
	case !g.fits(msg):
		g.count.garbage.Add(1)
		return false
	case bytes.HasPrefix(msg, responseStart):
		return g.admitResponse(msg)
	}
	return g.admitRequest(msg, from, now)
}

func (g *guard) fits(msg []byte) bool {
	end := bytes.Index(msg, []byte("\r\n\r\n"))
	return end >= 0 && end <= g.limits.HeaderBytes && len(msg)-end-4 <= g.limits.BodyBytes
}

func (g *guard) admitResponse(msg []byte) bool {
	if !bytes.Contains(msg, g.branch) {
		g.count.garbage.Add(1)
		return false
	}
	return true
}

func (g *guard) admitRequest(msg []byte, from netip.AddrPort, now time.Time) bool {
	if !looksLikeRequest(msg) {
		g.count.garbage.Add(1)
		return false
	}
	if !g.isPeer(from) {
		g.count.strangers.Add(1)
		return false
	}
	g.bucket.give(float64(g.earned.Swap(0)))
	if !g.bucket.take(now) {
		g.count.limited.Add(1)
		return false
	}
	return true
}

// looksLikeRequest reports whether the first line ends as a request line does.
func looksLikeRequest(msg []byte) bool {
	line, _, _ := bytes.Cut(msg, []byte("\r\n"))
	i := bytes.LastIndexByte(line, ' ')
	return i > 0 && len(line)-i > 4 && bytes.EqualFold(line[i+1:i+5], []byte("SIP/"))
}

// isPeer knows an exact address, or an address with any port (port 0).
func (g *guard) isPeer(from netip.AddrPort) bool {
	peers := *g.peers.Load()
	return peers[from] > 0 || peers[netip.AddrPortFrom(from.Addr(), 0)] > 0
}

// trust adds a peer, distrust takes it back; they count. Only the owner of the
// UA calls them, the reader sees whole sets.
func (g *guard) trust(a netip.AddrPort)    { g.adjust(a, 1) }
func (g *guard) distrust(a netip.AddrPort) { g.adjust(a, -1) }

func (g *guard) adjust(a netip.AddrPort, by int) {
	if !a.IsValid() {
		return
	}
	old := *g.peers.Load()
	peers := make(map[netip.AddrPort]int, len(old)+1)
	for k, n := range old {
		peers[k] = n
	}
	if peers[a] += by; peers[a] <= 0 {
		delete(peers, a)
	}
	g.peers.Store(&peers)
}

// credit gives back requests of a peer that has shown that it hears us.
func (g *guard) credit(n int64) { g.earned.Add(n) }

// bucket is a token bucket.
type bucket struct {
	rate, burst, level float64
	at                 time.Time
}

func (b *bucket) give(n float64) { b.level = min(b.burst, b.level+n) }

func (b *bucket) take(now time.Time) bool {
	if !b.at.IsZero() {
		b.level = min(b.burst, b.level+b.rate*now.Sub(b.at).Seconds())
	}
	b.at = now
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}
