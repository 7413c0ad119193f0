package sip

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"time"
)

// Opts are the surroundings of a UA. The zero value works.
type Opts struct {
	// Notify receives the events, in order, on the UA's own goroutine. It must
	// not block; it may call any method of the UA.
	Notify func(Event)
	Logger *slog.Logger // [discards]

	LocalAddr  netip.Addr // [the address that faces the server]
	LocalPort  int        // of the UDP socket [any]
	DSCP       int        // of signalling packets, 0..63 [not marked]
	UserAgent  string     // [ata-agent]
	InstanceID string     // urn:uuid:… of +sip.instance (RFC 5626 §4.1)
	// TLS is asked for the authorities and our certificate whenever a connection
	// is made over TLS. It may block. [the system's authorities, no certificate]
	TLS func() (*tls.Config, error)

	// ContactUser is the user part under which we can be reached. A request
	// for another user is not answered, so a random one keeps calls away that
	// did not come through the registrar. [random; Account.User if the account
	// does not register]
	ContactUser string
	// Peers may send requests besides registrar and proxy; port 0 stands for
	// any port of that address.
	Peers  []netip.AddrPort
	Limits Limits

	// CheckSync passes the wish of a server for a look at the configuration on;
	// without it such a NOTIFY is refused. SyncAuth says what the server must
	// prove [SyncRestart].
	CheckSync bool
	SyncAuth  SyncAuth

	// SessionExpires is how long a call lives without a sign of life
	// (RFC 4028) [30 min]; negative: not asked for.
	SessionExpires time.Duration
	// RingTimeout ends an outgoing call that nobody answers [3 min].
	RingTimeout time.Duration
	// StartJitter delays the first registration by up to this [none], so that
	// devices do not come all at once after a power cut.
	StartJitter time.Duration
	// LongRetry is when a registrar that refused us is asked again [20 min].
	LongRetry time.Duration
	// NATRewrite puts the address at which the server sees us into Contact.
	NATRewrite bool
	// KeepAlive is the distance of packets that keep a NAT's mapping [18 s
	// over UDP, 100 s over connections]; negative: none.
	KeepAlive time.Duration

	// Listen opens the UDP socket [of the kernel].
	Listen func(network, addr string) (net.PacketConn, error)
	// Asked is told how long the DNS took for each answer. It must not block [nobody].
	Asked func(took time.Duration)
	// Locate finds the servers of a domain (RFC 3263).
	Locate func(ctx context.Context, host string, port int, transport Transport) ([]Target, error)
	Trace  Trace
}

// Target is a server found by Opts.Locate.
type Target struct {
	Addr       netip.AddrPort
	Transport  Transport
	ServerName string // for TLS
}

func (o Opts) withDefaults() Opts {
	if o.Notify == nil {
		o.Notify = func(Event) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.UserAgent == "" {
		o.UserAgent = "ata-agent"
	}
	if o.SessionExpires == 0 {
		o.SessionExpires = 30 * time.Minute
	}
	if o.RingTimeout == 0 {
		o.RingTimeout = 3 * time.Minute
	}
	o.Limits = o.Limits.withDefaults()
	return o
}

// token returns n random bytes as hexadecimal digits (RFC 3261 §19.3 asks for
// 32 bits at least).
func token(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// between returns a random duration of [lo, hi], in steps of 10 ms.
func between(lo, hi time.Duration) time.Duration {
	const step = 10 * time.Millisecond
	n, err := rand.Int(rand.Reader, big.NewInt(int64((hi-lo)/step)+1))
	if err != nil {
		return lo
	}
	return lo + time.Duration(n.Int64())*step
}
