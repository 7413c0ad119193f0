package media

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// SessionOpts are the settings of a Session. The zero value is the default.
type SessionOpts struct {
	JitterMin time.Duration // least delay of the jitter buffer, met on average [10 ms]
	JitterMax time.Duration // greatest, up to 500 ms [200 ms]
	// JitterFixed is the delay of the jitter buffer whatever the network does; 0 has
	// it adapt.
	JitterFixed time.Duration
	JitterData  time.Duration // delay of the jitter buffer while data are carried [100 ms]
	// Symmetric follows the address that voice really comes from, once five
	// packets in a row prove it, for far ends behind NAT. Without it only the
	// address of the Stream is heard.
	Symmetric bool
	CNAME     string       // name of this end in RTCP [random, new for each call]
	Logger    *slog.Logger // [none]
}

// Session is the voice of one call on the network: RTP and RTCP. Set says what
// was agreed on, a Voice that it is connected to takes and gives the sound, Run
// does the rest. All methods may be called from any goroutine and none of them
// waits.
//
//	socket ─▶ source lock ─▶ ring ─▶ jitter buffer ─▶ Voice
//	socket ◀─────────────── packets ◀──────────────── Voice
type Session struct {
	rtp, rtcp Conn
	log       *slog.Logger
	cname     string
	epoch     time.Time  // times are counted from here
	setting   sync.Mutex // over Set
	stream    atomic.Pointer[Stream]
	owner     atomic.Pointer[Voice] // whose audio goroutine uses sender and player
	ssrc      atomic.Uint32         // ours
	packets   *ring[packet]

	bufferMost time.Duration // the most the jitter buffer may delay

	receiver receiver // of the goroutine that reads RTP; accounts are shared
	sender   sender   // of the owner's goroutine
	player   player   // of the owner's goroutine
	control  control  // of the goroutines of RTCP
	published
	echoLoss atomic.Uint64 // float64 bits, see canceller.loss
}

// published is what one goroutine tells the others without a lock.
type published struct {
	source     atomic.Pointer[heard]
	lastPacket atomic.Int64 // nanoseconds since the epoch; 0 = none yet
	voiceUntil atomic.Int64 // voice flows until here

	sentPackets, sentOctets, sendErrors, sentEvents atomic.Uint64
	sentAt                                          atomic.Uint64 // RTP timestamp, and milliseconds since the epoch above it

	late, discarded, concealed, added, removed atomic.Uint64
	receivedEvents, lostEvents                 atomic.Uint64
	held                                       atomic.Int64  // delay of the jitter buffer, samples
	transit                                    atomic.Int64  // least delay the jitter buffer knows, samples
	levelSent, levelReceived                   atomic.Uint64 // bits of a mean square
	speechSent, noiseSent                      atomic.Uint64 // the same, 0 = not known
	heardVoice                                 sharedHeard
	data                                       atomic.Bool // data are carried
}

// NewSession returns the session of a call over the sockets of [Listen], which
// belong to it from now on. It is silent and deaf until Set and Run.
func NewSession(rtp, rtcp Conn, opts SessionOpts) *Session {
	s := &Session{
		rtp: rtp, rtcp: rtcp,
		log:     opts.Logger,
		cname:   opts.CNAME,
		epoch:   time.Now(),
		packets: newRing[packet](ringPackets),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.cname == "" {
		s.cname = randomName()
	}
	s.stream.Store(&Stream{})
	s.ssrc.Store(randomWord())
	s.receiver.lock.symmetric = opts.Symmetric
	s.receiver.spareSSRC = randomWord()
	s.sender.reset()
	s.player.init(opts)
	s.bufferMost = samples(uint64(s.player.jitter.most))
	return s
}

// randomWord returns 32 bits nobody can guess: SSRC, first timestamp and first
// sequence number must not be predictable (RFC 3550 §5.1).
func randomWord() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:])
}

// randomName returns a short-term CNAME of 96 random bits (RFC 7022 §4.2).
func randomName() string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Set starts, changes, holds or redirects the voice; it works at the next
// block. A Stream without Remote sends nothing, and without Symmetric hears
// nobody. Setting the same Stream again reopens the source to the far end's
// other addresses, as an answer to a re-INVITE does.
//
// With Keys nothing is sent without protection, and nothing is heard that is not
// authentic. The same Keys go on as they were; others begin with an SSRC of their
// own.
func (s *Session) Set(stream Stream) {
	stream.Remote = unmap(stream.Remote)
	stream.RemoteRTCP = unmap(stream.RemoteRTCP)
	s.setting.Lock()
	defer s.setting.Unlock()
	if err := s.protect(&stream); err != nil {
		s.log.Error("call without voice", "err", err)
	}
	s.stream.Store(&stream)
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// LocalPort returns the port RTP is received on, 0 if the socket does not tell.
func (s *Session) LocalPort() int {
	c, ok := s.rtp.(interface{ LocalAddr() net.Addr })
	if !ok {
		return 0
	}
	if addr, ok := c.LocalAddr().(*net.UDPAddr); ok {
		return addr.Port
	}
	return 0
}

// Voice says whether the far end's voice flows: from the third valid packet
// within 100 ms until none came for 300 ms. While a call rings it tells early
// media from silence.
func (s *Session) Voice() bool { return int64(s.now()) < s.voiceUntil.Load() }

// now is the time since the epoch.
func (s *Session) now() time.Duration { return time.Since(s.epoch) }

// Run receives and reports until ctx ends; then it says BYE, closes the sockets
// and returns nil when all it started has ended. It returns earlier with an
// error if a socket fails for good. It is called once.
func (s *Session) Run(ctx context.Context) error {
	parent := ctx
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	var readers sync.WaitGroup
	readers.Go(func() { cancel(s.read(ctx, s.rtp, s.receivePacket)) })
	readers.Go(func() { cancel(s.read(ctx, s.rtcp, s.receiveControl)) })
	s.report(ctx)
	s.bye()
	closed := errors.Join(s.rtp.Close(), s.rtcp.Close())
	readers.Wait()
	if parent.Err() == nil {
		return fmt.Errorf("media: session: %w", context.Cause(ctx))
	}
	if closed != nil {
		return fmt.Errorf("media: close session: %w", closed)
	}
	return nil
}

const (
	largestPacket = 2048 // octets; what is longer is not voice
	readFailures  = 50   // errors in a row after which a socket is given up
	readPause     = 20 * time.Millisecond
)

// read hands every packet of a socket to take until ctx ends.
func (s *Session) read(ctx context.Context, conn Conn, take func([]byte, netip.AddrPort, time.Duration)) error {
	buf := make([]byte, largestPacket)
	for failures := 0; ; {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			failures = 0
			take(buf[:n], unmap(from), s.now())
		case errors.Is(err, net.ErrClosed) || failures == readFailures:
			return fmt.Errorf("read: %w", err)
		default:
			failures++
			pause(ctx, readPause)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
